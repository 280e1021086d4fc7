import Corpora
import Foundation
import Ledger
import Models
import Pipeline
import Shards
import TestSupport
import Testing

/// Ten thousand damaged inputs for every parser of a file that Earmark reads: a value, or an error in one line.
@Suite struct ParserMutationTests {
    private static let rounds = 10_000
    private static let folder = "/dev/shm"

    private final class File {
        let path: String
        init(_ ending: String = "") {
            let base =
                access(ParserMutationTests.folder, W_OK) == 0 ? ParserMutationTests.folder : NSTemporaryDirectory()
            path = base + "/earmark-parser-\(UUID().uuidString)" + ending
        }
        deinit { unlink(path) }

        func put(_ bytes: [UInt8]) {
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            close(file)
        }
    }

    /// Parses mutants of the seeds; what is refused must be refused in one line, and some must be.
    private func survive(
        _ seeds: [[UInt8]], words: [String] = [], rounds: Int = rounds,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ parse: ([UInt8]) throws -> Void
    ) {
        var mutator = Mutator(seed: 1, words: words)
        var refused = 0
        for round in 0..<rounds {
            let bytes = mutator.mutated(seeds[round % seeds.count])
            do {
                try parse(bytes)
            } catch {
                refused += 1
                let text = "\(error)"
                if text.isEmpty || text.contains("\n") {
                    Issue.record("round \(round): '\(text)'", sourceLocation: sourceLocation)
                }
            }
        }
        #expect(refused > 0 && refused < rounds, "\(refused) of \(rounds)", sourceLocation: sourceLocation)
    }

    @Test func safetensors() throws {
        let file = File(".safetensors")
        let metadata = ModelMetadata(
            architecture: .yamnet, normalization: .none, classes: ["a", "b"], licence: "CC0-1.0", source: "none")
        // Tensors of a few numbers: what their bytes say is no parser's matter.
        try ModelFileWriter.write(
            tensors: [
                .init(name: "conv/w", shape: [2, 2], floats: [1, 2, 3, 4]),
                .init(name: "conv/b", shape: [2], floats: [5, 6]),
            ], metadata: metadata, to: file.path)
        let seed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file.path)))
        survive(
            [seed], words: ["{", "}", "[", "]", "\"", ",", ":", "-1", "1e99", "9223372036854775807", "null", "\\u0000"]
        ) {
            file.put($0)
            _ = try ModelFile(path: file.path)
        }
    }

    @Test func stateDictionary() {
        /// A text as a pickle has it.
        func text(_ text: String) -> [UInt8] { [0x58, UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8) }
        let storage: [UInt8] =
            [0x28] + text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("0") + text("cpu") + [
                0x4B, 6, 0x74, 0x51,
            ]
        let tensor: [UInt8] =
            Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8) + [0x28] + storage
            + [0x4B, 0, 0x4B, 2, 0x4B, 3, 0x86, 0x4B, 3, 0x4B, 1, 0x86, 0x89, 0x7D, 0x74, 0x52]
        let seed: [UInt8] =
            [0x80, 2] + Array("ccollections\nOrderedDict\n".utf8) + [0x29, 0x52, 0x71, 0, 0x28] + text("a") + tensor
            + [0x75, 0x7D] + text("_metadata") + [0x68, 0, 0x73, 0x62, 0x2E]
        let data = [UInt8](repeating: 1, count: 24)
        survive([seed], words: ["cos\nsystem\n", "h\u{0}", "(", "t", "R", "X", "\u{7F}\u{7F}\u{7F}\u{7F}"]) {
            // Packed anew each time, as nothing damaged gets past an archive's checksums.
            let file = File(".pth")
            file.put(MadeZip([.init("m/data.pkl", $0), .init("m/data/0", data)]).data)
            let dictionary = try StateDictionaries.open(file.path)
            for name in dictionary.shapes.keys { _ = try dictionary.floats(name) }
        }
    }

    @Test func tensorFlowLite() throws {
        let (file, classes, out) = (File(".tflite"), File(".csv"), File(".safetensors"))
        classes.put(Array("index,mid,display_name\n0,/m/0,Speech\n".utf8))
        let shared = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../../shared/models/yamnet.tflite")
        // Without Google's file: the head of one, whose root table has eight fields that lead nowhere.
        let head: [UInt8] = [
            28, 0, 0, 0, 84, 70, 76, 51, 20, 0, 32, 0, 28, 0, 24, 0, 20, 0, 16, 0, 12, 0, 0, 0, 8, 0, 4, 0,
        ]
        let stub = head + [20, 0, 0, 0] + (0..<64).map { UInt8($0) }
        let whole = (try? Data(contentsOf: shared)).map { [UInt8]($0) }
        var mutator = Mutator(seed: 3)
        for round in 0..<(whole == nil ? Self.rounds : 300) {
            var bytes = whole ?? stub
            if whole != nil {
                // The tables lie at both ends; the weights between them are no structure.
                for _ in 0...mutator.below(6) {
                    let place = mutator.below(60_000)
                    let at = mutator.below(2) == 0 ? place : bytes.count - 1 - place
                    bytes[at] = UInt8(mutator.below(256))
                }
            } else {
                bytes = mutator.mutated(bytes)
            }
            file.put(bytes)
            do {
                try YAMNetImporter.importModel(tflite: file.path, classes: classes.path, to: out.path)
                Issue.record("round \(round): one class was enough")
            } catch {
                // A sound mutant has more classes than the map, whose name then stands in the error.
                let isNamed = "\(error)".contains(file.path) || "\(error)".contains(classes.path)
                #expect(!"\(error)".contains("\n") && isNamed, "round \(round): \(error)")
            }
        }
    }

    @Test func classMap() {
        let file = File(".csv")
        survive(
            [Array("index,mid,display_name\n0,/m/09x0r,Speech\n1,/m/0ytgt,\"Child speech, kid speaking\"\n".utf8)],
            words: ["\"", "\"\"", ",", "\r\n", "\n", "-1", "99999999999999999999"]
        ) {
            file.put($0)
            do {
                try YAMNetImporter.importModel(tflite: "/dev/null", classes: file.path, to: file.path + ".out")
            } catch let error as ModelError where "\(error)".hasPrefix("/dev/null") {
                // The class map was read.
            }
        }
    }

    @Test(arguments: [("<f4", "(3, 4)", 48), ("<i2", "(24,)", 48), ("<f2", "(0, 64)", 0)])
    func numpy(dtype: String, shape: String, count: Int) {
        let text = "{'descr': '\(dtype)', 'fortran_order': False, 'shape': \(shape), }"
        let header = text + String(repeating: " ", count: 117 - text.count) + "\n"
        let seed =
            [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8) + [UInt8](repeating: 7, count: count)
        let file = File(".npy")
        survive([seed], words: ["(", ")", ",", "'", "-1", "1099511627776", "9223372036854775807", "True", "'<f8'"]) {
            file.put($0)
            let shard = try MappedShard(path: file.path)
            _ = try shard.digest(0, shard.header.rows)
            if let salvaged = try? MappedShard(path: file.path, salvagedBy: shard.header) {
                _ = try salvaged.digest(0, salvaged.header.rows)
            }
        }
    }

    @Test func modelCard() {
        let seed = """
            card: 1
            name: "A net"
            file: net.onnx
            sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
            licence: CC0-1.0
            input: {reads: mel, layout: [batch, 1, frames, bands], preset: panns, chunk: 64000, patch: 201, batch: 4}
            outputs:
              scores: {tensor: s, layout: [batch, frames, classes], activation: softmax, pooling: max}
              embeddings: {size: 512}
            classes: [{name: Dog, id: /m/0bt9lr}, Cat]
            thresholds: {Dog: 0.3}
            """
        survive(
            [Array(seed.utf8)],
            words: [
                ": ", "- ", "[", "]", "{", "}", "&a ", "*a", "'", "\"", "\n", "  ", "1e99", "9223372036854775807",
                "../",
            ]
        ) { _ = try ModelCard(yaml: String(decoding: $0, as: UTF8.self), path: "/nowhere/card.yaml") }
    }

    @Test func manifest() {
        let seeds = [
            "clip,path,labels,split\na,a.wav,\"Rain,Wind\",train\n\"b \"\"q\"\"\",b.wav,,\n",
            "\u{FEFF}path,clip\r\nx.wav,x\r\n", "clip,path\n1,1\n2,2\n3,3\n",
        ].map { Array($0.utf8) }
        survive(seeds, words: ["\"", "\"\"", ",", "\r", "\n", "\0", "\u{FEFF}", "../", "=1+1"]) {
            let manifest = try Manifest(bytes: $0, file: "m.csv", folder: "/")
            for row in 0..<manifest.count { _ = manifest.entry(row) }
        }
    }

    @Test func pipeline() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../Pipelines")
        let seeds = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .map { [UInt8](try Data(contentsOf: folder.appendingPathComponent($0))) }
        survive(
            seeds,
            words: [
                "{", "}", "[", "]", ":", "- ", "&a ", "*a", "!!int ", "|", ">", "\t", "#", "? ", "---\n", "'", "\"",
                "\0",
            ]
        ) { _ = try SpecParser.parse(yaml: String(decoding: $0, as: UTF8.self), file: "p.yaml") }
    }

    @Test func ledgerLog() {
        // A header with a right check for an empty log, and frames of rubbish behind it.
        var mutator = Mutator(seed: 9)
        let file = File("-wal")
        let ledger = String(file.path.dropLast(4))
        let seed: [UInt8] =
            [0x37, 0x7f, 0x06, 0x82, 0, 0x2d, 0xe2, 0x18, 0, 0, 2, 0] + (0..<2000).map { UInt8($0 % 251) }
        for _ in 0..<Self.rounds {
            file.put(mutator.mutated(seed))
            if let damage = LedgerLog.damage(beside: ledger, looks: 1) { #expect(!damage.contains("\n")) }
        }
    }
}
