import Ledger
import Pipeline

/// Finds the pipeline that a command is about.
package enum PipelineChoice {
    /// - Parameter name: nil for the pipeline that ran last on this cache.
    /// - Throws: `CacheError` where the cache has no such pipeline.
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

    /// A pipeline that makes clip scores.
    package struct Scored {
        package let pipeline: PipelineRecord
        /// The stage whose rows they are.
        package let stage: StageRecord
        /// What to tell where it is not the one that ran last; nil where it is, or was asked for.
        package let notice: String?
    }

    /// - Parameter name: nil for the one that ran last of those that make clip scores.
    /// - Throws: `CacheError` naming the pipelines that make some.
    package static func scored(_ ledger: Ledger, name: String?) throws -> Scored {
        let asked = try find(ledger, name: name)
        let stages = try ledger.stages().filter { $0.kind == EdgeType.clipScores.rawValue }
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
                "pipeline '\(asked.name)' makes no clip scores, expected "
                    + (able.isEmpty ? "a run of one with an 'aggregate' stage, such as Pipelines/label.yaml" : names))
        }
        return Scored(
            pipeline: other.pipeline, stage: other.stage,
            notice: "pipeline '\(asked.name)' ran last and makes no clip scores; these are of '\(other.pipeline.name)'")
    }
}
