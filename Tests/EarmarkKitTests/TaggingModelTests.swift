import EarmarkKit
import Foundation
import Testing

/// A model by itself, on samples in memory.
struct TaggingModelTests {
    @Test("The model that ships says what it is")
    func facts() throws {
        let model = try TaggingModel(path: MadeCorpus.model)
        #expect(model.sampleRate == 16_000 && model.chunkDuration == 1 && model.input == .logMelAndSamples)
        #expect(model.classes.count == 17 && model.classes.contains("Bark"), "\(model.classes)")
    }

    @Test("Samples have the scores that a pipeline gives their file, to the last bit", arguments: [0.5, 0, 0.75])
    func sameAsPipeline(overlap: Double) async throws {
        let corpus = try MadeCorpus(clips: 9)
        let pipeline = try AudioPipeline(
            path: MadeCorpus.label, settings: ["chunk.overlap": "\(overlap)", "raw-cache.dtype": "float32"])
        _ = try await pipeline.run(try corpus.list(), into: corpus.cache())
        let results = try corpus.cache().results()
        let model = try TaggingModel(path: MadeCorpus.model)
        #expect(model.classes == results.classes)
        for clip in corpus.clips {
            let (samples, rate) = try corpus.samples(of: clip.path)
            let found = try model.scores(of: samples, sampleRate: rate, overlap: overlap)
            let expected = try #require(try results.chunkScores(of: clip.name))
            #expect(found.rows.values.map(\.bitPattern) == expected.rows.values.map(\.bitPattern), "\(clip.name)")
            #expect(found.mean == (try results.scores(of: clip.name)))
            #expect(found.startTime(of: 1) == expected.startTime(of: 1) && found.duration == expected.duration)
            #expect(found.rows.clipSamples == expected.rows.clipSamples)
        }
    }

    @Test("A chunk's scores hang on its own second alone, also beyond one forward pass")
    func chunks() throws {
        let model = try TaggingModel(path: MadeCorpus.model)
        let wave = (0..<16_000 * 70).map { Float(0.3 * sin(Double($0) * Double($0) * 1e-7)) }
        let whole = try model.scores(of: wave, overlap: 0)
        #expect(whole.count == 70 && whole.startTime(of: 69) == 69)
        for chunk in [0, 1, 63, 64, 69] {
            let alone = try model.scores(of: Array(wave[chunk * 16_000..<(chunk + 1) * 16_000]))
            #expect(alone.count == 1 && alone[0] == whole[chunk])
        }
    }

    @Test("Values that make no sense are refused with what was found")
    func refusals() throws {
        let model = try TaggingModel(path: MadeCorpus.model)
        func refusal(_ samples: [Float], rate: Int? = nil, overlap: Double = 0.5) -> EarmarkKitError? {
            do throws(EarmarkKitError) {
                _ = try model.scores(of: samples, sampleRate: rate, overlap: overlap)
                return nil
            } catch {
                return error
            }
        }
        let wave = [Float](repeating: 0.1, count: 4000)
        #expect(refusal(wave) == nil)
        let refused = [
            (refusal([]), "found 0 samples"), (refusal(wave + [.nan]), "nan at sample 4000"),
            (refusal(wave, rate: 100), "100 samples a second"), (refusal(wave, overlap: 1), "overlap of 1.0"),
            (refusal(wave, overlap: 0.123), "overlap of 0.123"), (refusal(wave, overlap: .nan), "overlap of nan"),
        ]
        for (error, words) in refused {
            #expect(error?.category == .usage && error?.message.contains(words) == true, "\(words): \(error as Any)")
        }
    }
}
