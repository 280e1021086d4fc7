import Engines
import Errors
import Features
import Files
import Foundation
import Models
import TestSupport
import Testing

/// A card's model: its graph held against the card, and what it makes of the graph's tensors.
struct CardModelTests {
    private static let wave = "reads: wave, tensor: in, rate: 8000, chunk: 40"
    /// 5 frames of 3 bands.
    private static let mel = "reads: mel, preset: yamnet, rate: 8000, high: 3500, bands: 3, patch: 5"

    private func load(
        _ graph: FakeGraph, input: String = Self.wave, outputs: String = "scores: {activation: none}",
        classes: String? = "[a, b, c]", more: String = ""
    ) throws -> CardModel {
        let folder = try TemporaryFolder()
        try folder.put("net.onnx", CardFixture.bytes)
        let card = try folder.put(
            "card.yaml", CardFixture.yaml(input: input, outputs: outputs, classes: classes, more: more))
        return try CardProvider { _, _ in FakeForeignEngine(graph) }.model(card)
    }

    private func run(
        _ model: CardModel, mel: [Float]? = nil, wave: [Float]? = nil, count: Int, maxBatch: Int = 64
    ) throws -> (scores: [Float], embeddings: [Float]) {
        let session = try model.makeSession(maxBatch: maxBatch)
        var scores = [Float](repeating: -7, count: count * model.model.classCount)
        var embeddings = [Float](repeating: -7, count: count * model.model.embeddingSize)
        try session.forward(mel: mel, wave: wave, count: count, embeddings: &embeddings, scores: &scores)
        return (scores, embeddings)
    }

    private static func noise(_ count: Int, seed: UInt64 = 1) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 32)) / 4_294_967_296
        }
    }

    /// Of samples: the first, the middle and the last of each chunk, each to the power of two.
    private static func squares(_ batch: Int? = nil) -> FakeGraph {
        FakeGraph(input: [batch, 40], outputs: ["out"], shapes: { [[$0[0], 3]] }) { values, shape in
            [(0..<shape[0]).flatMap { row in [0, 20, 39].map { values[row * 40 + $0] * values[row * 40 + $0] } }]
        }
    }

    @Test("The description comes from the card alone, without file and engine; the model's is the same")
    func describes() throws {
        let folder = try TemporaryFolder()
        let card = try folder.put(
            "card.yaml",
            CardFixture.yaml(
                input: Self.mel, outputs: "scores: {activation: sigmoid, tensor: s}, embeddings: {size: 2, tensor: e}",
                more: "threshold: 0.25"))
        struct NoEngine: Error {}
        let provider = CardProvider { _, _ in throw NoEngine() }
        let told = try provider.describe(card)
        #expect(provider.accepts(card) && provider.accepts("X.YML") && !provider.accepts("net.onnx"))
        #expect(told.inputs == .mel && told.rate == 8000 && told.chunk == 16_000 && told.hop == 16_000)
        #expect(told.frontEnd?.bands == 3 && told.patchSize == 15 && told.embeddingSize == 2)
        #expect(told.classes == ["a", "b", "c"] && told.thresholds == ["a": 0.25, "b": 0.25, "c": 0.25])
        #expect(message { _ = try provider.load(card) }?.contains("not beside the card") == true)
        try folder.put("net.onnx", CardFixture.bytes)
        #expect(throws: NoEngine.self) { try provider.load(card) }
        #expect(try provider.digest(card) == ModelDigest.ofScores(card))
        let asked = try folder.put(
            "asked.yaml",
            CardFixture.yaml(input: Self.wave, outputs: "scores: {activation: none}", more: "engine: onnx-runtime"))
        let text = try #require(message { _ = try provider.describe(asked) })
        #expect(text.hasPrefix("\(asked):9: ") && text.contains("is 'onnxruntime' meant?"), "\(text)")
        #expect(message { _ = try provider.load(card, precision: .int8) }?.contains("no choice of precision") == true)
    }

    /// Where a chunk's frame and band are in a tensor of a layout.
    private static func place(_ layout: [String], _ shape: [Int], _ chunk: Int, _ frame: Int, _ band: Int) -> Int {
        zip(layout, shape).reduce(0) { at, axis in
            let index = ["batch": chunk, "frames": frame, "bands": band, "1": 0][axis.0] ?? 0
            return at * axis.1 + index
        }
    }

    @Test(
        "A patch arrives where the layout says",
        arguments: [
            ["batch", "frames", "bands"], ["batch", "bands", "frames"], ["batch", "1", "frames", "bands"],
            ["1", "bands", "1", "frames", "batch"], ["frames", "bands"], ["bands", "1", "frames"],
        ])
    func inputLayouts(layout: [String]) throws {
        let lengths: [String: Int?] = ["batch": nil, "frames": 5, "bands": 3, "1": 1]
        // Each class is one value of the patch: the first frame's bands, plus ten times the last frame's.
        let graph = FakeGraph(
            input: layout.map { lengths[$0] ?? nil }, outputs: ["out"],
            shapes: { shape in [[layout.firstIndex(of: "batch").map { shape[$0] } ?? 1, 3]] }
        ) { values, shape in
            let batch = layout.firstIndex(of: "batch").map { shape[$0] } ?? 1
            return [
                (0..<batch).flatMap { chunk in
                    (0..<3).map { band in
                        values[Self.place(layout, shape, chunk, 0, band)]
                            + 10 * values[Self.place(layout, shape, chunk, 4, band)]
                    }
                }
            ]
        }
        let patches = Self.noise(7 * 15).map { abs($0) / 16 }
        var wanted: [Float] = []
        for chunk in 0..<7 {
            for band in 0..<3 {
                let (first, last): (Float, Float) = (patches[chunk * 15 + band], patches[chunk * 15 + 12 + band])
                wanted.append((first * 2 + 0.01) + 10 * (last * 2 + 0.01))
            }
        }
        for batch in layout.contains("batch") ? [1, 2, 5] : [1] {
            let model = try load(
                graph,
                input: Self.mel + ", scale: 2, add: 0.01, layout: [\(layout.joined(separator: ", "))]"
                    + (batch > 1 ? ", batch: \(batch)" : ""))
            #expect(model.chunksInCall == batch)
            #expect(try run(model, mel: patches, count: 7).scores == wanted)
        }
    }

    @Test("Samples lose their mean and get their peak, where the card says so")
    func levels() throws {
        let graph = Self.squares()
        let samples = Self.noise(80)
        for (words, removes, peak) in [
            ("", false, nil), (", mean: remove", true, nil), (", peak: 0.5", false, 0.5),
            (", mean: remove, peak: 0.25", true, 0.25),
        ] as [(String, Bool, Double?)] {
            let found = try run(load(graph, input: Self.wave + words), wave: samples, count: 2).scores
            for chunk in 0..<2 {
                var values = samples[chunk * 40..<chunk * 40 + 40].map(Double.init)
                let mean = removes ? values.reduce(0, +) / 40 : 0
                values = values.map { $0 - mean }
                if let peak {
                    let loudest = values.map(abs).max() ?? 1
                    values = values.map { $0 * peak / loudest }
                }
                for (place, index) in [0, 20, 39].enumerated() {
                    #expect(abs(Double(found[chunk * 3 + place]) - values[index] * values[index]) < 1e-6, "\(words)")
                }
            }
        }
        let silence = try run(
            load(graph, input: Self.wave + ", mean: remove, peak: 1"), wave: [Float](repeating: 0.5, count: 40),
            count: 1)
        #expect(silence.scores == [0, 0, 0])
    }

    @Test(
        "Frames go through the activation and are pooled, in any layout",
        arguments: [
            "batch frames classes", "batch classes frames", "frames batch classes", "batch 1 classes 1 frames",
        ],
        ["mean", "max"])
    func outputLayouts(layout: String, pooling: String) throws {
        let axes = layout.split(separator: " ").map(String.init)
        let shape: @Sendable (Int) -> [Int] = { batch in
            axes.map { ["batch": batch, "frames": 4, "classes": 3, "1": 1][$0] ?? 0 }
        }
        // Logits by formula of a chunk's first sample.
        let logit: @Sendable (Float, Int, Int) -> Float = { sample, frame, column in
            sample * Float(frame + 1) - Float(column)
        }
        let graph = FakeGraph(input: [nil, 40], outputs: ["out"], shapes: { [shape($0[0])] }) { values, input in
            var tensor = [Float](repeating: .nan, count: input[0] * 12)
            for chunk in 0..<input[0] {
                for frame in 0..<4 {
                    for column in 0..<3 {
                        let place = zip(axes, shape(input[0])).reduce(0) { at, axis in
                            at * axis.1 + (["batch": chunk, "frames": frame, "classes": column][axis.0] ?? 0)
                        }
                        tensor[place] = logit(values[chunk * 40], frame, column)
                    }
                }
            }
            return [tensor]
        }
        let samples = Self.noise(5 * 40)
        for activation in ["sigmoid", "softmax"] {
            let model = try load(
                graph, input: Self.wave + ", batch: 2",
                outputs: "scores: {activation: \(activation), pooling: \(pooling), "
                    + "layout: [\(axes.joined(separator: ", "))]}")
            let found = try run(model, wave: samples, count: 5).scores
            for chunk in 0..<5 {
                let frames = (0..<4).map { frame -> [Double] in
                    let logits = (0..<3).map { Double(logit(samples[chunk * 40], frame, $0)) }
                    let exponentials = logits.map { exp($0) }
                    return activation == "sigmoid"
                        ? logits.map { 1 / (1 + exp(-$0)) } : exponentials.map { $0 / exponentials.reduce(0, +) }
                }
                for column in 0..<3 {
                    let values = frames.map { $0[column] }
                    let wanted = pooling == "mean" ? values.reduce(0, +) / 4 : values.max() ?? 0
                    #expect(abs(Double(found[chunk * 3 + column]) - wanted) < 1e-6)
                }
            }
        }
    }

    @Test("A chunk's results are the same in any batch, and a batch that is not full is filled with zeros")
    func batches() throws {
        let samples = Self.noise(9 * 40)
        let alone = try (0..<9).flatMap {
            try run(load(Self.squares()), wave: Array(samples[$0 * 40..<$0 * 40 + 40]), count: 1).scores
        }
        for (graph, words) in [
            (Self.squares(), ""), (Self.squares(), ", batch: 4"), (Self.squares(3), ""),
            (Self.squares(3), ", batch: 3"),
        ] {
            let model = try load(graph, input: Self.wave + words)
            for count in 1...9 {
                let found = try run(model, wave: samples, count: count, maxBatch: 9).scores
                #expect(found == Array(alone[..<(count * 3)]))
            }
        }
        let session = try load(Self.squares()).makeSession(maxBatch: 2)
        var scores = [Float](repeating: 0, count: 9)
        #expect(throws: InferenceError.self) {
            try session.forward(mel: nil, wave: samples, count: 3, embeddings: nil, scores: &scores)
        }
        #expect(throws: InferenceError.self) {
            try session.forward(mel: samples, wave: nil, count: 1, embeddings: nil, scores: &scores)
        }
        #expect(throws: InferenceError.self) { try load(Self.squares()).makeSession(maxBatch: 0) }
    }

    /// A graph whose kernels let a chunk's last bits depend on its neighbours, or on its place.
    private static func unsound(_ batch: Int?, byPlace: Bool) -> FakeGraph {
        FakeGraph(input: [batch, 40], outputs: ["out"], shapes: { [[$0[0], 3]] }) { values, shape in
            let others = values.reduce(0, +)
            return [
                (0..<shape[0]).flatMap { row in
                    (0..<3).map { column in
                        abs(values[row * 40 + column]) + (byPlace ? Float(row) : others) * 1e-6
                    }
                }
            ]
        }
    }

    @Test("A batch in which chunks depend on each other is refused, or run with one chunk in each call")
    func unsoundBatches() throws {
        for byPlace in [false, true] {
            let text = try #require(
                message { _ = try load(Self.unsound(nil, byPlace: byPlace), input: Self.wave + ", batch: 4") })
            #expect(text.contains("its place or on its neighbours") && text.contains("'batch: 1'"), "\(text)")
            #expect(try load(Self.unsound(nil, byPlace: byPlace)).chunksInCall == 1)
            let model = try load(Self.unsound(4, byPlace: byPlace))
            #expect(model.chunksInCall == 1)
            let samples = Self.noise(5 * 40)
            let together = try run(model, wave: samples, count: 5).scores
            let alone = try (0..<5).flatMap {
                try run(model, wave: Array(samples[$0 * 40..<$0 * 40 + 40]), count: 1).scores
            }
            #expect(together == alone)
        }
    }

    /// A graph that mixes the chunks of a batch only if a condition holds of them.
    private static func mixing(
        _ batch: Int? = nil, _ shape: [Int] = [40], when isSo: @escaping @Sendable (_ chunks: [[Float]]) -> Bool
    ) -> FakeGraph {
        let size = shape.reduce(1, *)
        let whole: [Int?] = [batch] + shape.map { Optional($0) }
        return FakeGraph(input: whole, outputs: ["out"], shapes: { [[$0[0], 3]] }) { values, input in
            let chunks = (0..<input[0]).map { Array(values[$0 * size..<($0 + 1) * size]) }
            let more: Float = isSo(chunks) ? 0.25 : 0
            return [chunks.flatMap { chunk in (0..<3).map { chunk[$0] / 4 + more } }]
        }
    }

    private static func peak(_ values: [Float]) -> Float { values.map { abs($0) }.max() ?? 0 }

    @Test("A graph that mixes its chunks at some level only is found out")
    func mixingLevels() throws {
        let conditions: [(name: String, isSo: @Sendable ([[Float]]) -> Bool)] = [
            ("a loud sample", { $0.contains { Self.peak($0) > 0.7 } }),
            ("a silent chunk", { $0.contains { Self.peak($0) == 0 } }),
            ("silence alone", { $0.allSatisfy { Self.peak($0) == 0 } }),
            ("a quiet chunk", { $0.contains { (0.000_1..<0.01).contains(Self.peak($0)) } }),
            ("quiet chunks alone", { $0.allSatisfy { Self.peak($0) < 0.01 } }),
            ("no loud chunk", { $0.allSatisfy { Self.peak($0) < 0.7 } }),
        ]
        for (name, isSo) in conditions {
            for batch in [2, 3, 4, 7] {
                let text = message { _ = try load(Self.mixing(when: isSo), input: Self.wave + ", batch: \(batch)") }
                #expect(text?.contains("its place or on its neighbours") == true, "\(name), batch \(batch)")
                #expect(try load(Self.mixing(batch, when: isSo)).chunksInCall == 1, "\(name), batch \(batch)")
            }
        }
        // Levels are those of what the graph reads.
        let scaled = message {
            _ = try load(
                Self.mixing { $0.contains { Self.peak($0) > 23_000 } }, input: Self.wave + ", scale: 32768, batch: 4")
        }
        #expect(scaled?.contains("its place or on its neighbours") == true)
        let mel = message {
            _ = try load(
                Self.mixing(nil, [5, 3]) { $0.contains { ($0.max() ?? 0) > 3 } },
                input: Self.mel + ", layout: [batch, frames, bands], batch: 4")
        }
        #expect(mel?.contains("its place or on its neighbours") == true)
        // The check is no obstacle to a sound graph, also where it gives no number.
        for batch in [2, 3, 4, 7] {
            #expect(try load(Self.mixing(batch) { _ in true }).chunksInCall == batch)
            let undefined = FakeGraph(input: [batch, 40], outputs: ["out"], shapes: { [[$0[0], 3]] }) { values, shape in
                [(0..<shape[0] * 3).map { 0 / values[$0 / 3 * 40] }]
            }
            #expect(try load(undefined).chunksInCall == batch)
        }
    }

    @Test("Scores that are not 0 to 1 fail their batch; what is no number is passed on, also through pooling")
    func odd() throws {
        let graph = { (value: Float) in
            FakeGraph(input: [nil, 40], outputs: ["out"], shapes: { [[$0[0], 2, 3]] }) { _, shape in
                [(0..<shape[0]).flatMap { _ in [0.5, 0.25, 0.5, 0.5, value, 0.5] as [Float] }]
            }
        }
        for pooling in ["mean", "max"] {
            let outputs = "scores: {activation: none, layout: [batch, frames, classes], pooling: \(pooling)}"
            func scores(_ value: Float, _ activation: String = "none") throws -> [Float] {
                try run(
                    load(graph(value), outputs: outputs.replacing("none", with: activation)), wave: Self.noise(40),
                    count: 1
                ).scores
            }
            #expect(try scores(.nan)[1].isNaN && scores(.nan)[0] == 0.5)
            #expect(try scores(.nan, "sigmoid")[1].isNaN && scores(.nan, "softmax").contains { $0.isNaN })
            #expect(try !scores(.infinity)[1].isFinite)
            let text = try #require(message { _ = try scores(7) })
            #expect(text.contains("'b'") && text.contains("expected 0 to 1"), "\(text)")
        }
        let close = FakeGraph(input: [nil, 40], outputs: ["out"], shapes: { [[$0[0], 3]] }) { _, shape in
            [(0..<shape[0]).flatMap { _ in [1.000_001, -0.000_001, 0.5] as [Float] }]
        }
        #expect(try run(load(close), wave: Self.noise(40), count: 1).scores == [1, 0, 0.5])
    }

    @Test("Embeddings alone, and outputs that the card does not name")
    func outputs() throws {
        let graph = FakeGraph(
            input: [nil, 40], outputs: ["spare", "e", "s"], shapes: { [[$0[0], 40], [$0[0], 2], [$0[0], 3]] }
        ) { values, shape in
            [
                values, (0..<shape[0]).flatMap { [values[$0 * 40], 2] }, (0..<shape[0]).flatMap { _ in [0, 0.5, 1] },
            ]
        }
        let samples = Self.noise(120)
        let both = try load(
            graph, outputs: "scores: {tensor: s, activation: none}, embeddings: {tensor: e, size: 2}")
        let found = try run(both, wave: samples, count: 3)
        #expect(found.embeddings == [samples[0], 2, samples[40], 2, samples[80], 2])
        #expect(found.scores == [0, 0.5, 1, 0, 0.5, 1, 0, 0.5, 1])
        let alone = try load(graph, outputs: "embeddings: {tensor: e, size: 2}", classes: nil)
        #expect(alone.model.classCount == 0)
        #expect(try run(alone, wave: samples, count: 3).embeddings == found.embeddings)
    }

    @Test("A graph that is another than the card says is refused, with the card's line and what each has")
    func misfits() throws {
        func graph(
            _ input: [Int?] = [nil, 40], _ output: [Int] = [1, 3], outputs: [String] = ["out"],
            change: (inout FakeGraph) -> Void = { _ in }
        ) -> FakeGraph {
            var made = FakeGraph(
                input: input, outputs: outputs, shapes: { _ in outputs.map { _ in output } },
                compute: { _, _ in outputs.map { _ in [Float](repeating: 0, count: 3) } })
            change(&made)
            return made
        }
        let more = ForeignTensor(name: "state", element: .float32, shape: [1])
        let cases: [(graph: FakeGraph, line: Int, words: [String])] = [
            (graph { $0.inputs.append(more) }, 6, ["'in', 'state'", "one input of the card"]),
            (graph { $0.inputs = [more] }, 6, ["'in'", "reads 'state'"]),
            (graph { $0.inputs = [] }, 6, ["'in'"]),
            (
                graph { $0.inputs[0] = ForeignTensor(name: "in", element: .other, shape: [nil, 40]) }, 6,
                ["holds other"]
            ),
            (graph { $0.inputs[0] = ForeignTensor(name: "in", element: .int8, shape: [nil, 40]) }, 6, ["holds int8"]),
            (graph([40]), 6, ["[40]", "[batch, samples]"]), (graph([nil, 40, 1]), 6, ["[?, 40, 1]"]),
            (graph([nil, 41]), 6, ["found 41 for 'samples', expected 40"]),
            (graph([0, 40]), 6, ["a batch of 0"]), (graph([-1, 40]), 6, ["a batch of -1"]),
            (graph([1 << 40, 40]), 6, ["expected 1 to 1024"]), (graph([nil, Int.max]), 6, ["for 'samples'"]),
            (graph([nil, 40], [1, 4]), 7, ["found 4 for 'classes', expected 3", "number of the card's classes"]),
            (graph([nil, 40], [2, 3]), 7, ["found 2 for 'batch', expected 1"]),
            (graph([nil, 40], [3]), 7, ["[3]", "[batch, classes]"]), (graph([nil, 40], []), 7, ["[]"]),
            (graph([nil, 40], [1, 0]), 7, ["found 0"]), (graph([nil, 40], [1, -3]), 7, ["found -3"]),
            (graph(outputs: ["x", "y"]), 7, ["'x', 'y'", "names the 'tensor'"]),
            (
                graph { $0.outputs[0] = ForeignTensor(name: "out", element: .int64, shape: []) }, 7, ["holds int64"]
            ),
        ]
        for (graph, line, words) in cases {
            let text = try #require(message { _ = try load(graph) }, "\(words)")
            #expect(text.contains("/card.yaml:\(line): "), "\(text)")
            for word in words { #expect(text.contains(word), "\(text)") }
        }
        let named = message {
            _ = try load(graph(outputs: ["x", "y"]), outputs: "scores: {tensor: z, activation: none}")
        }
        #expect(named?.contains("are 'z', but the graph gives 'x', 'y'") == true, "\(named ?? "")")
        let absurd = message {
            _ = try load(
                graph([nil, 40], [1, 1 << 62, 3]),
                outputs: "scores: {activation: none, layout: [batch, frames, classes], pooling: mean}")
        }
        #expect(absurd?.contains("expected at most") == true, "\(absurd ?? "")")
    }

    @Test("A file that changes while the engine reads it is refused")
    func changing() throws {
        let folder = try TemporaryFolder()
        let file = try folder.put("net.onnx", CardFixture.bytes)
        let card = try folder.put(
            "card.yaml", CardFixture.yaml(input: Self.wave, outputs: "scores: {activation: none}"))
        let provider = CardProvider { _, _ in
            try FileSystem.replace(file) { try $0(Array("another model".utf8)[...]) }
            return FakeForeignEngine(Self.squares())
        }
        #expect(message { _ = try provider.load(card) }?.contains("changed while it was read") == true)
        #expect(message { _ = try provider.load(card) }?.contains("not the file that the card means") == true)
    }

    @Test("So is a data file, and a file that changes before a session has been made")
    func changingData() throws {
        let folder = try TemporaryFolder()
        try folder.put("net.onnx", CardFixture.bytes)
        let data = try folder.put("w.bin", "weights")
        let card = try folder.put(
            "card.yaml",
            CardFixture.yaml(
                input: Self.wave, outputs: "scores: {activation: none}",
                more: "data: [{file: w.bin, sha256: \(SHA256.of(Array("weights".utf8)))}]"))
        let changing = CardProvider { _, _ in
            try FileSystem.replace(data) { try $0(Array("others!".utf8)[...]) }
            return FakeForeignEngine(Self.squares())
        }
        let text = message { _ = try changing.load(card) }
        #expect(text?.contains("card.yaml:9: 'w.bin' changed while it was read") == true, "\(text ?? "read")")
        try folder.put("w.bin", "weights")
        let model = try CardProvider { _, _ in FakeForeignEngine(Self.squares()) }.model(card)
        _ = try model.makeSession(maxBatch: 1)
        // Of another length: the time of a change has a coarse grain.
        try folder.put("w.bin", "more weights")
        let late = message { _ = try model.makeSession(maxBatch: 1) }
        #expect(late?.contains("'w.bin' changed while it was read") == true, "\(late ?? "read")")
    }
}
