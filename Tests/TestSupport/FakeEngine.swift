import Engines
import Features
import Foundation

/// A second engine, so plain that a test can work out what it gives: it shows what the pipeline asks of any.
///
/// Its files are text: `fake`, then what it reads (`mel`, `wave`), then how it misbehaves.
package struct FakeProvider: EngineProvider {
    private let frontEnd: FrontEnd
    private let log: BatchLog

    /// - Parameters:
    ///   - frontEnd: of its models; the rate and the chunk of those that read samples.
    ///   - log: takes down every forward pass.
    package init(frontEnd: FrontEnd, log: BatchLog = BatchLog()) {
        self.frontEnd = frontEnd
        self.log = log
    }

    private func words(_ path: String) -> Set<String>? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), text.hasPrefix("fake ") else { return nil }
        return Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
    }

    package func accepts(_ path: String) -> Bool { words(path) != nil }

    package func describe(_ path: String) throws -> ModelDescription {
        FakeEngine(words(path) ?? [], frontEnd, log).model
    }

    package func load(_ path: String) throws -> any InferenceEngine { FakeEngine(words(path) ?? [], frontEnd, log) }
}

/// The sizes of all forward passes.
package final class BatchLog: @unchecked Sendable {
    private let lock = NSLock()
    private var list: [Int] = []

    package init() {}

    func add(_ count: Int) { lock.withLock { list.append(count) } }
    package var sizes: [Int] { lock.withLock { list } }
}

/// Scores: of mel the mean of each band; of samples the largest, the least and the mean magnitude. Embedding: the first and
/// the last value of each input, mel first.
package struct FakeEngine: InferenceEngine {
    package let model: ModelDescription
    /// Loud chunks make the pass throw.
    fileprivate let throwsIfLoud: Bool
    /// Loud chunks have a score that is no number.
    fileprivate let isUndefinedIfLoud: Bool
    private let log: BatchLog

    /// - Parameter words: `mel`, `wave`, `bare` (no embeddings), `classless` (no scores), `throwing`, `undefined`.
    package init(_ words: Set<String>, _ frontEnd: FrontEnd, _ log: BatchLog = BatchLog()) {
        var inputs: ModelInputs = []
        if words.contains("mel") { inputs.insert(.mel) }
        if words.contains("wave") { inputs.insert(.wave) }
        let bands = inputs.contains(.mel) ? (0..<frontEnd.bands).map { "band \($0)" } : []
        let levels = inputs.contains(.wave) ? ["largest", "least", "magnitude"] : []
        model = ModelDescription(
            network: "fake", precision: "f32", inputs: inputs, rate: frontEnd.rate, chunk: frontEnd.chunk,
            frontEnd: inputs.contains(.mel) ? frontEnd : nil, normalization: .chunkMean,
            classes: words.contains("classless") ? [] : bands + levels,
            embeddingSize: words.contains("bare") ? 0 : (bands.isEmpty ? 0 : 2) + (levels.isEmpty ? 0 : 2))
        throwsIfLoud = words.contains("throwing")
        isUndefinedIfLoud = words.contains("undefined")
        self.log = log
    }

    package func makeSession(maxBatch: Int) throws -> any InferenceSession {
        Session(engine: self, maxBatch: maxBatch, log: log)
    }

    private final class Session: InferenceSession {
        private let engine: FakeEngine
        private let maxBatch: Int
        private let log: BatchLog

        init(engine: FakeEngine, maxBatch: Int, log: BatchLog) {
            self.engine = engine
            self.maxBatch = maxBatch
            self.log = log
        }

        func forward(
            mel: UnsafePointer<Float>?, wave: UnsafePointer<Float>?, count: Int,
            embeddings: UnsafeMutablePointer<Float>?, scores: UnsafeMutablePointer<Float>
        ) throws {
            let model = engine.model
            guard count > 0, count <= maxBatch else { throw InferenceError("\(count) chunks of \(maxBatch)") }
            guard (mel != nil) == model.needsMel, (wave != nil) == model.needsWave else {
                throw InferenceError("given what is not read, or not what is")
            }
            log.add(count)
            for chunk in 0..<count {
                var row: [Float] = []
                var ends: [Float] = []
                if let mel, let bands = model.frontEnd?.bands {
                    let patch = UnsafeBufferPointer(start: mel + chunk * model.patchSize, count: model.patchSize)
                    row += (0..<bands).map { band in
                        let values = stride(from: band, to: patch.count, by: bands).map { Double(patch[$0]) }
                        return Float(values.reduce(0, +) / Double(values.count))
                    }
                    ends += [patch[0], patch[patch.count - 1]]
                }
                if let wave {
                    let samples = UnsafeBufferPointer(start: wave + chunk * model.chunk, count: model.chunk)
                    let largest = samples.max() ?? 0
                    if largest > 0.8, engine.throwsIfLoud { throw InferenceError("a chunk is too loud") }
                    row += [largest, samples.min() ?? 0, FakeEngine.magnitude(samples)]
                    if largest > 0.8, engine.isUndefinedIfLoud { row[row.count - 1] = .nan }
                    ends += [samples[0], samples[samples.count - 1]]
                    if model.classes.isEmpty, row[row.count - 1].isNaN { ends[ends.count - 1] = .nan }
                }
                if model.classes.isEmpty { row = [] }
                for (place, value) in row.enumerated() { scores[chunk * row.count + place] = value }
                guard let embeddings else { continue }
                for (place, value) in ends.enumerated() { embeddings[chunk * ends.count + place] = value }
            }
        }
    }

    private static func magnitude(_ samples: UnsafeBufferPointer<Float>) -> Float {
        Float(samples.reduce(0.0) { $0 + Double(abs($1)) } / Double(samples.count))
    }
}
