import ArgumentParser
import Evaluation

/// Ends a command whose output may lack some of the cache's clips.
enum CoverageText {
    /// Reports on standard error what is missing.
    ///
    /// - Throws: `ExitCode` of status 3 if anything is.
    static func conclude(_ coverage: Coverage, what: String) throws {
        if coverage.isWhole { return }
        let line =
            "\(what) of \(coverage.text); 'earmark status' names the failed ones, the pipeline's run does the pending ones"
        sayWrapped(line)
        throw ExitCode(Status.someFailed)
    }
}
