import Errors
import Ledger

/// A failed clip as it is shown to users.
package struct FailureLine: Sendable {
    package let clip: String
    package let path: String
    package let failureClass: FailureClass
    package let reason: String
    package let offset: Int64?

    /// The failures of one pipeline in clip order, one per clip.
    ///
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package static func all(_ ledger: Ledger, pipeline: PipelineRecord) throws -> [FailureLine] {
        let failures = try ledger.failures(of: pipeline)
        guard !failures.isEmpty else { return [] }
        let byClip = Dictionary(failures.map { ($0.clip, $0) }) { first, _ in first }
        var lines: [FailureLine] = []
        try ledger.forEachClip { clip in
            guard let failure = byClip[clip.id] else { return }
            lines.append(
                FailureLine(
                    clip: clip.name, path: clip.path, failureClass: failure.failureClass, reason: failure.reason,
                    offset: failure.offset))
        }
        return lines
    }
}
