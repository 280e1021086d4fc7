import Errors

extension FrontEnd {
    /// Settings with which no frames can be computed.
    package struct Misfit: EarmarkError {
        package let message: String
        package var category: ErrorCategory { .badInput }
        /// The code that read the settings knows their location.
        package var place: ErrorPlace? { nil }

        package init(_ message: String) { self.message = message }
    }

    /// The sample rates that a pipeline can have, in Hz.
    package static let rates = 4_000...384_000

    /// Checks that frames can be computed with these settings.
    ///
    /// - Throws: `Misfit` with the setting, what was found and what was expected.
    package func check() throws(Misfit) {
        func expect(_ isRight: Bool, _ key: String, _ found: some CustomStringConvertible, _ expected: String)
            throws(Misfit)
        {
            guard isRight else { throw Misfit("'\(key)' is \(found), expected \(expected)") }
        }
        try expect(Self.rates.contains(rate), "rate", rate, "\(Self.rates.lowerBound) to \(Self.rates.upperBound) Hz")
        try expect((16...65_536).contains(fft) && fft % 2 == 0, "fft", fft, "an even number from 16 to 65536")
        try expect((2...fft).contains(window), "window", window, "2 to the \(fft) points of the Fourier transform")
        try expect((1...1 << 20).contains(hop), "hop", hop, "1 to \(1 << 20) samples")
        try expect((1...4096).contains(bands), "bands", bands, "1 to 4096")
        let half = Double(rate) / 2
        try expect(low >= 0 && low < half, "low", low, "0 to below \(half) Hz, half the rate")
        try expect(high > low && high <= half, "high", high, "above \(low) to \(half) Hz, half the rate")
        try expect(offset.isFinite && offset >= 0, "offset", offset, "0 or more")
        try expect(floor.isFinite && floor >= 0, "floor", floor, "0 or more")
        // A processor that flushes subnormal numbers would turn anything smaller into 0.
        try expect(offset + floor >= 1e-30, "offset", offset, "at least 1e-30 together with the floor of \(floor)")
        try expect(range.isFinite && range >= 0, "range", range, "0 for none, or more")
        try expect(reference.isFinite && reference > 0, "reference", reference, "more than 0")
        try expect(mean.isFinite, "mean", mean, "a finite number")
        try expect(deviation.isFinite && deviation > 0, "deviation", deviation, "more than 0")
        try expect(preEmphasis >= 0 && preEmphasis < 1, "pre-emphasis", preEmphasis, "0 to below 1")
        try expect((1...1 << 31).contains(chunk), "chunk", chunk, "1 to \(1 << 31) samples")
        try expect((1...1 << 24).contains(patchFrames), "patch", patchFrames, "1 to \(1 << 24) frames")
    }
}
