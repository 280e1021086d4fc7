import Errors
import Foundation

/// Limits of the process under which a run could only die.
enum SystemLimits {
    /// Shards of every stage and worker, audio files, the ledger, and what the system's libraries take for themselves
    /// (which end the process where they get none).
    private static let files: rlim_t = 64
    /// Of the address space, in bytes: twice what labelling with two workers was seen to take.
    private static let space: rlim_t = 1 << 30

    /// Takes as many descriptors as the system allows.
    ///
    /// - Throws: `CommandError` with status 75 where there are too few descriptors or too little address space: the system's
    ///   libraries end the process where they get none, and that would be laid to the clips under way.
    static func require() throws {
        if var limit = self.limit(RLIMIT_NOFILE) {
            if limit.rlim_cur < limit.rlim_max {
                limit.rlim_cur = limit.rlim_max
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            }
            guard limit.rlim_cur >= files else {
                throw CommandError(
                    .shortage,
                    "this process may have \(limit.rlim_cur) files open, expected at least \(files); raise 'ulimit -n'")
            }
        }
        if let limit = limit(RLIMIT_AS), limit.rlim_cur < space {
            throw CommandError(
                .shortage,
                "this process may take \(Figures.bytes(Int64(limit.rlim_cur))) of address space, expected at least "
                    + "\(Figures.bytes(Int64(space))); raise 'ulimit -v'")
        }
    }

    /// nil where the system does not tell.
    private static func limit(_ resource: __rlimit_resource) -> rlimit? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 ? limit : nil
    }
}
