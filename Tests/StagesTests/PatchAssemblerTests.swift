import Engines
import Features
import Pipeline
import Stages
import Testing

/// Chunks out of streams, held against slices of the whole clip.
@Suite struct PatchAssemblerTests {
    private static let frontEnd = FrontEnd.standard
    /// Every hop that the frames allow near the edges, where a hop is as long as a chunk's frames or longer, and some between.
    private static let overlaps = [0, 0.01, 0.02, 0.03, 0.04, 0.25, 0.5, 0.75, 0.9, 0.99]

    /// How a stream may be cut: by one frame, by odd numbers, by the operators' own blocks, and whole.
    private static let cuts = [1, 3, 32, 97, 98, 99, 100, 1000, 100_000]

    @Test(arguments: overlaps)
    func chunksAreThePlansViewsWhateverTheBlocks(overlap: Double) throws {
        let plan = try ChunkPlan(frontEnd: Self.frontEnd, overlap: overlap)
        let bands = Self.frontEnd.bands
        for length in [1, 16_000, 16_001, 31_999, 32_000, 40_077, 83_201] {
            let frames = plan.frameCount(samples: length)
            let mel = (0..<frames * bands).map { Float($0) }
            let wave = (0..<plan.paddedLength(samples: length)).map { Float($0) }
            // A model of log-mel alone takes a chunk as soon as its last frame is there, before its last samples are.
            for (cut, needsWave) in Self.cuts.flatMap({ [($0, true), ($0, false)] }) {
                let assembler = PatchAssembler(plan: plan, inputs: needsWave ? [.mel, .wave] : .mel)
                var found = 0
                var wrong = 0
                func take() {
                    assembler.drain { patch, samples in
                        let (frame, sample) = (found * plan.hop / Self.frontEnd.hop, found * plan.hop)
                        let last = Self.frontEnd.patchFrames * bands - 1
                        guard let patch else {
                            wrong += 1
                            return
                        }
                        if patch[0] != mel[frame * bands] || patch[last] != mel[frame * bands + last] { wrong += 1 }
                        if let samples, samples[0] != wave[sample] || samples[15_999] != wave[sample + 15_999] {
                            wrong += 1
                        }
                        if (samples != nil) != needsWave { wrong += 1 }
                        found += 1
                    }
                }
                var (frame, sample) = (0, 0)
                while frame < frames || sample < wave.count {
                    let nextFrame = min(frames, frame + cut)
                    mel[frame * bands..<nextFrame * bands].withUnsafeBufferPointer {
                        assembler.append(mel: Block($0, columns: bands))
                    }
                    take()
                    let nextSample = min(wave.count, sample + 160 * cut)
                    wave[sample..<nextSample].withUnsafeBufferPointer { assembler.append(wave: Block($0)) }
                    take()
                    (frame, sample) = (nextFrame, nextSample)
                }
                #expect(found == plan.count(samples: length), "\(length) samples by \(cut)")
                #expect(wrong == 0, "\(length) samples by \(cut): \(wrong) ends of chunks are off")
            }
        }
    }

    /// Of samples alone, no chunk is made of the padding that another front-end's patch needs.
    @Test(arguments: [96, 99, 100, 130])
    func samplesAlone(patchFrames: Int) throws {
        var frontEnd = Self.frontEnd
        frontEnd.patchFrames = patchFrames
        for overlap in Self.overlaps {
            let plan = try ChunkPlan(frontEnd: frontEnd, overlap: overlap)
            let chunk = plan.frontEnd.chunk
            for length in [1, chunk, chunk + 1, 3 * chunk - 1] {
                let wave = (0..<plan.paddedLength(samples: length)).map { Float($0) }
                for cut in [977, wave.count] {
                    let assembler = PatchAssembler(plan: plan, inputs: .wave)
                    var starts: [Int] = []
                    for start in stride(from: 0, to: wave.count, by: cut) {
                        wave[start..<min(start + cut, wave.count)].withUnsafeBufferPointer {
                            assembler.append(mel: Block($0))
                            assembler.append(wave: Block($0))
                        }
                        assembler.drain { patch, samples in
                            guard patch == nil, let samples, samples[chunk - 1] == samples[0] + Float(chunk - 1) else {
                                return
                            }
                            starts.append(Int(samples[0]))
                        }
                    }
                    #expect(
                        starts == (0..<plan.count(samples: length)).map { $0 * plan.hop }, "\(overlap) \(length) \(cut)"
                    )
                }
            }
        }
    }
}
