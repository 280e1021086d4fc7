import Errors
import Foundation

/// Checks the process limits below which no run could survive.
enum SystemLimits {
    /// The fewest open files: shards of every stage and worker, audio files, the ledger, and those that system
    /// libraries open for themselves (the libraries end the process when they get none).
    private static let files: rlim_t = 64
    /// The smallest address space, in bytes: twice what labelling with two workers was measured to take.
    private static let space: rlim_t = 1 << 30

    /// Raises the limit of open files as far as the system allows, then checks both limits.
    ///
    /// - Throws: `CommandError` with status 75 if there are too few descriptors or too little address space. System
    ///   libraries end the process when they get none, and the clips under way would be blamed.
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

    /// Returns a limit, or nil if the system does not report it.
    private static func limit(_ resource: __rlimit_resource) -> rlimit? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 ? limit : nil
    }
}
