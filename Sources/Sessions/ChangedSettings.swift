import Ledger
import Pipeline
import Wording

/// A run that would redo clips only because its settings differ from those of the pipeline's last run on the cache, as
/// happens when a `--set` is forgotten.
package struct ChangedSettings: Sendable {
    package let pipeline: String
    /// The differences in words, one line each.
    package let differences: [String]
    /// Clips that are done with the earlier settings but have work to do with the current ones.
    package let clips: Int

    /// nil if there are no such clips.
    ///
    /// - Parameter ids: the clips' ids in the ledger, in the plan's order.
    /// - Throws: `LedgerError` if the ledger cannot be read.
    package init?(graph: Graph, plan: Plan, ids: [Int64], ledger: Ledger) throws {
        guard plan.pending > 0, let last = try ledger.pipelines().first(where: { $0.name == graph.name }),
            last.fingerprint != graph.fingerprint.hex
        else { return nil }
        let done = try Set(ledger.doneClips(of: last))
        clips = zip(plan.assignments, ids).count { $0 >= 0 && done.contains($1) }
        guard clips > 0 else { return nil }
        pipeline = graph.name
        differences =
            PipelineSettings(text: last.settings).map { PipelineSettings(graph).differences(from: $0) }
            ?? ["its earlier settings are unknown: the version of Earmark that ran it did not record them"]
    }

    /// An explanation for a user who has not started the run yet.
    package var text: String {
        "'\(pipeline)' was last run on this cache with other settings: \(differences.joined(separator: "; ")). "
            + "\(counted(clips, "clip")) done with those would be done again with these"
    }
}
