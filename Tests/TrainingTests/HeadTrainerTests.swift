import Engines
import Evaluation
import Files
import Foundation
import Models
import TestSupport
import Testing
import Training

/// Training heads: what can be told apart is, and nothing but set, options and seed decides the result.
struct HeadTrainerTests {
    /// Clips of one class each, told apart by one dimension in one of their chunks, the others being noise.
    private static func set(
        clips: Int = 60, classes: Int = 3, size: Int = 8, chunks: Int = 3, strength: Float = 4,
        isEveryChunk: Bool = true,
        stream: Int = 70
    ) -> EmbeddingSet {
        var values = Seeded.uniform(stream: stream, count: clips * chunks * size)
        var made: [EmbeddingSet.Clip] = []
        for place in 0..<clips {
            let label = place % classes
            for chunk in 0..<chunks where isEveryChunk || chunk == place % chunks {
                values[(place * chunks + chunk) * size + label] += strength
            }
            made.append(
                .init(name: "\(place)", labels: [label], rows: place * chunks..<(place + 1) * chunks, seconds: 2))
        }
        return EmbeddingSet(
            classes: (0..<classes).map { "class \($0)" }, clips: made, size: size, values: values)
    }

    private static func options(_ pooling: ClipPooling, hidden: Int = 0, seed: UInt64 = 1) -> HeadOptions {
        var options = HeadOptions()
        options.pooling = pooling
        options.hidden = hidden
        options.seed = seed
        options.epochs = 40
        options.learningRate = 0.02
        return options
    }

    private static func metadata(_ set: EmbeddingSet, _ options: HeadOptions) -> HeadMetadata {
        HeadMetadata(
            baseName: "base", baseDigest: "sha256:" + String(repeating: "0", count: 64), basePath: "/base",
            basePrecision: "float32", normalization: .none, embeddingSize: set.size, hidden: options.hidden,
            pooling: options.pooling, classes: set.classes, licence: "CC0-1.0", source: "a test")
    }

    private static func topOne(_ set: EmbeddingSet, _ options: HeadOptions, _ trained: HeadTrainer.Trained) throws
        -> Double
    {
        let head = Head(metadata: metadata(set, options), parameters: trained.tensors)
        let (table, truth) = try HeadScorer(head).score(set, clips: Array(set.clips.indices))
        return try Evaluator(resamples: 0).report(table, truth: truth).truth?.topOneAccuracy ?? 0
    }

    @Test("Separable clips are all told apart", arguments: ClipPooling.allCases, [0, 16])
    func separable(pooling: ClipPooling, hidden: Int) throws {
        let set = Self.set()
        let options = Self.options(pooling, hidden: hidden)
        let trained = HeadTrainer(set, options: options, threads: 2).train(clips: Array(set.clips.indices), l2: 1e-4)
        #expect(trained.hasConverged)
        #expect(try Self.topOne(set, options, trained) == 1)
    }

    @Test("Where one chunk of several tells, the largest score and attention find it")
    func weakLabels() throws {
        let set = Self.set(clips: 120, chunks: 6, isEveryChunk: false)
        for pooling in [ClipPooling.max, .attention] {
            let options = Self.options(pooling)
            let trained = HeadTrainer(set, options: options, threads: 2).train(
                clips: Array(set.clips.indices), l2: 1e-4)
            #expect(try Self.topOne(set, options, trained) == 1, "\(pooling)")
        }
        // The chunk that tells has more of the weight than its equal share.
        let options = Self.options(.attention)
        let trained = HeadTrainer(set, options: options, threads: 1).train(clips: Array(set.clips.indices), l2: 1e-4)
        let head = Head(metadata: Self.metadata(set, options), parameters: trained.tensors)
        let scratch = Head.Scratch(head, rows: 6)
        var isFound = 0
        for (place, clip) in set.clips.enumerated() {
            var weights = [Float](repeating: 0, count: 6 * 3)
            weights.withUnsafeMutableBufferPointer {
                head.forward(set.row(clip.rows.lowerBound), count: 6, scratch, scores: nil, weights: $0.baseAddress)
            }
            let own = (0..<6).map { weights[$0 * 3 + place % 3] }
            if own.firstIndex(of: own.max() ?? 0) == place % 6 { isFound += 1 }
        }
        #expect(isFound > 100)
    }

    @Test(
        "The same seed gives the same bytes on any number of threads, another seed others",
        arguments: ClipPooling.allCases)
    func deterministic(pooling: ClipPooling) throws {
        let set = Self.set(strength: 0.5)
        let temporary = try TemporaryFolder()
        func bytes(threads: Int, hidden: Int, seed: UInt64 = 1) throws -> [UInt8] {
            let options = Self.options(pooling, hidden: hidden, seed: seed)
            let trainer = HeadTrainer(set, options: options, threads: threads)
            let folds = HeadFolds.random(labels: set.clips.map(\.labels), count: 3, seed: seed)
            let trials = hidden == 0 ? trainer.crossValidate(clips: Array(set.clips.indices), folds: folds) : []
            let l2 = HeadTrainer.best(trials)?.l2 ?? 0.01
            let trained = trainer.train(clips: Array(set.clips.indices), l2: l2)
            let path = temporary.path + "/head"
            try HeadFile.write(parameters: trained.tensors, metadata: Self.metadata(set, options), to: path)
            return try FileSystem.read(path)
        }
        for hidden in [0, 4] {
            let one = try bytes(threads: 1, hidden: hidden)
            for threads in [2, 3, 8] { #expect(try bytes(threads: threads, hidden: hidden) == one) }
        }
        #expect(try bytes(threads: 2, hidden: 4, seed: 2) != bytes(threads: 2, hidden: 4, seed: 1))
    }

    @Test("Noise is penalised strongly, what tells weakly")
    func strengthOfThePenalty() throws {
        func chosen(_ strength: Float) throws -> Double {
            let set = Self.set(clips: 90, size: 40, strength: strength)
            let trainer = HeadTrainer(set, options: HeadOptions(), threads: 2)
            let folds = HeadFolds.random(labels: set.clips.map(\.labels), count: 5, seed: 1)
            let trials = trainer.crossValidate(clips: Array(set.clips.indices), folds: folds)
            #expect(trials.map(\.l2) == HeadOptions.strengths && trials.allSatisfy { $0.loss.isFinite })
            let best = try #require(HeadTrainer.best(trials))
            #expect(trials.allSatisfy { $0.loss >= best.loss })
            // The trials of single folds add up to these.
            let first = (0..<5).map { fold in
                let held = folds.indices.filter { folds[$0] == fold }
                let loss = trainer.validate(training: folds.indices.filter { folds[$0] != fold }, validation: held)[0]
                    .loss
                return loss * Double(held.count)
            }
            #expect(abs(first.reduce(0, +) / 90 - trials[0].loss) < 1e-12)
            return best.l2
        }
        let (noise, signal) = (try chosen(0), try chosen(3))
        #expect(noise >= 0.3 && signal <= 0.1)
        let ties = [(0.1, 2.0), (1, 1), (0.3, 1)].map { HeadTrainer.Trial(l2: $0.0, loss: $0.1) }
        #expect(HeadTrainer.best(ties)?.l2 == 1)
    }

    @Test("Folds are of nearly equal size, each label in each; named folds keep equal names together")
    func folds() {
        let labels = (0..<50).map { [$0 % 5] }
        let folds = HeadFolds.random(labels: labels, count: 5, seed: 3)
        for fold in 0..<5 {
            let own = folds.indices.filter { folds[$0] == fold }
            #expect(own.count == 10 && Set(own.map { labels[$0] }).count == 5)
        }
        #expect(HeadFolds.random(labels: labels, count: 5, seed: 3) == folds)
        #expect(HeadFolds.random(labels: labels, count: 5, seed: 4) != folds)
        let named = HeadFolds.named(["b", "a", "b", "", "a"])
        #expect(named.folds == [2, 1, 2, 0, 1] && named.count == 3)
    }

    @Test("A dimension that never varies, and one on another scale, make no difference")
    func scale() throws {
        let plain = Self.set(size: 6)
        let options = HeadOptions()
        let clips = Array(plain.clips.indices)
        var values: [Float] = []
        for row in 0..<plain.rowCount {
            let own = (0..<6).map { plain.row(row)[$0] }
            values += own.enumerated().map { 128 * $1 + Float($0) } + [7]
        }
        let other = EmbeddingSet(classes: plain.classes, clips: plain.clips, size: 7, values: values)
        let scores = try [plain, other].map { set in
            let trained = HeadTrainer(set, options: options, threads: 1).train(clips: clips, l2: 0.01)
            let head = Head(metadata: Self.metadata(set, options), parameters: trained.tensors)
            return try HeadScorer(head).score(set, clips: clips).table.scores
        }
        #expect(zip(scores[0], scores[1]).allSatisfy { abs($0 - $1) < 1e-3 })
    }

    @Test("Balanced weights let a rare class be learned in spite of the penalty")
    func balanced() {
        // Nine clips of one class for each of the other.
        let noise = Seeded.uniform(stream: 80, count: 100 * 4)
        let clips = (0..<100).map {
            EmbeddingSet.Clip(name: "\($0)", labels: [$0 % 10 == 0 ? 1 : 0], rows: $0..<$0 + 1, seconds: 1)
        }
        let set = EmbeddingSet(classes: ["often", "rare"], clips: clips, size: 4, values: noise)
        func size(_ weights: TrainingOptions.ClassWeights, of place: Int) -> Float {
            var options = HeadOptions()
            options.classWeights = weights
            let trained = HeadTrainer(set, options: options, threads: 1).train(clips: Array(0..<100), l2: 0.1)
            return (0..<4).reduce(0) { $0 + abs(trained.parameters[$1 * 2 + place]) }
        }
        #expect(size(.balanced, of: 1) > 1.2 * size(.none, of: 1))
        #expect(size(.balanced, of: 0) < size(.none, of: 0))
    }
}
