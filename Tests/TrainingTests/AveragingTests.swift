import Engines
import Evaluation
import Files
import Foundation
import Models
import Pipeline
import Testing
import Training

/// Averages of the weights, and that none of the further options makes a training depend on threads or interruptions.
struct AveragingTests {
    private var options: TrainingOptions {
        var options = TrainingOptions()
        (options.epochs, options.batch, options.learningRate) = (3, 24, 1e-3)
        return options
    }

    private func floats(_ path: String, _ prefix: String = "") throws -> [[Float]] {
        let file = try ModelFile(path: path)
        let layout = ParameterLayout(architecture: .waveEncoder, classes: 2)
        return try layout.parameters.map { try file.floats(ParameterShape(prefix + $0.name, $0.shape)) }
    }

    @Test("swa keeps the mean of the weights after each epoch from the first that counts")
    func meanOfEpochs() throws {
        let fixture = try TrainingFixture()
        var options = options
        options.averaging = .swa
        options.averagingStart = 2
        var after: [[[Float]]] = []
        for epochs in 1...3 {
            options.epochs = epochs
            _ = try fixture.trainer("swa", options, validates: false).run(stop: StopSignal()) { _ in }
            after.append(try floats(fixture.files("swa").checkpoint))
            if epochs == 1 { #expect(try floats(fixture.files("swa").model) == after[0]) }
        }
        let kept = try floats(fixture.files("swa").model)
        #expect(try floats(fixture.files("swa").checkpoint, "average/") == kept)
        for (place, values) in kept.enumerated() {
            for index in values.indices {
                let mean = (after[1][place][index] + after[2][place][index]) / 2
                #expect(abs(values[index] - mean) <= 1e-6 * max(1, abs(mean)))
            }
        }
        #expect(kept != after[2])
    }

    @Test("The moving average is the plain formula's, step by step, in double precision")
    func movingAverage() {
        let layout = ParameterLayout(architecture: .waveEncoder, classes: 2)
        let (average, weights) = (WeightAverage(layout), ParameterBuffer(layout))
        let watched = [0, 20_000, layout.count - 1]
        var expected = [0.0, 0, 0]
        for count in 0..<30 {
            var random = SeededRandom(seed: UInt64(count))
            for index in 0..<layout.count { weights.values.pointer[index] = random.uniform(within: 1) }
            let decay = count == 0 ? 0 : min(0.6, Double(1 + count) / Double(10 + count))
            for (place, index) in watched.enumerated() {
                expected[place] = decay * expected[place] + (1 - decay) * Double(weights.values.pointer[index])
            }
            average.add(weights, share: WeightAverage.movingShare(decay: 0.6, count: count), threads: 1 + count % 3)
        }
        for (place, index) in watched.enumerated() {
            #expect(abs(Double(average.values.values.pointer[index]) - expected[place]) < 1e-6)
        }
    }

    @Test("A moving average that remembers nothing is the last weights; averaging changes no step of the training")
    func averagingDoesNotSteer() throws {
        let fixture = try TrainingFixture()
        var forgetful = options
        (forgetful.averaging, forgetful.averagingDecay) = (.ema, 0)
        var usual = options
        usual.averaging = .ema
        for (name, options) in [("none", options), ("forgetful", forgetful), ("ema", usual)] {
            _ = try fixture.trainer(name, options, validates: false).run(stop: StopSignal()) { _ in }
        }
        let plain = try floats(fixture.files("none").checkpoint)
        #expect(try floats(fixture.files("forgetful").model) == plain)
        #expect(try floats(fixture.files("ema").checkpoint) == plain)
        #expect(try floats(fixture.files("ema").model) != plain)
    }

    @Test("The average is what is validated", arguments: [TrainingOptions.Averaging.ema, .swa])
    func validatesTheAverage(averaging: TrainingOptions.Averaging) throws {
        let fixture = try TrainingFixture()
        var options = options
        options.averaging = averaging
        let trainer = try fixture.trainer("kept", options)
        _ = try trainer.run(stop: StopSignal()) { _ in }
        let model = try NativeModel.load(path: fixture.files("kept").model)
        let scored = try ClipScorer(engine: model, threads: 1).score(fixture.chunks("val"))
        #expect(abs(scored.loss - (trainer.best?.validationLoss ?? 0)) < 1e-9)
    }

    /// Everything on that goes together.
    private func all(_ averaging: TrainingOptions.Averaging) -> TrainingOptions {
        var options = options
        options.batch = 8
        options.teacher = "teacher.scores-cache"
        options.mixup = 0.4
        options.sampling = .balanced
        options.averaging = averaging
        options.averagingStart = 2
        options.encoderRate = 0.5
        options.waveScale = .rms
        return options
    }

    @Test(
        "With teacher, averaging, sampling and rates of its own, threads and an interruption change no byte",
        arguments: [TrainingOptions.Averaging.ema, .swa])
    func isRepeatable(averaging: TrainingOptions.Averaging) throws {
        let fixture = try TrainingFixture()
        let stage = try fixture.score(fixture.makeTeacher())
        let set = try fixture.chunks("train")
        let teacher = try fixture.teacher(stage, of: set, weight: 0.5)
        func trainer(_ name: String, _ threads: Int, _ change: (inout TrainingOptions) -> Void = { _ in }) throws
            -> Trainer
        {
            var options = all(averaging)
            change(&options)
            return try fixture.trainer(name, options, threads: threads, teacher: teacher, training: set)
        }
        _ = try trainer("whole", 1).run(stop: StopSignal()) { _ in }
        _ = try trainer("threads", 3).run(stop: StopSignal()) { _ in }
        for stopAt in [1, 5] {
            let stop = StopSignal()
            var steps = 0
            let name = "parts\(stopAt)"
            let end = try trainer(name, 2).run(stop: stop) { event in
                if case .step = event { steps += 1 }
                if steps == stopAt { stop.raise() }
            }
            #expect(end == .interrupted)
            #expect(try trainer(name, 1).run(stop: StopSignal()) { _ in } == .finished)
        }
        for name in ["threads", "parts1", "parts5"] {
            for file in [\Trainer.Files.checkpoint, \.model] {
                #expect(
                    try fixture.tensors(fixture.files(name)[keyPath: file])
                        == fixture.tensors(fixture.files("whole")[keyPath: file]), "\(name)")
            }
        }
        // Each of the options matters.
        let changes: [(String, (inout TrainingOptions) -> Void)] = [
            ("sampling", { $0.sampling = .uniform }), ("rate", { $0.encoderRate = 1 }),
            ("start", { $0.averagingStart = 1 }),
        ]
        for (name, change) in changes {
            _ = try trainer(name, 2, change).run(stop: StopSignal()) { _ in }
            #expect(
                try fixture.tensors(fixture.files(name).checkpoint)
                    != fixture.tensors(fixture.files("whole").checkpoint), "\(name)")
            #expect(throws: TrainingError.self) { try trainer("whole", 1, change) }
        }
    }

    @Test("Masks are the same on any number of threads, and make another training")
    func masksAreRepeatable() throws {
        let fixture = try TrainingFixture(clips: 2)
        var options = options
        (options.epochs, options.masksPatches) = (1, true)
        for (name, threads) in [("one", 1), ("three", 3)] {
            _ = try fixture.trainer(name, options, architecture: .yamnetProjection, threads: threads, validates: false)
                .run(stop: StopSignal()) { _ in }
        }
        options.masksPatches = false
        _ = try fixture.trainer("plain", options, architecture: .yamnetProjection, validates: false)
            .run(stop: StopSignal()) { _ in }
        let first = try fixture.tensors(fixture.files("one").model)
        #expect(try fixture.tensors(fixture.files("three").model) == first)
        #expect(try fixture.tensors(fixture.files("plain").model) != first)
    }

    @Test("A checkpoint from before an option existed is read with the option off")
    func olderCheckpoints() throws {
        let now = try JSONEncoder().encode(options)
        var object = try #require(try JSONSerialization.jsonObject(with: now) as? [String: Any])
        let younger = [
            "teacher", "teacherWeight", "masksPatches", "averaging", "averagingDecay", "averagingStart", "sampling",
            "encoderRate", "waveScale", "attentionScale",
        ]
        for key in younger { #expect(object.removeValue(forKey: key) != nil, "\(key)") }
        let older = try JSONSerialization.data(withJSONObject: object)
        #expect(try JSONDecoder().decode(TrainingOptions.self, from: older) == options)
        #expect(try JSONDecoder().decode(TrainingOptions.self, from: now) == options)
    }

    @Test("Weights of another wave or attention scale are no start for this one")
    func scalesMustAgree() throws {
        let fixture = try TrainingFixture(clips: 2)
        var options = options
        options.epochs = 1
        _ = try fixture.trainer("base", options, validates: false).run(stop: StopSignal()) { _ in }
        let parameters = ParameterBuffer(ParameterLayout(architecture: .waveEncoder, classes: 2))
        var metadata = fixture.metadata()
        #expect(try Initialization.take(from: fixture.files("base").model, into: parameters, for: metadata) > 0)
        metadata.waveScale = .rms
        let error = #expect(throws: TrainingError.self) {
            try Initialization.take(from: fixture.files("base").model, into: parameters, for: metadata)
        }
        #expect(error?.message.contains("--wave-scale none") == true)
    }
}
