import Engines
import Features
import CBuildCommit

/// The text of `earmark --version`: version, commit, and the instruction sets of the kernels in use.
enum VersionText {
    /// The first digits of the commit that the program was built from, or `unknown`.
    static var commit: String { String(cString: build_commit()) }

    static var text: String {
        """
        earmark \(Earmark.version)
        commit \(commit)
        kernels \(Kernels.best.instructionSet.rawValue) for networks in float32, \(Int8Kernels.best.instructionSet.rawValue) in int8, \
        \(LogMel.instructionSet) for log-mel
        """
    }
}
