import Features
import Testing

@Suite struct NormalizationTests {
    private func apply(_ normalization: Normalization, _ patch: [Float], bands: Int = 64) -> [Float] {
        var patch = patch
        patch.withUnsafeMutableBufferPointer { normalization.apply(to: $0, bands: bands) }
        return patch
    }

    /// The golden clip's second chunk at half overlap: frames 50 to 145.
    private func chunk() throws -> [Float] { Array(try Golden.floats("mel")[(50 * 64)..<(146 * 64)]) }

    @Test func noneChangesNothing() throws {
        let chunk = try chunk()
        #expect(apply(.none, chunk) == chunk)
    }

    @Test(arguments: [Normalization.chunkMean, .bandMean]) func golden(normalization: Normalization) throws {
        let golden = try Golden.floats(normalization.rawValue)
        #expect(golden.count == 96 * 64)
        #expect(Wave.worst(apply(normalization, try chunk()), golden) <= 2e-6)
    }

    @Test func goldenFromTheWave() throws {
        let frames = try Wave.logMel(Array(try Golden.floats("wave")[8000..<24000]))
        for normalization in [Normalization.chunkMean, .bandMean] {
            let worst = Wave.worst(
                apply(normalization, Array(frames.prefix(96 * 64))), try Golden.floats(normalization.rawValue))
            #expect(worst <= LogMelTests.kept)
        }
    }

    /// By hand, with a count that is no multiple of 8.
    @Test func smallPatches() {
        let patch: [Float] = [1, 2, 3, 4, 5, 9, 7, 8, 15]
        #expect(apply(.chunkMean, patch, bands: 3) == patch.map { $0 - 6 })
        let rows: [Float] = [1, 2, 3, 4, 5, 6, 7, 8, 15]
        #expect(apply(.bandMean, rows, bands: 3) == [-3, -3, -5, 0, 0, -2, 3, 3, 7])
    }

    /// A mean is taken in double precision: a sum in single loses the small values beside a large one.
    @Test func largeValuesDoNotSwallowSmallOnes() {
        let patch: [Float] = [16_777_216] + .init(repeating: 1, count: 6143)
        let mean = Float((16_777_216.0 + 6143) / 6144)
        #expect(apply(.chunkMean, patch) == patch.map { $0 - mean })
    }

    @Test func names() {
        #expect(Normalization.allCases.map(\.rawValue) == ["none", "chunk-mean", "band-mean"])
    }
}
