import Foundation
import Stages

/// Limits of the process under which a run could only die.
enum SystemLimits {
    /// Of the address space, in bytes: twice what labelling with two workers was seen to take.
    private static let space: rlim_t = 1 << 30

    /// Makes a write beyond the largest file that is allowed fail, instead of ending the process.
    ///
    /// - Throws: `CommandError` with status 75 where the address space is too small: the system's libraries end the process where
    ///   they get no memory, and that would be laid to the clips under way.
    static func require() throws {
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < space else { return }
        throw CommandError(
            Status.tryAgain,
            "this process may take \(Figures.bytes(Int64(limit.rlim_cur))) of address space, expected at least "
                + "\(Figures.bytes(Int64(space))); raise 'ulimit -v'")
    }
}
