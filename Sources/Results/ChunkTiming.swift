import Features
import Foundation
import Ledger

/// The timing of a stage's chunks: chunk i covers the samples [i hop, i hop + length).
package struct ChunkTiming: Sendable, Equatable {
    /// Samples per second.
    package let rate: Int
    /// Samples from the start of one chunk to the start of the next.
    package let hop: Int
    /// Samples in a chunk.
    package let length: Int

    package init(rate: Int, hop: Int, length: Int) {
        precondition(rate > 0 && hop > 0 && length > 0, "chunks of no length")
        self.rate = rate
        self.hop = hop
        self.length = length
    }

    /// From the ledger's record of a stage; nil if that record does not describe a front-end.
    package init?(_ told: StageFrontEnd) {
        guard let frontEnd = told.frontEnd, told.rate > 0, told.chunkHop > 0, frontEnd.chunk > 0 else { return nil }
        self.init(rate: told.rate, hop: told.chunkHop, length: frontEnd.chunk)
    }

    /// The number of samples in a duration in seconds. A result within a millionth of a whole number is rounded to it, so that
    /// a decimal fraction that binary cannot represent exactly means what it says.
    package func samples(_ seconds: Double) -> Double {
        let exact = seconds * Double(rate)
        let whole = exact.rounded()
        return abs(exact - whole) < 1e-6 ? whole : exact
    }
}

extension StageFrontEnd {
    /// The front-end itself; nil if the settings do not describe one.
    var frontEnd: FrontEnd? { try? JSONDecoder().decode(FrontEnd.self, from: Data(settings.utf8)) }

    /// From the lowest to the highest edge of the mel bands, in Hz; nil if the settings do not describe a front-end.
    var band: ClosedRange<Double>? {
        guard let frontEnd, frontEnd.low >= 0, frontEnd.high > frontEnd.low else { return nil }
        return frontEnd.low...frontEnd.high
    }
}
