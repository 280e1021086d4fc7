import Corpora
import Engines
import Files
import Foundation
import Models
import Pipeline
import Testing
import Training

/// What a student learns from a teacher's chunk scores, and what is refused.
struct TeacherTests {
    private func targets(
        _ teacher: TeacherScores, _ set: ChunkSet, _ chunk: Int, labels: [Int]?
    ) throws -> (targets: [Float], weights: [Float]) {
        var (targets, weights) = (
            [Float](repeating: .nan, count: set.classes.count), [Float](repeating: .nan, count: set.classes.count)
        )
        var scratch = [Float](repeating: .nan, count: teacher.scratch)
        try teacher.fill(
            set.place(of: chunk), labels: labels, targets: &targets, weights: &weights, scratch: &scratch)
        return (targets, weights)
    }

    @Test("Targets are the teacher's scores of the same chunk, mixed with the labels by the weight")
    func mixesTargets() throws {
        let fixture = try TrainingFixture(clips: 3)
        let stage = try fixture.score(fixture.makeTeacher())
        // A class that the teacher does not know, between the two that it knows, in another order.
        let set = try fixture.chunks("train", classes: ["Noise", "Bird", "Hum"])
        let teacher = try fixture.teacher(stage, of: set, weight: 0.25)
        #expect(teacher.heard == (0..<Int32(set.chunkCount)).map { $0 } && teacher.skippedChunks == 0)
        let session = try NativeModel.load(path: fixture.files("teacher").model).makeSession(maxBatch: 1)
        var wave = [Float](repeating: 0, count: 16_000)
        var scores: [Float] = [0, 0]
        for chunk in 0..<set.chunkCount {
            try set.fill(chunk, mel: nil, wave: &wave)
            try session.forward(mel: nil, wave: wave, count: 1, embeddings: nil, scores: &scores)
            let expected = [scores[1], scores[0]]
            let alone = try targets(teacher, set, chunk, labels: nil)
            #expect([alone.targets[0], alone.targets[2]] == expected, "chunk \(chunk)")
            #expect(alone.weights == [1, 0, 1])
            let mixed = try targets(teacher, set, chunk, labels: [0, 1])
            #expect(abs(mixed.targets[0] - (0.75 + 0.25 * expected[0])) < 1e-6)
            #expect(mixed.targets[1] == 1 && mixed.weights == [1, 0.75, 1])
            #expect(abs(mixed.targets[2] - 0.25 * expected[1]) < 1e-6)
        }
    }

    @Test("Classes are matched by map, name and identifier; the highest of several counts, and what is left is counted")
    func matchesClasses() throws {
        let student = ClassNames(["Dog", "Rain", "Bird"], identifiers: ["/m/1", "/m/2", "/m/3"])
        let names = ["Dog", "Rainfall", "Drizzle", "Car"]
        func matched(_ identifiers: [String], _ map: String? = nil) throws -> TeacherClasses {
            try TeacherClasses(
                student: student, names: names, identifiers: identifiers, stage: "t",
                map: map.map { try LabelMap(bytes: Array($0.utf8), file: "map.csv", names: student) })
        }
        #expect(try matched([]).columns == [[0], [], []])
        let byIdentifier = try matched(["/m/9", "/m/2", "", "/m/8"])
        #expect(byIdentifier.columns == [[0], [1], []] && byIdentifier.unused == 2)
        let mapped = try matched([], "Rainfall,Rain\nDrizzle,Rain,Bird\nCar\nTrain,Dog\n")
        #expect(mapped.columns == [[0], [1, 2], [2]] && mapped.unused == 1)
        #expect(mapped.untaught.isEmpty && mapped.unknown == ["Train"])
        let lines = try matched([], "Drizzle,Rain\nTrain,Dog\n").lines(teacher: "t", weight: 0.5)
        #expect(
            lines == [
                "teacher t: 2 of 3 classes learnt from 2 of its 4 classes",
                "1 class without a teacher, learnt from labels alone with weight 0.5: 'Bird'",
                "1 label of the label map that the teacher does not have: 'Train'",
            ], "\(lines)")
        #expect(throws: TrainingError.self) {
            try TeacherClasses(student: student, names: ["Car", "Bus"], identifiers: [], stage: "t", map: nil)
        }
    }

    @Test("A student without labels comes to score as its teacher does")
    func learnsWithoutLabels() throws {
        let fixture = try TrainingFixture()
        let stage = try fixture.score(fixture.makeTeacher())
        let set = try fixture.chunks("train", areLabelled: false)
        let teacher = try fixture.teacher(stage, of: set)
        var options = TrainingOptions()
        (options.epochs, options.batch, options.learningRate) = (10, 4, 3e-3)
        options.teacher = stage.name
        let trainer = try fixture.trainer(
            "student", options, validates: false, teacher: teacher, training: set)
        var losses: [Double] = []
        _ = try trainer.run(stop: StopSignal()) { if case .epoch(let record, _) = $0 { losses.append(record.loss) } }
        // The loss cannot fall below the entropy of the teacher's own scores.
        var floor = 0.0
        for chunk in 0..<set.chunkCount {
            for p in try targets(teacher, set, chunk, labels: nil).targets.map(Double.init) {
                floor -= p * log(p) + (1 - p) * log(1 - p)
            }
        }
        floor /= Double(set.chunkCount * set.classes.count)
        #expect(losses.count == 10 && losses.allSatisfy { $0 > floor })
        #expect(losses[9] - floor < 0.25 * (losses[0] - floor), "\(losses), at least \(floor)")
    }

    @Test("The gradient is the slope of the loss, with a teacher, labels, mixup, a skipped class and unlabelled clips")
    func gradientIsTheSlope() throws {
        let fixture = try TrainingFixture(clips: 3)
        let stage = try fixture.score(fixture.makeTeacher())
        var entries = fixture.entries.filter { $0.split == "train" }
        entries[0].labels = []
        let set = try ChunkSet(
            entries, classes: ["Noise", "Bird", "Hum"], cache: fixture.cache, architecture: .waveEncoder, overlap: 0.5,
            normalization: .chunkMean)
        #expect(set.unlabelledClips == 1)
        let teacher = try fixture.teacher(stage, of: set, weight: 0.6)
        let parameters = ParameterBuffer(ParameterLayout(architecture: .waveEncoder, classes: 3))
        Initialization.fill(parameters, seed: 3)
        let network = TrainableNetwork(parameters: parameters)
        let runner = BatchRunner(
            network: network, set: set, batch: set.chunkCount, threads: 1,
            augmentation: Augmentation.mixup(alpha: 0.4, seed: 5), classWeights: [1, 2, 0.5], teacher: teacher)
        let order = EpochOrder(count: set.chunkCount, seed: 1, epoch: 1)
        func loss() throws -> Double {
            network.load()
            return try runner.run(0..<set.chunkCount, of: order, epoch: 1)
        }
        _ = try loss()
        let gradients = network.layout.parameters.map { ($0, runner.groups[0].floats($0)) }
        #expect(runner.groups.count == 1)
        for (parameter, gradient) in gradients {
            let largest = Double(gradient.map(abs).max() ?? 0)
            #expect(largest > 0, "\(parameter.name)")
            // The value whose slope is steepest: differences of single-precision losses are coarse.
            let index = gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) } ?? 0
            let values = parameters.pointer(parameter.name)
            let (kept, step) = (values[index], Float(0x1p-6))
            values[index] = kept + step
            let above = try loss()
            values[index] = kept - step
            let below = try loss()
            values[index] = kept
            let slope = (above - below) / Double(2 * step)
            #expect(abs(slope - Double(gradient[index])) < 0.02 * largest, "\(parameter.name)[\(index)]")
        }
    }

    @Test("Chunks that the teacher skipped are left out and counted")
    func leavesSkippedChunksOut() throws {
        let fixture = try TrainingFixture(clips: 2, silence: 32_000)
        let stage = try fixture.score(fixture.makeTeacher(), skipBelow: -60)
        let set = try fixture.chunks("train")
        let teacher = try fixture.teacher(stage, of: set, weight: 0.5)
        // 13,800 samples of sound, so every chunk from the third on is silent.
        let perClip = Int32(set.chunkCount / 2)
        #expect(teacher.heard == [0, 1, perClip, perClip + 1])
        #expect(teacher.skippedChunks == set.chunkCount - 4)
        var options = TrainingOptions()
        (options.epochs, options.batch) = (1, 4)
        var steps = 0
        _ = try fixture.trainer("s", options, validates: false, teacher: teacher, training: set)
            .run(stop: StopSignal()) { event in
                if case .step(_, _, let all, let loss, _) = event {
                    steps = all
                    #expect(loss.isFinite)
                }
            }
        #expect(steps == 1)
    }

    @Test("Other chunks, clips without scores, and a stage that keeps no scores are refused with the reason")
    func refusals() throws {
        let fixture = try TrainingFixture(clips: 2)
        let model = try fixture.makeTeacher()
        let other = try fixture.score(model, overlap: 0.75)
        let set = try fixture.chunks("train")
        let error = #expect(throws: TrainingError.self) { try fixture.teacher(other, of: set) }
        #expect(error?.category == .usage)
        #expect(error?.message.contains("begins every 0.25 s, expected chunks of 1.0 s every 0.5 s") == true)
        #expect(error?.message.contains("--overlap") == true, "\(error?.message ?? "")")
        #expect(try fixture.teacher(other, of: fixture.chunks("train", overlap: 0.75)).skippedChunks == 0)

        let ledger = try fixture.cache.reading()
        let mel = try #require(try ledger.stages().first { $0.kind == "mel" })
        #expect(throws: TrainingError.self) {
            try TeacherStage(name: "mel-cache", stage: mel, identifiers: [], ledger: ledger)
        }

        // A clip that the features know, and the teacher's pipeline never saw.
        let all = fixture.entries
        let part = try TrainingFixture(clips: 2)
        let stage = try part.score(part.makeTeacher(), of: Array(all.dropLast()))
        let missing = #expect(throws: TrainingError.self) { try part.teacher(stage, of: part.chunks("train")) }
        #expect(
            missing?.message.contains("clip 'Noise1' has no scores of teacher") == true, "\(missing?.message ?? "")")
    }

    @Test("With --sampling balanced, a clip without labels is refused; so are two kinds of targets for silence")
    func refusesWhatDoesNotGoTogether() throws {
        let fixture = try TrainingFixture(clips: 2)
        let stage = try fixture.score(fixture.makeTeacher())
        let set = try fixture.chunks("train", areLabelled: false)
        let teacher = try fixture.teacher(stage, of: set)
        let changes: [(inout TrainingOptions) -> Void] = [{ $0.sampling = .balanced }, { $0.silence = .unlabelled }]
        for change in changes {
            var options = TrainingOptions()
            change(&options)
            let error = #expect(throws: TrainingError.self) {
                try fixture.trainer("no", options, validates: false, teacher: teacher, training: set)
            }
            #expect(error?.category == .usage)
        }
    }
}
