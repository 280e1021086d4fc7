import Foundation

/// How many files the process may have open.
enum OpenFiles {
    /// Shards of every stage and worker, audio files, the ledger, and what the system's libraries take for themselves
    /// (which end the process where they get none).
    private static let needed: rlim_t = 64

    /// Takes as many as the system allows.
    ///
    /// - Throws: `CommandError` with status 75 where these are too few.
    static func require() throws {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        guard limit.rlim_cur >= needed else {
            throw CommandError(
                Status.tryAgain,
                "this process may have \(limit.rlim_cur) files open, expected at least \(needed); raise 'ulimit -n'")
        }
    }
}
