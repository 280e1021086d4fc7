import Cache
import Evaluation
import Files
import Foundation
import Glibc
import Ledger
import Sessions
import Wording

/// What `status` reports about a cache.
struct StatusReport {
    private static let width = 80
    /// The most clips without a file that the lines name; JSON names all.
    static let shownWithoutFile = 20

    /// The cache's pipelines and the states of their clips; the one that the command is about comes first.
    let pipelines: [(record: PipelineRecord, counts: ClipCounts)]
    /// The failures of the first pipeline.
    let failures: [FailureLine]
    /// The models of the whole cache, which is all that a ledger of an earlier version records.
    let models: [(digest: String, path: String)]
    let holdings: [StageHolding]
    /// The number of results in shards that are not sealed.
    let unsealed: Int
    let ledgerBytes: Int64
    /// The clips whose files are gone.
    var missing = ClipsWithoutFile()
    /// What each pipeline left out of inference, by its name; none for one that leaves nothing out.
    var skipped: [String: Coverage.Skipped] = [:]
    var run = RunReport(run: nil, lock: .free)
    /// What reviewers judged: how many judgements hold, or why that cannot be told.
    var judgements: Result<Int, LedgerError> = .success(0)
    /// The parts that are not merged yet; nil if there are none.
    var parts: PartsReport?

    private var bytes: Int64 { holdings.reduce(0) { $0 + $1.bytes } }
    private var shards: Int { holdings.reduce(0) { $0 + $1.shards } }

    /// The report as lines for people.
    var lines: [String] {
        var lines: [String] = []
        for (place, pipeline) in pipelines.enumerated() {
            lines += self.lines(of: pipeline.record, pipeline.counts)
            if place == 0 { lines += run.lines(pipeline: pipeline.record.name) }
        }
        let names = StageNames(pipelines.map(\.record))
        if !holdings.isEmpty { lines.append("stored:") }
        for holding in holdings { lines += self.lines(of: holding, names) }
        lines.append(
            "  in all \(Figures.bytes(bytes)) in \(counted(shards, "shard")), and \(Figures.bytes(ledgerBytes)) of ledger"
        )
        switch judgements {
        case .success(0): break
        case .success(let count): lines.append("reviewed: \(counted(count, "judgement"))")
        case .failure(let error): lines.append("reviewed: " + TerminalText.plain("\(error)"))
        }
        if missing.count > 0 {
            lines.append(PlanText.gone(missing.count) + "; any rows in the cache are kept")
            lines += PlanText.named(missing, command: "earmark status --json").map { "  " + $0 }
        }
        if let unsealed = Unsealed.text(unsealed) { lines.append(unsealed) }
        lines += parts?.lines ?? []
        return lines + failures.map { $0.text(on: STDOUT_FILENO) }
    }

    private func lines(of pipeline: PipelineRecord, _ counts: ClipCounts) -> [String] {
        var lines = [
            "\(TerminalText.plain(pipeline.name)): \(counted(counts.clips, "clip")): \(counts.done) done, "
                + "\(counts.failed) failed, \(counts.pending) pending",
            "pipeline: \(TerminalText.plain(pipeline.file))",
        ]
        if let skipped = skipped[pipeline.name] {
            lines.append(TerminalText.wrapped(skipped.text, columns: Self.width))
        }
        for model in models(of: pipeline) {
            let precision = model.precision.map { ", " + $0 } ?? ""
            lines.append("model: \(TerminalText.plain(model.path)) (\(model.digest.prefix(19))\(precision))")
        }
        return lines + settings(of: pipeline)
    }

    /// A model's file, and the arithmetic in which it is computed; nil if that is not known.
    private typealias Model = (digest: String, path: String, precision: String?)

    /// The models that the pipeline was last run with; those of the whole cache if its settings are not known.
    private func models(of pipeline: PipelineRecord) -> [Model] {
        guard let settings = PipelineSettings(text: pipeline.settings) else {
            return models.map { (digest: $0.digest, path: $0.path, precision: nil) }
        }
        return settings.stages.compactMap { stage -> Model? in
            guard let path = stage.parameters["model"], let digest = stage.marks["model"] else { return nil }
            return (digest: digest, path: plain(path, digest: digest), precision: stage.precision)
        }
    }

    /// A model's path without `..`. One that is relative to the folder in which the pipeline ran, which is not known, is
    /// replaced by the absolute one under which the cache has the same file.
    private func plain(_ path: String, digest: String) -> String {
        if path.hasPrefix("/") { return FileSystem.absolute(path) }
        return models.first { $0.digest == digest }?.path ?? path
    }

    /// The parameters that the pipeline was last run with, a line for each stage that has any; none if the ledger is of
    /// an earlier version, which did not keep them. A model has a line of its own elsewhere, so it is left out here.
    private func settings(of pipeline: PipelineRecord) -> [String] {
        (PipelineSettings(text: pipeline.settings)?.stages ?? []).compactMap { stage in
            let values = stage.parameters.filter { $0.key != "model" && stage.marks[$0.key] != nil }
                .sorted { $0.key < $1.key }.map { key, value in
                    // `auto` is told with what it came to.
                    guard key == "precision", let precision = stage.precision, precision != value else {
                        return "\(key) \(value)"
                    }
                    return "\(key) \(value) (\(precision))"
                }
            return values.isEmpty ? nil : TerminalText.plain("\(stage.name): " + values.joined(separator: ", "))
        }
    }

    private func lines(of holding: StageHolding, _ names: StageNames) -> [String] {
        let size =
            "  \(holding.kind): \(grouped(holding.rows)) \(holding.rows == 1 ? "row" : "rows"), \(Figures.bytes(holding.bytes)), "
            + counted(holding.shards, "shard")
        let owner =
            "(" + TerminalText.plain(names.text(fingerprint: holding.fingerprint, pipelines: holding.pipelines)) + ")"
        return size.count + 1 + owner.count <= Self.width ? [size + " " + owner] : [size, "    " + owner]
    }

    /// One JSON object; its top level describes the first pipeline.
    var json: String {
        guard let (first, counts) = pipelines.first else { return "{}" }
        let names = StageNames(pipelines.map(\.record))
        let named = failures.map {
            #"{"clip":\#(JSON.text($0.clip)),"path":\#(JSON.text($0.path)),"class":"\#($0.failureClass)","#
                + #""reason":\#(JSON.text($0.reason)),"frame":\#($0.offset.map(String.init) ?? "null")}"#
        }
        return
            #"{"pipeline":\#(JSON.text(first.name)),\#(Self.json(counts)),\#(skippedMember(of: first))"missing":\#(missing.count),"#
            + #""missing_clips":[\#(missing.named.map(Self.json).joined(separator: ","))],"#
            + #""last_run":\#(JSON.text(run.word)),\#(members(of: first)),"run":\#(run.json),"#
            + #""pipelines":[\#(pipelines.map(json).joined(separator: ","))],"#
            + #""stages":[\#(holdings.map { json($0, names) }.joined(separator: ","))],"bytes":\#(bytes),"#
            + #""shards":\#(shards),"ledger_bytes":\#(ledgerBytes),"unsealed":\#(unsealed),"#
            + #""judgements":\#(judgementsJSON),"parts":\#(parts?.json ?? "null"),"#
            + #""failures":[\#(named.joined(separator: ","))]}"#
    }

    /// The JSON member for what a pipeline left out, with a comma; empty if it leaves nothing out.
    private func skippedMember(of pipeline: PipelineRecord) -> String {
        skipped[pipeline.name].map {
            #""skipped":{"below_dbfs":\#($0.below),"chunks":\#($0.chunks),"seconds":\#(Figures.fixed($0.seconds, 3)),"#
                + #""clips":\#($0.clips)},"#
        } ?? ""
    }

    /// null where it cannot be told.
    private var judgementsJSON: String { (try? judgements.get()).map(String.init) ?? "null" }

    private static func json(_ clip: ClipsWithoutFile.Clip) -> String {
        #"{"clip":\#(JSON.text(clip.name)),"path":\#(JSON.text(clip.path))}"#
    }

    private static func json(_ counts: ClipCounts) -> String {
        #""clips":\#(counts.clips),"done":\#(counts.done),"failed":\#(counts.failed),"pending":\#(counts.pending)"#
    }

    private func json(_ pipeline: (record: PipelineRecord, counts: ClipCounts)) -> String {
        let (record, counts) = pipeline
        let updated = Date(timeIntervalSince1970: record.updated).formatted(.iso8601)
        return
            #"{"name":\#(JSON.text(record.name)),\#(skippedMember(of: record))"fingerprint":"\#(record.fingerprint)","#
            + #""run":"\#(updated)",\#(Self.json(counts)),\#(members(of: record))}"#
    }

    /// The JSON members for a pipeline's file, settings and models.
    private func members(of pipeline: PipelineRecord) -> String {
        let files = models(of: pipeline).map {
            #"{"path":\#(JSON.text($0.path)),"digest":\#(JSON.text($0.digest)),"#
                + #""precision":\#($0.precision.map(JSON.text) ?? "null")}"#
        }
        return #""file":\#(JSON.text(pipeline.file)),"#
            + #""settings":\#(Self.settings(pipeline.settings)),"#
            + #""models":[\#(files.joined(separator: ","))]"#
    }

    /// The settings as JSON, without the identifiers of the models' classes, which `model classes` lists.
    private static func settings(_ text: String) -> String {
        text.isEmpty ? "null" : PipelineSettings(text: text)?.textWithoutIdentifiers ?? text
    }

    private func json(_ holding: StageHolding, _ names: StageNames) -> String {
        let owners = holding.pipelines.map { pipeline in
            let name = names.name(fingerprint: holding.fingerprint, pipeline: pipeline)
            return #"{"pipeline":\#(JSON.text(pipeline)),"stage":\#(name.map(JSON.text) ?? "null")}"#
        }
        return #"{"kind":\#(JSON.text(holding.kind)),"fingerprint":"\#(holding.fingerprint)","#
            + #""of":[\#(owners.joined(separator: ","))],"shards":\#(holding.shards),"rows":\#(holding.rows),"#
            + #""bytes":\#(holding.bytes)}"#
    }
}
