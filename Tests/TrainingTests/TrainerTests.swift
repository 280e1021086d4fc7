import Engines
import Evaluation
import Files
import Foundation
import Models
import Pipeline
import Testing
import Training

/// Whole trainings of small networks on small corpora.
struct TrainerTests {
    private var options: TrainingOptions {
        var options = TrainingOptions()
        options.epochs = 3
        options.batch = 24
        options.learningRate = 1e-3
        return options
    }

    @Test("The same seed gives the same weights, whatever the number of threads; another seed gives others")
    func threadsDoNotMatter() throws {
        let fixture = try TrainingFixture()
        var other = options
        other.seed = 2
        for (name, options, threads) in [("one", options, 1), ("three", options, 3), ("other", other, 1)] {
            let end = try fixture.trainer(name, options, threads: threads).run(stop: StopSignal()) { _ in }
            #expect(end == .finished)
        }
        let first = try fixture.tensors(fixture.files("one").checkpoint)
        #expect(try fixture.tensors(fixture.files("three").checkpoint) == first)
        #expect(try fixture.tensors(fixture.files("other").checkpoint) != first)
    }

    @Test("A training that was interrupted ends with the weights of one that was not", arguments: [1, 4])
    func resumes(stopAfterSteps: Int) throws {
        let fixture = try TrainingFixture()
        var options = options
        options.batch = 8
        options.gain = 6
        options.mixup = 0.4
        options.schedule = .cosine
        _ = try fixture.trainer("whole", options).run(stop: StopSignal()) { _ in }
        let stop = StopSignal()
        var steps = 0
        let end = try fixture.trainer("parts", options).run(stop: stop) { event in
            if case .step = event { steps += 1 }
            if steps == stopAfterSteps { stop.raise() }
        }
        #expect(end == .interrupted)
        let again = try fixture.trainer("parts", options)
        #expect(again.epochsDone < options.epochs)
        #expect(try again.run(stop: StopSignal()) { _ in } == .finished)
        for file in [\Trainer.Files.checkpoint, \.model] {
            #expect(
                try fixture.tensors(fixture.files("parts")[keyPath: file])
                    == fixture.tensors(fixture.files("whole")[keyPath: file]))
        }
        #expect(try fixture.trainer("parts", options).run(stop: StopSignal()) { _ in } == .nothingToDo)
    }

    @Test("More epochs go on from the last one, to the weights of a training that long", .timeLimit(.minutes(5)))
    func goesFurther() throws {
        let fixture = try TrainingFixture()
        var short = options
        short.epochs = 1
        _ = try fixture.trainer("short", short).run(stop: StopSignal()) { _ in }
        _ = try fixture.trainer("short", options).run(stop: StopSignal()) { _ in }
        _ = try fixture.trainer("long", options).run(stop: StopSignal()) { _ in }
        #expect(
            try fixture.tensors(fixture.files("short").checkpoint) == fixture.tensors(fixture.files("long").checkpoint))
    }

    @Test(
        "Every architecture learns to tell two sounds apart", arguments: [Architecture.lean, .leanMean, .waveEncoder])
    func learns(architecture: Architecture) throws {
        let fixture = try TrainingFixture()
        var options = options
        options.epochs = 8
        var losses: [Double] = []
        let trainer = try fixture.trainer("learn", options, architecture: architecture)
        _ = try trainer.run(stop: StopSignal()) { if case .epoch(let record, _) = $0 { losses.append(record.loss) } }
        #expect(losses.count == 8)
        #expect(losses[7] < 0.5 * losses[0])
        #expect(trainer.best?.validationMAP == 1)
        let history = String(decoding: try FileSystem.read(fixture.files("learn").history), as: UTF8.self)
        #expect(history.split(separator: "\n").count == 9)
        #expect(history.hasPrefix(EpochRecord.columns + "\n1,"))
    }

    @Test("The model that is kept scores as its validation said")
    func keptModelIsTheBest() throws {
        let fixture = try TrainingFixture()
        let trainer = try fixture.trainer("kept", options)
        _ = try trainer.run(stop: StopSignal()) { _ in }
        let model = try NativeModel.load(path: fixture.files("kept").model)
        let scored = try ClipScorer(engine: model, threads: 1).score(fixture.chunks("val"))
        let report = try Evaluator(resamples: 0).report(scored.table, truth: scored.truth)
        #expect(report.truth?.meanAveragePrecision == trainer.best?.validationMAP)
        #expect(abs(scored.loss - (trainer.best?.validationLoss ?? 0)) < 1e-9)
    }

    @Test("Early stopping ends a training that gets no better, for good")
    func stopsEarly() throws {
        let fixture = try TrainingFixture()
        var options = options
        options.epochs = 50
        options.patience = 1
        // So small that single precision cannot take the step.
        options.learningRate = 1e-9
        let trainer = try fixture.trainer("early", options)
        #expect(try trainer.run(stop: StopSignal()) { _ in } == .stoppedEarly)
        #expect(trainer.epochsDone < 50)
        #expect(try fixture.trainer("early", options).run(stop: StopSignal()) { _ in } == .nothingToDo)
    }

    @Test("A loss that is no number stops the training, names the batch and keeps the last good checkpoint")
    func nanStops() throws {
        let fixture = try TrainingFixture()
        var options = options
        options.epochs = 1
        _ = try fixture.trainer("nan", options).run(stop: StopSignal()) { _ in }
        let before = try fixture.tensors(fixture.files("nan").checkpoint)
        // The checkpoint's own bytes, but for one weight that is so large that the next loss overflows.
        var bytes = try FileSystem.read(fixture.files("nan").checkpoint)
        let file = try ModelFile(path: fixture.files("nan").checkpoint)
        let start = bytes.count - before.count + (file.tensors["head/w"]?.range.lowerBound ?? 0)
        for place in 0..<512 {
            bytes.replaceSubrange(start + 4 * place..<start + 4 * place + 4, with: [0, 0, 0x7f, 0x7f])
        }
        TrainingFixture.withoutDigest(&bytes)
        try FileSystem.write(fixture.files("nan").checkpoint) { try $0(bytes[...]) }
        options.epochs = 2
        let trainer = try fixture.trainer("nan", options)
        let error = #expect(throws: TrainingError.self) { try trainer.run(stop: StopSignal()) { _ in } }
        #expect(error?.description.contains("batch 1 of epoch 2") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("epoch 1 is kept") == true)
        #expect(try FileSystem.read(fixture.files("nan").checkpoint) == bytes)
    }

    @Test("A checkpoint of another training is refused with the reason")
    func refusesOthers() throws {
        let fixture = try TrainingFixture()
        _ = try fixture.trainer("first", options).run(stop: StopSignal()) { _ in }
        var other = options
        other.seed = 9
        #expect(throws: TrainingError.self) { try fixture.trainer("first", other) }
        #expect(throws: TrainingError.self) { try fixture.trainer("first", options, validates: false) }
        try FileSystem.write(fixture.files("first").checkpoint) { try $0([1, 2, 3]) }
        #expect(throws: ModelError.self) { try fixture.trainer("first", options) }
    }

    @Test("Weights of a model file are taken over where name and shape fit, the trunk frozen stays as it was")
    func startsFromModel() throws {
        let fixture = try TrainingFixture(clips: 2)
        var options = options
        options.epochs = 1
        _ = try fixture.trainer("base", options, architecture: .yamnetProjection).run(stop: StopSignal()) { _ in }
        options.freezesTrunk = true
        let base = try ModelFile(path: fixture.files("base").model)
        let trainer = try fixture.trainer(
            "lean", options, architecture: .lean, initial: fixture.files("base").model)
        _ = try trainer.run(stop: StopSignal()) { _ in }
        let lean = try ModelFile(path: fixture.files("lean").model)
        let trunk = try #require(base.layout["pw7/w"])
        let projection = try #require(base.layout["projection/w"])
        #expect(try lean.floats(trunk) == base.floats(trunk))
        #expect(try lean.floats(projection) != base.floats(projection))
        #expect(throws: TrainingError.self) {
            try fixture.trainer("wave", options, architecture: .waveEncoder, initial: fixture.files("base").model)
        }
    }
}
