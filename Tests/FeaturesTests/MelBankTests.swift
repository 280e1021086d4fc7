import Features
import Testing

@Suite struct MelBankTests {
    private let bank = MelBank(.standard)

    /// (bins, bands) written out, zeros and all.
    private func dense() -> [[Float]] {
        var out = [[Float]](repeating: .init(repeating: 0, count: bank.bands.count), count: 257)
        for (band, triangle) in bank.bands.enumerated() {
            for (place, weight) in triangle.weights.enumerated() { out[triangle.firstBin + place][band] = weight }
        }
        return out
    }

    @Test func goldenSums() throws {
        let sums = bank.bands.map { $0.weights.reduce(0, +) }
        #expect(Wave.worst(sums, try Golden.floats("band-sums")) <= 2e-6)
    }

    /// Neighbouring triangles add up to 1 between the first and the last peak, and nothing lies outside the edges.
    @Test func binsAddUpToOne() throws {
        let sums = dense().map { $0.reduce(0, +) }
        let hertz = sums.indices.map { Double($0) * 31.25 }
        #expect(sums.indices.filter { hertz[$0] < 125 || hertz[$0] > 7500 }.allSatisfy { sums[$0] == 0 })
        let inner = sums.indices.filter { hertz[$0] >= 160 && hertz[$0] <= 7200 }
        #expect(inner.count > 220)
        #expect(inner.allSatisfy { abs(sums[$0] - 1) <= 1e-6 })
        #expect(sums.allSatisfy { $0 <= 1 + 1e-6 })
    }

    @Test func bandsAreSparseAndInOrder() {
        #expect(bank.bands.count == 64)
        #expect(bank.bands.allSatisfy { !$0.weights.isEmpty && $0.weights.allSatisfy { $0 > 0 && $0 <= 1 } })
        #expect(zip(bank.bands, bank.bands.dropFirst()).allSatisfy { $0.firstBin <= $1.firstBin })
    }

    @Test func directCurrentCountsForNothing() {
        var frontEnd = FrontEnd.standard
        frontEnd.low = -30
        let bank = MelBank(frontEnd)
        #expect(bank.bands.allSatisfy { $0.weights.isEmpty || $0.firstBin > 0 })
    }

    /// A band narrower than a bin has no weights, and its frames are the offset: no index out of bounds.
    @Test func bandsBetweenTwoBins() throws {
        var frontEnd = FrontEnd.standard
        frontEnd.bands = 200
        #expect(MelBank(frontEnd).bands.contains { $0.weights.isEmpty })
        let wave = Wave.noise(seed: 7, count: 720)
        let frames = try Wave.logMel(wave, frontEnd: frontEnd)
        #expect(Wave.worst(frames, PlainLogMel.frames(wave, frontEnd)) <= 1e-4)
    }
}
