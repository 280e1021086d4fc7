import Ledger

/// The clip scores of a pipeline, clip by clip, as its aggregate stage left them.
package struct ClipScores {
    package let classes: [String]
    private let ledger: Ledger
    private let reader: CacheReader
    private let stage: Int64

    /// - Parameter pipeline: its name; nil for the one that ran last.
    /// - Throws: `CacheError` where that pipeline makes no clip scores.
    package init(cache: Cache, ledger: Ledger, pipeline: String?) throws {
        let chosen = try PipelineChoice.find(ledger, name: pipeline)
        let stages = try ledger.stages().filter { chosen.stages.contains($0.id) && $0.kind == "clip-scores" }
        guard let found = stages.first else {
            throw CacheError(
                .badInput, path: cache.folder,
                "pipeline '\(chosen.name)' makes no clip scores, expected one with an 'aggregate' stage")
        }
        self.ledger = ledger
        stage = found.id
        classes = ClassList.decode(found.classes)
        reader = CacheReader(cache: cache.folder, ledger: ledger)
    }

    /// Every clip of the manifest that has scores, in its order.
    package func forEach(_ body: (ClipRecord, [Float]) throws -> Void) throws {
        try ledger.forEachCurrentResult(stages: [stage]) { clip, record in
            try body(clip, reader.floats(record).values)
        }
    }
}
