import Cache
import Errors
import Ledger
import Pipeline
import Wording

extension PipelineChoice {
    /// A pipeline and one of its stages that keep what a command asks for.
    package struct Scored {
        package let pipeline: PipelineRecord
        /// The stage that made the rows.
        package let stage: StageRecord
        /// What finds this stage again: the pipeline's name, with `.` and the infer stage's where it has several.
        package let name: String
        /// What to tell the user of a choice that was made for them: another pipeline than the one that ran last, or one
        /// of several stages. nil if there was none to make.
        package let notice: String?

        package init(pipeline: PipelineRecord, stage: StageRecord, name: String? = nil, notice: String?) {
            self.pipeline = pipeline
            self.stage = stage
            self.name = name ?? pipeline.name
            self.notice = notice
        }
    }

    /// A pipeline that makes clip scores, and the stage that does. If several do, as where two heads share a base, the
    /// name of an infer stage behind the pipeline's says which: `PIPELINE.STAGE`; without it the first is taken.
    ///
    /// - Parameter name: nil for the one that ran last among those that make clip scores.
    /// - Throws: `CacheError` naming the pipelines that make clip scores, or the stages to choose from.
    package static func scored(_ ledger: Ledger, name: String?) throws -> Scored {
        try find(
            ledger, name: name, kind: EdgeType.clipScores.rawValue, what: "clip scores",
            remedy: "a run of one with an 'aggregate' stage, such as Pipelines/label.yaml")
    }

    /// A pipeline that keeps chunk scores, and the stage that keeps them. If several do, the one is taken whose model's
    /// clip scores `scored` would take.
    ///
    /// - Parameter name: as for `scored(_:name:)`; nil for the one that ran last among those that keep chunk scores.
    /// - Throws: `CacheError` naming the pipelines that keep chunk scores, or the stages to choose from.
    package static func chunkScored(_ ledger: Ledger, name: String?) throws -> Scored {
        try find(
            ledger, name: name, kind: EdgeType.scores.rawValue, what: "scores of chunks",
            remedy: "a run of one with a 'cache' stage behind 'infer', such as Pipelines/label.yaml")
    }

    /// A pipeline that keeps embeddings, and the first stage that does.
    ///
    /// - Parameter name: nil for the one that ran last among those that keep embeddings.
    /// - Throws: `CacheError` naming the pipelines that keep embeddings, or else the stage that is to be added to one.
    package static func embedded(_ ledger: Ledger, name: String?) throws -> Scored {
        try find(
            ledger, name: name, kind: EdgeType.embeddings.rawValue, what: "embeddings", verb: "keeps", isFirst: true,
            remedy: "a run of one with a stage like 'embeddings: {uses: cache, from: infer.embeddings}'")
    }

    /// - Parameter isFirst: true to take the first stage, whatever others there are.
    private static func find(
        _ ledger: Ledger, name: String?, kind: String, what: String, verb: String = "makes", isFirst: Bool = false,
        remedy: String
    ) throws -> Scored {
        let (pipelineName, stageName) = try isFirst ? (name, nil) : split(ledger, name)
        let asked = try find(ledger, name: pipelineName)
        let all = try ledger.stages()
        let stages = all.filter { $0.kind == kind }
        func kept(_ pipeline: PipelineRecord) -> [StageRecord] { stages.filter { pipeline.stages.contains($0.id) } }
        let able = try ledger.pipelines().filter { !kept($0).isEmpty }
        guard let pipeline = able.first(where: { $0.name == asked.name }) ?? (pipelineName == nil ? able.first : nil)
        else {
            let names = able.map { "'\($0.name)'" }.sorted().joined(separator: ", ")
            throw CacheError(
                .badInput, path: ledger.path,
                "pipeline '\(asked.name)' \(verb) no \(what), expected " + (able.isEmpty ? remedy : names))
        }
        let own = kept(pipeline)
        var found =
            isFirst
            ? Scored(pipeline: pipeline, stage: own[0], notice: nil)
            : try choose(pipeline, own, stageName, all: all, ledger, what: what, verb: verb)
        if pipeline.name != asked.name {
            let other = "pipeline '\(asked.name)' ran last and \(verb) no \(what); these are of '\(found.name)'"
            found = Scored(
                pipeline: pipeline, stage: found.stage, name: found.name,
                notice: [other, found.notice].compactMap(\.self).joined(separator: "; "))
        }
        return found
    }

    /// The two parts of a name `PIPELINE.STAGE`; the second is nil if the whole is a pipeline's.
    ///
    /// - Throws: `LedgerError`.
    package static func split(_ ledger: Ledger, _ name: String?) throws -> (pipeline: String?, stage: String?) {
        guard let name, let point = name.lastIndex(of: ".") else { return (name, nil) }
        let known = try ledger.pipelines().map(\.name)
        let pipeline = String(name[..<point])
        guard !known.contains(name), known.contains(pipeline) else { return (name, nil) }
        return (pipeline, String(name[name.index(after: point)...]))
    }

    /// Chooses among the stages of a pipeline that keep the same kind of rows.
    ///
    /// - Parameters:
    ///   - kept: the stages, at least one.
    ///   - stageName: that of an infer stage or of the one that keeps; nil for the first model's.
    ///   - all: all stages of the cache.
    private static func choose(
        _ pipeline: PipelineRecord, _ kept: [StageRecord], _ stageName: String?, all: [StageRecord], _ ledger: Ledger,
        what: String, verb: String
    ) throws -> Scored {
        if kept.count == 1, stageName == nil, let only = kept.first {
            return Scored(pipeline: pipeline, stage: only, notice: nil)
        }
        let settings = PipelineSettings(text: pipeline.settings)
        // The name of each: that of the model's stage, or its own where no model is known.
        func modelName(_ fingerprint: String) -> String? {
            settings?.models?.first { $0.scores.contains(fingerprint) }?.stage
        }
        func ownName(_ fingerprint: String) -> String? {
            settings?.stages.first { $0.fingerprint == fingerprint }?.name
        }
        func name(_ stage: StageRecord) -> String {
            modelName(stage.fingerprint) ?? ownName(stage.fingerprint) ?? "\(stage.id)"
        }
        func full(_ stage: StageRecord) -> String { "\(pipeline.name).\(name(stage))" }
        if let stageName {
            let own = settings?.stages.first { $0.name == stageName }?.fingerprint
            let wanted = [stageName, own.flatMap(modelName)].compactMap(\.self)
            let found = kept.filter { wanted.contains(name($0)) || ownName($0.fingerprint) == stageName }
            guard let stage = found.first, found.count == 1 else {
                throw CacheError(
                    .usage, path: ledger.path,
                    "stage '\(stageName)' of pipeline '\(pipeline.name)' \(verb) \(found.isEmpty ? "no" : "several") "
                        + "\(what), expected one of " + kept.map { "'\(full($0))'" }.joined(separator: ", "))
            }
            return Scored(pipeline: pipeline, stage: stage, name: full(stage), notice: nil)
        }
        // The model of the first clip scores, so that clips and chunks are of one.
        let clips = all.first { $0.kind == EdgeType.clipScores.rawValue && pipeline.stages.contains($0.id) }
        let model = clips.flatMap { modelName($0.fingerprint) }
        let first = kept.first { $0.id == clips?.id || modelName($0.fingerprint) == model } ?? kept[0]
        let others = kept.filter { $0.id != first.id }.map { "'\(full($0))'" }.joined(separator: ", ")
        return Scored(
            pipeline: pipeline, stage: first, name: full(first),
            notice: "pipeline '\(pipeline.name)' \(verb) \(what) in \(counted(kept.count, "stage")); these are of "
                + "'\(full(first))', and --pipeline takes \(others) too")
    }
}
