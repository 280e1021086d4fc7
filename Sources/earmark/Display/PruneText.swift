import Cache
import Foundation
import Ledger
import Sessions
import Wording

/// Describes what a pruning removes.
struct PruneText {
    let plan: PrunePlan
    let names: StageNames
    let isDryRun: Bool
    /// The smallest share of unneeded rows at which a shard is copied.
    let share: Double
    /// The pipelines that stay, each with the states of the manifest's clips.
    let kept: [(pipeline: PipelineRecord, counts: ClipCounts)]
    let dropped: [String]
    let pipelines: [PipelineRecord]

    var lines: [String] {
        var lines = kept.map { pipeline, counts in
            let time = Date(timeIntervalSince1970: pipeline.updated).formatted(.iso8601)
            return "kept: \(TerminalText.plain(pipeline.name)) as it ran on \(time): \(counts.done) of "
                + "\(counted(counts.clips, "clip")) done"
        }
        if plan.isEmpty {
            lines.append("nothing to free")
        } else {
            lines.append(isDryRun ? "would free:" : "frees:")
            lines += plan.stages.compactMap(line)
            if !plan.clips.isEmpty {
                let verb = plan.clips.count == 1 ? "is" : "are"
                lines.append("  \(counted(plan.clips.count, "clip")) that no manifest names \(verb) forgotten")
            }
            if !plan.strays.isEmpty {
                lines.append(
                    "  \(counted(plan.strays.count, "file")) not in any shard, \(Figures.bytes(strayBytes))")
            }
            lines.append(
                "  in all \(Figures.bytes(plan.bytes)): \(counted(plan.removedShards, "shard")) removed, "
                    + "\(plan.rewrittenShards) copied without what is not needed")
        }
        if plan.keptRows > 0 {
            lines.append(
                "left: \(grouped(plan.keptRows)) rows not needed, \(Figures.bytes(plan.keptBytes)), in "
                    + counted(plan.unevenShards, "shard") + " of which they are less than \(percent) "
                    + "or that a run still fills")
        }
        return lines
    }

    private var percent: String { Figures.fixed(share * 100, 0) + " %" }
    private var strayBytes: Int64 { plan.strays.reduce(0) { $0 + $1.bytes } }

    private func needing(_ stage: PrunePlan.Stage) -> [String] {
        stage.isSuperseded ? [] : kept.map(\.pipeline).filter { $0.stages.contains(stage.id) }.map(\.name)
    }

    private func line(_ stage: PrunePlan.Stage) -> String? {
        if stage.results == 0, stage.rows == 0 { return nil }
        let owner = names.text(fingerprint: stage.fingerprint, pipelines: needing(stage))
        return "  \(stage.kind): \(grouped(stage.rows)) rows, \(Figures.bytes(stage.bytes)), "
            + "\(counted(stage.results, "result")) (\(TerminalText.plain(owner)))"
    }

    /// One JSON object.
    var json: String {
        let stages = plan.stages.map { stage in
            let needing = needing(stage).map(JSON.text).joined(separator: ",")
            return #"{"kind":\#(JSON.text(stage.kind)),"stage":"\#(stage.fingerprint.prefix(12))","#
                + #""pipelines":[\#(needing)],"results":\#(stage.results),"rows":\#(stage.rows),"#
                + #""bytes":\#(stage.bytes),"rows_left":\#(stage.keptRows),"bytes_left":\#(stage.keptBytes)}"#
        }
        let stays = kept.map { pipeline, counts in
            #"{"pipeline":\#(JSON.text(pipeline.name)),"fingerprint":"\#(pipeline.fingerprint)","#
                + #""clips":\#(counts.clips),"done":\#(counts.done),"failed":\#(counts.failed),"#
                + #""pending":\#(counts.pending)}"#
        }
        return #"{"dry_run":\#(isDryRun),"bytes":\#(plan.bytes),"rows":\#(plan.rows),"results":\#(plan.results),"#
            + #""clips":\#(plan.clips.count),"shards_removed":\#(plan.removedShards),"#
            + #""shards_copied":\#(plan.rewrittenShards),"stray_files":\#(plan.strays.count),"#
            + #""stray_bytes":\#(strayBytes),"rows_left":\#(plan.keptRows),"bytes_left":\#(plan.keptBytes),"#
            + #""stages":[\#(stages.joined(separator: ","))],"kept":[\#(stays.joined(separator: ","))],"#
            + #""dropped":[\#(dropped.map(JSON.text).joined(separator: ","))]}"#
    }
}
