import Errors
import Ledger
import Pipeline

/// Finds the pipeline that a command refers to.
package enum PipelineChoice {
    /// - Parameter name: nil for the pipeline that ran last on this cache.
    /// - Throws: `CacheError` if the cache has no such pipeline.
    package static func find(_ ledger: Ledger, name: String?) throws -> PipelineRecord {
        let known = try ledger.pipelines()
        if let name {
            guard let found = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).sorted().joined(separator: ", ")
                throw CacheError(
                    .usage, path: ledger.path,
                    "no pipeline '\(name)' was run on this cache, expected \(names.isEmpty ? "a run first" : names)")
            }
            return found
        }
        guard let last = known.first else {
            throw CacheError(.badInput, path: ledger.path, "no pipeline was run on this cache yet")
        }
        return last
    }

    /// A pipeline that makes scores.
    package struct Scored {
        package let pipeline: PipelineRecord
        /// The stage that made the scores.
        package let stage: StageRecord
        /// What to tell the user if this is not the pipeline that ran last; nil if it is, or if it was asked for by
        /// name.
        package let notice: String?

        package init(pipeline: PipelineRecord, stage: StageRecord, notice: String?) {
            self.pipeline = pipeline
            self.stage = stage
            self.notice = notice
        }
    }

    /// - Parameter name: nil for the one that ran last among those that make clip scores.
    /// - Throws: `CacheError` naming the pipelines that make clip scores.
    package static func scored(_ ledger: Ledger, name: String?) throws -> Scored {
        try find(
            ledger, name: name, kind: EdgeType.clipScores.rawValue, what: "clip scores",
            remedy: "a run of one with an 'aggregate' stage, such as Pipelines/label.yaml")
    }

    /// A pipeline that keeps chunk scores, and the stage that keeps them. If several stages do, the one whose classes
    /// match those of the clip scores is taken.
    ///
    /// - Parameter name: nil for the one that ran last among those that keep chunk scores.
    /// - Throws: `CacheError` naming the pipelines that keep chunk scores, or if it is unclear which stage is meant.
    package static func chunkScored(_ ledger: Ledger, name: String?) throws -> Scored {
        let found = try find(
            ledger, name: name, kind: EdgeType.scores.rawValue, what: "scores of chunks",
            remedy: "a run of one with a 'cache' stage behind 'infer', such as Pipelines/label.yaml")
        let stages = try ledger.stages().filter { found.pipeline.stages.contains($0.id) }
        let scores = stages.filter { $0.kind == EdgeType.scores.rawValue }
        guard scores.count > 1 else { return found }
        let classes = stages.first { $0.kind == EdgeType.clipScores.rawValue }?.classes
        let fitting = scores.filter { $0.classes == classes }
        guard fitting.count == 1, let stage = fitting.first else {
            throw CacheError(
                .badInput, path: ledger.path,
                "pipeline '\(found.pipeline.name)' keeps the scores of chunks \(scores.count) times, expected one stage whose "
                    + "classes are those of its clip scores")
        }
        return Scored(pipeline: found.pipeline, stage: stage, notice: found.notice)
    }

    /// A pipeline that keeps embeddings, and the first stage that does.
    ///
    /// - Parameter name: nil for the one that ran last among those that keep embeddings.
    /// - Throws: `CacheError` naming the pipelines that keep embeddings, or else the stage that is to be added to one.
    package static func embedded(_ ledger: Ledger, name: String?) throws -> Scored {
        try find(
            ledger, name: name, kind: EdgeType.embeddings.rawValue, what: "embeddings", verb: "keeps",
            remedy: "a run of one with a stage like 'embeddings: {uses: cache, from: infer.embeddings}'")
    }

    private static func find(
        _ ledger: Ledger, name: String?, kind: String, what: String, verb: String = "makes", remedy: String
    ) throws -> Scored {
        let asked = try find(ledger, name: name)
        let stages = try ledger.stages().filter { $0.kind == kind }
        let able = try ledger.pipelines().compactMap { pipeline in
            stages.first { pipeline.stages.contains($0.id) }.map { (pipeline: pipeline, stage: $0) }
        }
        if let found = able.first(where: { $0.pipeline.name == asked.name }) {
            return Scored(pipeline: found.pipeline, stage: found.stage, notice: nil)
        }
        guard name == nil, let other = able.first else {
            let names = able.map { "'\($0.pipeline.name)'" }.sorted().joined(separator: ", ")
            throw CacheError(
                .badInput, path: ledger.path,
                "pipeline '\(asked.name)' \(verb) no \(what), expected " + (able.isEmpty ? remedy : names))
        }
        return Scored(
            pipeline: other.pipeline, stage: other.stage,
            notice: "pipeline '\(asked.name)' ran last and \(verb) no \(what); these are of '\(other.pipeline.name)'")
    }
}
