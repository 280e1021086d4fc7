import ArgumentParser
import Evaluation

/// The end of a command that writes what a cache holds of some of its clips.
enum CoverageText {
    /// Says on standard error what is missing.
    ///
    /// - Throws: `ExitCode` of status 3 where something is.
    static func conclude(_ coverage: Coverage, what: String) throws {
        if coverage.isWhole { return }
        let line =
            "\(what) of \(coverage.text); 'earmark status' names the failed ones, the pipeline's run does the pending ones"
        say(line)
        throw ExitCode(Status.someFailed)
    }
}
