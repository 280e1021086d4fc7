import Features
import Foundation

/// Waves made by formula, and the front-end run over them.
enum Wave {
    static func sine(_ hertz: Double, count: Int, amplitude: Double) -> [Float] {
        (0..<count).map { Float(amplitude * sin(2 * .pi * hertz * Double($0) / 16000)) }
    }

    /// White, in [-1, 1) times `amplitude`; the same on every machine.
    static func noise(seed: UInt64, count: Int, amplitude: Float = 1) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (Float(state >> 40) * 0x1p-23 - 1) * amplitude
        }
    }

    static func sum(_ one: [Float], _ other: [Float]) -> [Float] { zip(one, other).map { $0 + $1 } }

    /// Frames of a wave that arrives in blocks of the given lengths, in turn; (frames, bands), row-major.
    static func logMel(
        _ wave: [Float], blocks: [Int] = [.max], frontEnd: FrontEnd = .standard, with logMel: LogMel? = nil
    ) throws -> [Float] {
        let logMel = try logMel ?? LogMel(frontEnd: frontEnd)
        var out: [Float] = []
        try wave.withUnsafeBufferPointer { wave in
            var place = 0
            var turn = 0
            while place < wave.count {
                let end = place + min(blocks[turn % blocks.count], wave.count - place)
                try logMel.process(UnsafeBufferPointer(rebasing: wave[place..<end])) { rows, count in
                    out += rows.prefix(count * frontEnd.bands)
                }
                place = end
                turn += 1
            }
        }
        try logMel.finish { rows, count in out += rows.prefix(count * frontEnd.bands) }
        return out
    }

    /// Largest difference of two equally long lists; infinite where the lengths differ or a difference is NaN.
    static func worst(_ one: [Float], _ other: [Float]) -> Float {
        guard one.count == other.count else { return .infinity }
        return zip(one, other).reduce(0) { worst, pair in
            let difference = abs(pair.0 - pair.1)
            return difference.isNaN ? .infinity : max(worst, difference)
        }
    }
}
