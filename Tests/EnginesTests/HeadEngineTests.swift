import Engines
import Features
import Files
import Foundation
import Models
import TestSupport
import Testing

/// A head on its base: the base is found by its digest, and by nothing else.
struct HeadEngineTests {
    private static let frontEnd = FrontEnd.short

    /// A folder with a base, `base.safetensors`, and heads on it.
    private final class Folder {
        let temporary: TemporaryFolder
        let base: String
        var path: String { temporary.path }

        init(_ reads: String = "mel wave") throws {
            temporary = try TemporaryFolder()
            base = try temporary.put("models/base.safetensors", "fake \(reads)")
        }

        func digest(_ path: String? = nil) throws -> String { try ModelDigest.ofFile(path ?? base) }

        /// Writes a head on an embedding of four values.
        @discardableResult
        func head(
            _ name: String = "heads/h.safetensors", pooling: ClipPooling = .attention, hidden: Int = 3, size: Int = 4,
            path: String? = nil, digest: String? = nil, precision: String = "float32"
        ) throws -> String {
            let metadata = HeadMetadata(
                baseName: "fake", baseDigest: try digest ?? self.digest(), basePath: path ?? base,
                basePrecision: precision, normalization: .chunkMean, embeddingSize: size, hidden: hidden,
                pooling: pooling, classes: ["one", "two"], licence: "CC0-1.0", source: "a test")
            let parameters = Dictionary(
                uniqueKeysWithValues: metadata.parameters.enumerated().map {
                    ($1.name, Seeded.uniform(stream: $0, count: $1.count).map { 4 * $0 })
                })
            let whole = temporary.path + "/" + name
            try FileSystem.makeFolder(FileSystem.folder(of: whole))
            try HeadFile.write(parameters: parameters, metadata: metadata, to: whole)
            return whole
        }

        func registry(_ models: [String] = []) -> EngineRegistry {
            EngineRegistry([FakeProvider(frontEnd: HeadEngineTests.frontEnd)]) { models }
        }
    }

    private static func refusal(_ registry: EngineRegistry, _ path: String) -> String {
        for open in [{ _ = try registry.describe(path) }, { _ = try registry.load(path) }] {
            do { try open() } catch {
                let text = "\(error)"
                #expect(text.hasPrefix(path) && !text.contains("\n"))
                return text
            }
        }
        return "accepted"
    }

    @Test("It reads what its base reads, and has its own classes")
    func description() throws {
        let folder = try Folder()
        let head = try folder.head()
        let model = try folder.registry().describe(head)
        #expect(model.network == "fake-head" && model.classes == ["one", "two"] && model.inputs == [.mel, .wave])
        #expect(model.frontEnd == Self.frontEnd && model.embeddingSize == 4 && model.pooling == .attention)
        #expect(try folder.registry().load(head).model == model)
        // One digest covers both, as the base's is in the head's file.
        #expect(try folder.registry().digest(head) == ModelDigest.ofFile(head))
    }

    @Test("Its scores are those of its layers on the base's embeddings, alone or in a batch", arguments: [0, 3])
    func scores(hidden: Int) throws {
        let folder = try Folder()
        let path = try folder.head(hidden: hidden)
        let engine = try folder.registry().load(path)
        let parameters = try HeadFile(path: path).parameters()
        let (patch, chunk) = (engine.model.patchSize, engine.model.chunk)
        let mel = AlignedFloats(Seeded.uniform(stream: 1, count: 5 * patch))
        let wave = AlignedFloats(Seeded.uniform(stream: 2, count: 5 * chunk))
        let session = try #require(try engine.makeSession(maxBatch: 5) as? any WeighingSession)
        func run(_ first: Int, _ count: Int) throws -> [Float] {
            var (scores, rows) = ([Float](repeating: 0, count: 2 * count), [Float](repeating: 0, count: 4 * count))
            var weights = scores
            try session.forward(
                mel: mel.pointer + first * patch, wave: wave.pointer + first * chunk, count: count, embeddings: &rows,
                scores: &scores)
            try session.weigh(embeddings: rows, count: count, weights: &weights)
            var rowsOfBoth: [Float] = []
            for place in 0..<count {
                rowsOfBoth += scores[2 * place..<2 * place + 2]
                rowsOfBoth += weights[2 * place..<2 * place + 2]
            }
            return rowsOfBoth
        }
        let all = try run(0, 5)
        #expect(try (0..<5).flatMap { try run($0, 1) } == all)
        for place in 0..<5 {
            let one = patch * place
            let last = patch * place + patch - 1
            var x = [
                mel.pointer[one], mel.pointer[last], wave.pointer[chunk * place],
                wave.pointer[chunk * place + chunk - 1],
            ].map { Double($0) }
            func dense(_ name: String, _ outputs: Int) -> [Double] {
                let (w, b) = (parameters[name + "/w"] ?? [], parameters[name + "/b"])
                return (0..<outputs).map { column in
                    var sum = Double(b?[column] ?? 0)
                    for input in x.indices { sum += x[input] * Double(w[input * outputs + column]) }
                    return sum
                }
            }
            if hidden > 0 { x = dense("hidden", hidden).map { max(0, $0) } }
            let wanted = dense("output", 2).map { 1 / (1 + exp(-$0)) } + dense("attention", 2)
            #expect(zip(all[4 * place..<4 * place + 4], wanted).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        }
        withExtendedLifetime((mel, wave)) {}
    }

    @Test("The base is found where it was, beside the head, or among the models")
    func finding() throws {
        let folder = try Folder()
        #expect(try folder.registry().describe(folder.head()).network == "fake-head")
        let gone = "/nowhere/base.safetensors"
        #expect(Self.refusal(folder.registry(), try folder.head(path: gone)).contains(gone))
        #expect(try folder.registry().describe(folder.head("models/h.safetensors", path: gone)).network == "fake-head")
        let other = try folder.temporary.put("models/other.safetensors", "fake mel")
        #expect(
            try folder.registry([other, folder.base]).describe(folder.head(path: gone)).network == "fake-head")
        #expect(Self.refusal(folder.registry([other]), try folder.head(path: gone)).contains("among the models"))
    }

    @Test("A base with another digest, of another kind, or a head, is refused")
    func wrongBases() throws {
        let folder = try Folder()
        let head = try folder.head()
        let wanted = try folder.digest()
        try folder.temporary.put("models/base.safetensors", "fake wave mel ")
        let found = try folder.digest()
        let text = Self.refusal(folder.registry(), head)
        #expect(text.contains(wanted.prefix(23)) && text.contains(found.prefix(23)) && text.contains("'fake'"))
        #expect(Self.refusal(folder.registry(), try folder.head(size: 5)).contains("5 values"))
        // A head on a head, and one that names itself as far as a file can.
        let first = try folder.head("first.safetensors", digest: found)
        let second = try folder.head("second.safetensors", path: first, digest: try folder.digest(first))
        #expect(Self.refusal(folder.registry(), second).contains("is a head itself"))
        let own = try folder.head("own.safetensors", path: folder.path + "/own.safetensors", digest: wanted)
        #expect(Self.refusal(folder.registry(), own).contains("own.safetensors has sha256:"))
    }

    @Test("It is computed in the arithmetic of its training")
    func precision() throws {
        let folder = try Folder()
        let head = try folder.head()
        #expect(try folder.registry().load(head, precision: .float32).model.precision == "f32")
        #expect { _ = try folder.registry().load(head, precision: .int8) } throws: {
            "\($0)".contains("float32") && "\($0)".contains("int8")
        }
        // This base has no choice of arithmetic.
        let other = try folder.head(precision: "int8")
        #expect { _ = try folder.registry().load(other) } throws: { "\($0)".contains("no choice of precision") }
    }
}
