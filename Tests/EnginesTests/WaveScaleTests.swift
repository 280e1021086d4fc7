import Engines
import Foundation
import Models
import TestSupport
import Testing

/// The scales of a wave encoder's samples and of the attention: in every forward pass alike, and in the file.
struct WaveScaleTests {
    private static let (chunks, classes) = (3, 5)
    private let mel = Seeded.uniform(stream: 920, count: chunks * 96 * 64).map { $0 * 8 }
    /// About -30 dBFS, so that a root mean square of 1 is another thing.
    private let wave = Seeded.uniform(stream: 921, count: chunks * 16_000).map { $0 * 0.1 }
    private let parameters = Seeded.parameters(.lean, classes: classes)

    private func metadata(_ wave: WaveScale = .none, attention: Float = 1 / 16) -> ModelMetadata {
        var metadata = Seeded.metadata(.lean, classes: Self.classes)
        (metadata.waveScale, metadata.attentionScale) = (wave, attention)
        return metadata
    }

    private func model(_ metadata: ModelMetadata) throws -> NativeModel {
        try NativeModel(metadata: metadata) { parameters[$0.name] ?? [] }
    }

    private func int8(_ metadata: ModelMetadata) throws -> Int8Model {
        try Int8Model(
            metadata: metadata, floats: { parameters[$0.name] ?? [] },
            integers: { QuantizedTensor(rounding: parameters[$0.name] ?? [], outputs: $0.shape[1]) })
    }

    private func scores(_ engine: any InferenceEngine, _ wave: [Float]) throws -> [Float] {
        var scores = [Float](repeating: .nan, count: Self.chunks * Self.classes)
        try engine.makeSession(maxBatch: Self.chunks).forward(
            mel: mel, wave: wave, count: Self.chunks, embeddings: nil, scores: &scores)
        return scores
    }

    private func difference(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } }

    @Test("Training and inference compute the same network, whatever its scales", arguments: WaveScale.allCases)
    func trainingIsInference(scale: WaveScale) throws {
        let metadata = metadata(scale, attention: 40)
        let buffer = ParameterBuffer(ParameterLayout(architecture: .lean, classes: Self.classes))
        for parameter in buffer.layout.parameters { buffer.set(parameter, parameters[parameter.name] ?? []) }
        let network = TrainableNetwork(parameters: buffer, attentionScale: 40, waveScale: scale)
        let loss = try TrainingPass(network).run(
            mel: mel, wave: wave, targets: [Float](repeating: 1, count: Self.chunks * Self.classes),
            chunks: Self.chunks, scale: 1, gradients: ParameterBuffer(buffer.layout))
        let expected = try scores(model(metadata), wave).reduce(0.0) { $0 - log(Double($1)) }
        #expect(abs(loss - expected) < 1e-5 * expected)
        let others = try [self.metadata(scale), self.metadata(scale == .none ? .rms : .none, attention: 40)]
            .map { try scores(model($0), wave).reduce(0.0) { $0 - log(Double($1)) } }
        // Another scale is another network.
        #expect(others.allSatisfy { abs($0 - loss) > 1e-4 * expected }, "\(loss) \(others)")
    }

    @Test("With rms a recording's level does not matter, to the bit, in floats and in integers; without it, it does")
    func levelDoesNotMatter() throws {
        let louder = wave.map { $0 * 4 }
        for engines in [
            [try model(metadata(.none)), try model(metadata(.rms))] as [any InferenceEngine],
            [try int8(metadata(.none)), try int8(metadata(.rms))],
        ] {
            #expect(try scores(engines[0], wave) != scores(engines[0], louder))
            #expect(try scores(engines[1], wave) == scores(engines[1], louder))
        }
        // Below the floor of -60 dBFS it does again.
        let faint = wave.map { $0 * 0x1p-10 }
        #expect(try scores(model(metadata(.rms)), faint) != scores(model(metadata(.rms)), wave))
        let silent = [Float](repeating: 0, count: wave.count)
        #expect(try scores(model(metadata(.rms)), silent) == scores(model(metadata(.none)), silent))
    }

    @Test("Scaled samples are what a network without scaling gets of samples divided by their root mean square")
    func equalsPlainDivision() throws {
        var scaled = wave
        for chunk in 0..<Self.chunks {
            let own = wave[chunk * 16_000..<(chunk + 1) * 16_000]
            let rms = (own.reduce(0.0) { $0 + Double($1) * Double($1) } / 16_000).squareRoot()
            for index in own.indices { scaled[index] = Float(Double(wave[index]) / rms) }
        }
        #expect(try difference(scores(model(metadata(.rms)), wave), scores(model(metadata()), scaled)) < 1e-5)
        #expect(try difference(scores(int8(metadata(.rms)), wave), scores(int8(metadata()), scaled)) < 1e-3)
        #expect(try difference(scores(int8(metadata(.rms)), wave), scores(model(metadata(.rms)), wave)) < 0.05)
    }

    @Test("A file says its scales only where they are not the usual ones, and is refused where they make no sense")
    func metadataOfFiles() throws {
        let temporary = try TemporaryFolder()
        let path = temporary.path + "/m.safetensors"
        try ModelFileWriter.write(parameters: parameters, metadata: metadata(), to: path)
        #expect(try ModelFile(path: path).texts.keys.allSatisfy { !$0.hasSuffix("_scale") })
        let changed = metadata(.rms, attention: 0.7)
        try ModelFileWriter.write(parameters: parameters, metadata: changed, to: path)
        #expect(try ModelFile(path: path).metadata == changed)
        #expect(try scores(NativeModel.load(path: path), wave) == scores(model(changed), wave))
        for wrong: Float in [0, -1, 65, .infinity, .nan] {
            var texts = try changed.texts()
            texts["attention_scale"] = "\(wrong)"
            let error = #expect(throws: ModelError.self) { try ModelMetadata(texts: texts, path: path) }
            #expect(error?.description.contains("attention_scale") == true)
        }
        var texts = try changed.texts()
        texts["wave_scale"] = "peak"
        #expect(throws: ModelError.self) { try ModelMetadata(texts: texts, path: path) }
        for (key, value) in [("attention_scale", "1"), ("wave_scale", "rms")] {
            var texts = try Seeded.metadata(.yamnetProjection, classes: 2).texts()
            texts[key] = value
            let error = #expect(throws: ModelError.self) { try ModelMetadata(texts: texts, path: path) }
            #expect(error?.description.contains(key) == true)
        }
    }
}
