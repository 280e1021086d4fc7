import Foundation
import Ledger
import Tables
import Wording

/// The content of `index.csv.meta.json`, beside `shards/index.csv`: for each pipeline of the cache, the state of its
/// clips, its settings and its models.
enum IndexRecord {
    /// - Throws: `LedgerError`.
    static func text(_ ledger: Ledger) throws -> String {
        let pipelines = try ledger.pipelines().map { pipeline in
            let counts = try ledger.counts(for: pipeline)
            let coverage =
                #"{"clips": \#(counts.clips), "done": \#(counts.done), "failed": \#(counts.failed), "#
                + #""pending": \#(counts.pending)}"#
            return #"{"name": \#(JSONText.string(pipeline.name).text()), "fingerprint": "\#(pipeline.fingerprint)", "#
                + #""file": \#(JSONText.string(pipeline.file).text()), "coverage": \#(coverage), "#
                + #""settings": \#(pipeline.settings.isEmpty ? "null" : pipeline.settings)}"#
        }
        return #"{"earmark": "\#(ProgramVersion.number)", "written": "\#(Date().formatted(.iso8601))", "#
            + #""results_in_open_shards": \#(try ledger.unsealedResults()), "pipelines": ["#
            + pipelines.map { "\n  " + $0 }.joined(separator: ",") + "\n]}\n"
    }
}
