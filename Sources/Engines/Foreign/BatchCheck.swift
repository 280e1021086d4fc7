import Features
import Models
import Random

/// Tries whether a chunk's results depend on its place in a batch, or on the chunks beside it.
///
/// It is tried with chunks from silence to full scale: a graph may limit, scale or gate what it reads, and then mix its
/// chunks at some levels only.
struct BatchCheck {
    private enum Level: Int, CaseIterable {
        case silent
        /// About -60 dBFS.
        case quiet
        case usual
        case full

        /// The largest magnitude of samples; below 1, which integers of 16 bits do not have.
        var peak: Double {
            switch self {
            case .silent: 0
            case .quiet: 0.001
            case .usual: 0.5
            case .full: 0.999
            }
        }

        /// How far mel frames are above silence, in steps of 20 dB.
        var steps: Double {
            switch self {
            case .silent: 0
            case .quiet: 1
            case .usual: 3
            case .full: 5
            }
        }
    }

    private let fit: CardFit
    private let runner: any ForeignRunner
    private let input: AlignedFloats
    private let outputs: [CardFit.Output]
    /// One for each output of the graph that is read.
    private let buffers: [AlignedFloats?]
    /// A chunk of each level, as the graph reads it.
    private let chunks: [[Float]]

    /// Runs a batch of more than one place with chunks of all levels.
    ///
    /// - Returns: the largest difference between results of the same chunk; nil if all are the same, bit for bit.
    /// - Throws: `ForeignEngineError` if the graph cannot be run.
    static func difference(_ card: ModelCard, _ fit: CardFit, _ graph: any ForeignGraph) throws -> Float? {
        try BatchCheck(card, fit, graph).difference()
    }

    private init(_ card: ModelCard, _ fit: CardFit, _ graph: any ForeignGraph) throws {
        self.fit = fit
        runner = try graph.makeRunner(inputShapes: [fit.inputShape])
        input = AlignedFloats(count: fit.input.count)
        let read = [fit.scores, fit.embeddings].compactMap { $0 }
        outputs = read
        buffers = runner.outputShapes.enumerated().map { place, shape in
            read.contains { $0.place == place } ? AlignedFloats(count: shape.reduce(1, *)) : nil
        }
        var random = SplitMix64(seed: 1)
        chunks = Level.allCases.map { Self.chunk($0, card.input, &random) }
    }

    private func difference() throws -> Float? {
        let levels = Level.allCases
        var alone: [[Float]] = []
        for level in levels {
            try run([level])
            alone.append(results(0))
        }
        // All of one level, then all levels beside each other, in several orders.
        var batches = levels.map { level in [Level](repeating: level, count: fit.batch) }
        for turn in 0..<(fit.batch < levels.count ? levels.count : 2) {
            batches.append((0..<fit.batch).map { levels[($0 + turn) % levels.count] })
        }
        var isSame = true
        var largest: Float = 0
        for batch in batches {
            try run(batch)
            for (place, level) in batch.enumerated() {
                for (one, other) in zip(alone[level.rawValue], results(place)) {
                    if one.bitPattern == other.bitPattern || one.isNaN && other.isNaN { continue }
                    isSame = false
                    largest = max(largest, abs(one - other))
                }
            }
        }
        return isSame ? nil : largest
    }

    /// Runs a batch with chunks of these levels at its first places; the others are left empty, as they are in use.
    private func run(_ levels: [Level]) throws {
        let view = fit.input
        for index in 0..<input.count { input.pointer[index] = 0 }
        for (place, level) in levels.enumerated() {
            let chunk = chunks[level.rawValue]
            for row in 0..<view.rows {
                let target = input.pointer + place * view.chunkStride + row * view.rowStride
                for value in 0..<view.values { target[value * view.valueStride] = chunk[row * view.values + value] }
            }
        }
        try runner.run(inputs: [UnsafePointer(input.pointer)], outputs: buffers.map { $0?.pointer })
    }

    /// What the graph has given for the chunk at a place.
    private func results(_ place: Int) -> [Float] {
        var found: [Float] = []
        for output in outputs {
            guard let base = buffers[output.place]?.pointer else { continue }
            let view = output.view
            for row in 0..<view.rows {
                let start = base + place * view.chunkStride + row * view.rowStride
                for value in 0..<view.values { found.append(start[value * view.valueStride]) }
            }
        }
        return found
    }

    /// Noise of a level, with the card's scale.
    private static func chunk(_ level: Level, _ input: ModelCard.Input, _ random: inout SplitMix64) -> [Float] {
        var values = [Float](repeating: 0, count: input.size)
        if let frontEnd = input.frontEnd {
            // Without an offset or a floor, silence is minus infinity.
            let silence = frontEnd.silence.isFinite ? Double(frontEnd.silence) : 0
            let step = Self.step(frontEnd)
            for index in values.indices {
                let above = level == .silent ? 0 : level.steps + random.uniform()
                values[index] = Float(silence + step * above)
            }
            values.withUnsafeMutableBufferPointer { frontEnd.finish($0) }
        } else {
            for index in values.indices { values[index] = Float((2 * random.uniform() - 1) * level.peak) }
        }
        var scale = input.scale
        let loudest = values.reduce(Float(0)) { max($0, abs($1)) }
        if let peak = input.peak, loudest > 0 { scale *= peak / loudest }
        return values.map { $0 * scale + input.offset }
    }

    /// By how much a mel value, as stored, rises with 20 dB.
    private static func step(_ frontEnd: FrontEnd) -> Double {
        let squares: Double = frontEnd.spectrum == .power ? 2 : 1
        // Where there is a range, the deviation is applied later.
        let deviation = frontEnd.range > 0 ? 1 : frontEnd.deviation
        switch frontEnd.logarithm {
        case .natural: return 2.302585 * squares / deviation
        case .decimal: return squares / deviation
        case .decibel: return 20 / deviation
        }
    }
}
