import Errors
import Foundation
import Models
import TestSupport
import Testing

/// State dictionaries of both formats: what is stored is read, and nothing else is done, whatever a file says.
struct StateDictionaryTests {
    private static let tensors: [(name: String, shape: [Int], values: [Float])] = [
        ("a.weight", [3, 2], [1, -2, 0.5, 4, -0.25, 8]), ("a.bias", [3], [0, 1, -1]),
        ("b", [2, 1, 3], [6, 5, 4, 3, 2, 1]), ("single", [], [7]), ("empty", [0, 4], []),
    ]

    private func read(_ file: MadeTorchFile) throws -> [String: [Float]] {
        try TemporaryFolder.with { folder in
            try file.write(folder + "/m.pth")
            let dictionary = try StateDictionaries.open(folder + "/m.pth")
            #expect(dictionary.shapes == Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.shape) }))
            return Dictionary(
                uniqueKeysWithValues: try dictionary.shapes.keys.map { ($0, try dictionary.floats($0)) })
        }
    }

    /// The one line with which a file of these bytes is refused, without its path; what it is read as, if it is not.
    private func refusal(_ bytes: [UInt8], _ name: String = "m.pth") throws -> String {
        try TemporaryFolder.with { folder in
            let path = folder + "/" + name
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do {
                let dictionary = try StateDictionaries.open(path)
                let values = try dictionary.shapes.keys.sorted().map { "\($0): \(try dictionary.floats($0))" }
                return "accepted " + values.joined(separator: " ")
            } catch let error as any EarmarkError {
                #expect(error.category == .badInput, "\(error)")
                #expect(error.description.hasPrefix(path) && !error.description.contains("\n"), "\(error)")
                return String(error.description.dropFirst(path.count))
            }
        }
    }

    /// The refusal of a pickle that leaves this value.
    private func refusal(ofPickle pickle: [UInt8]) throws -> String {
        var file = MadeTorchFile([])
        file.change = { _ in pickle }
        return try refusal(file.data)
    }

    @Test(
        "PyTorch's format: every kind of float, also transposed, within a storage, as parameters and in a wrapper",
        arguments: ["FloatStorage", "HalfStorage", "BFloat16Storage", "DoubleStorage"], [false, true])
    func torch(storage: String, isOdd: Bool) throws {
        var file = MadeTorchFile(Self.tensors)
        file.storage = storage
        if isOdd {
            (file.isTransposed, file.offset, file.isParameter) = (true, 3, true)
            (file.wrapper, file.byteOrder) = ("state_dict", nil)
        }
        let found = try read(file)
        for (name, _, values) in Self.tensors { #expect(found[name] == values, "\(name)") }
    }

    @Test("Pickles of newer protocols, with short texts, frames and names from the stack")
    func protocols() throws {
        let plain = try #require(MadeTorchFile([Self.tensors[1]]).members.first).bytes
        // The same with memo instructions after every text, and a name made of two texts.
        var file = MadeTorchFile([Self.tensors[1]])
        file.change = { _ in
            let short = { (text: String) in [0x8C, UInt8(text.utf8.count)] + Array(text.utf8) + [0x94] }
            let storage: [UInt8] =
                [0x28] + short("storage") + short("torch") + short("FloatStorage") + [0x93, 0x94] + short("0")
                + short("cpu") + [0x4B, 3, 0x74, 0x51]
            let tensor: [UInt8] =
                short("torch._utils") + short("_rebuild_tensor_v2") + [0x93, 0x28] + storage
                + [0x4B, 0, 0x4B, 3, 0x85, 0x4B, 1, 0x85, 0x89, 0x7D, 0x4E, 0x74, 0x52]
            return [0x80, 4, 0x95] + MadeZip.number(0, 8) + [0x7D] + short("a.bias") + tensor + [0x73, 0x2E]
        }
        #expect(file.pickle != plain)
        #expect(try read(file)["a.bias"] == Self.tensors[1].values)
    }

    @Test("safetensors without metadata, as its own library writes them")
    func safetensors() throws {
        let header = Array(
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I32","shape":[1],"data_offsets":[8,12]}}"#
                .utf8)
        let bytes =
            MadeZip.number(header.count, 8) + header + MadeZip.number(Int(Float(1.5).bitPattern), 4)
            + MadeZip.number(Int(Float(-2).bitPattern), 4) + [1, 0, 0, 0]
        try TemporaryFolder.with { folder in
            let path = folder + "/m.safetensors"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let dictionary = try StateDictionaries.open(path)
            #expect(dictionary.shapes == ["a": [2], "b": [1]])
            #expect(try dictionary.floats("a") == [1.5, -2])
            #expect(throws: ModelError.self) { try dictionary.floats("b") }
            #expect(throws: ModelError.self) { try dictionary.floats("c") }
        }
        #expect(try refusal(Array(bytes.dropLast())).contains("cut short"))
    }

    @Test(
        "A pickle that would run something, or make anything but tensors in containers, is refused and nothing is run")
    func hostile() throws {
        let marker = NSTemporaryDirectory() + "/earmark-ran-\(UUID().uuidString)"
        let run = MadeTorchFile.text("touch \(marker)")
        let ones = MadeTorchFile.storage("FloatStorage", key: "0", count: 3)
        typealias Made = MadeTorchFile
        let cases: [(pickle: [UInt8], words: String)] = [
            (Made.whole(Made.call(Made.name("os", "system"), [run])), "names 'os.system'"),
            (Made.whole(Made.call(Made.name("posix", "system"), [run])), "nothing of it was run"),
            (Made.whole(Made.call(Made.name("builtins", "eval"), [run])), "names 'builtins.eval'"),
            (Made.whole(Made.call(Made.name("torch", "load"), [run])), "names 'torch.load'"),
            (Made.whole(Made.call(Made.name("numpy.core.multiarray", "_reconstruct"), [])), "names 'numpy."),
            (Made.whole(Made.text("os") + Made.text("system") + [0x93]), "names 'os.system'"),
            (Made.whole([0x28] + Made.name("os", "system") + run + [0x6F]), "names 'os.system'"),
            // INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT1, PERSID, REDUCE of a text.
            ([0x80, 2, 0x28] + Array("ios\nsystem\n.".utf8), "0x69"),
            (Made.whole([0x28] + run + [0x6F]), "instruction 0x6f"), (Made.whole([0x29, 0x29, 0x81]), "0x81"),
            (Made.whole([0x29, 0x29, 0x7D, 0x92]), "0x92"), (Made.whole([0x82, 1]), "0x82"),
            (Made.whole(Array("Pos.system\n".utf8)), "0x50"), (Made.whole(run + [0x29, 0x52]), "calls a text"),
            (Made.whole(Made.name("torch", "FloatStorage") + [0x29, 0x52]), "calls 'torch.FloatStorage'"),
            (Made.whole(Made.call(Made.name("collections", "OrderedDict"), [run])), "calls 'collections.OrderedDict'"),
            (Made.whole([0x7D, 0x7D] + Made.text("__class__") + run + [0x73, 0x62]), "sets attributes"),
            (Made.whole(Made.tuple([run]) + [0x51]), "refers to a tuple outside"),
            (Made.whole(run + [0x51]), "refers to a text outside"),
            // A tensor that reaches out of its storage, or over the end of all numbers.
            (Made.whole(Made.tensor(ones, offset: 1, shape: [3], strides: [1])), "ends at element 3 of a storage of 3"),
            (Made.whole(Made.tensor(ones, offset: 0, shape: [2], strides: [3])), "ends at element 3"),
            (Made.whole(Made.tensor(ones, offset: 0, shape: [4], strides: [0])), "ends at element 0"),
            (
                Made.whole(Made.tensor(ones, offset: 0, shape: [1 << 40, 1 << 40, 0], strides: [0, 0, 0])), "impossible"
            ),
            (Made.whole(Made.tensor(ones, offset: -1, shape: [3], strides: [1])), "unexpected arguments"),
            (Made.whole(Made.tensor(ones, offset: 2, shape: [3], strides: [-1])), "unexpected arguments"),
            (Made.whole(Made.tensor(ones, offset: 0, shape: [3], strides: [1, 1])), "unexpected arguments"),
            (
                Made.whole(Made.tensor(ones, offset: 0, shape: [1 << 40, 1 << 40], strides: [1 << 40, 1])), "impossible"
            ),
            (Made.whole(Made.tensor(ones, offset: .max, shape: [2], strides: [1])), "impossible"),
            (Made.whole(Made.tensor(run, offset: 0, shape: [1], strides: [1])), "unexpected arguments"),
            // What leaves no dictionary of tensors.
            (Made.whole(run), "found a text, expected a dictionary"), (Made.whole([0x28]), "expected one value"),
            (Made.whole(Made.dictionary([("x", run)])), "found a text under 'x'"),
            (
                Made.whole([0x7D, 0x4B, 1] + Made.tensor(ones, offset: 0, shape: [3], strides: [1]) + [0x73]),
                "under a whole"
            ),
            (Made.whole([0x7D, 0x7D]), "with 2 values"), ([0x80, 2, 0x7D, 0x2E, 0x2E], "1 bytes left"),
            ([0x80, 2, 0x2E], "with 0 values"), ([0x80, 1, 0x7D, 0x2E], "protocol 1"),
            ([0x80, 6, 0x7D, 0x2E], "protocol 6"),
            (Made.whole([0x68, 9]), "recalls value 9"), (Made.whole([0x71, 0]), "keeps a value"),
            (Made.whole([0x73]), "takes 2 values"), (Made.whole([0x74]), "a mark that was not set"),
            (Made.whole([0x4E, 0x28, 0x61]), "takes 1 values"),
            (Made.whole([0x7D, 0x28, 0x4E, 0x75]), "a key without"),
            (Made.whole([0x29, 0x4E, 0x61]), "appends to a tuple"),
            (Made.whole([0x8A, 9] + [UInt8](repeating: 1, count: 9)), "9 bytes"),
            (Made.whole([0x58, 1, 0, 0, 0, 0xFF]), "not UTF-8"), ([0x80, 2, 0x58, 255, 255, 255, 255], "cut short"),
            ([0x80, 2, 0x7D], "cut short"), ([0x80, 2] + Array("cos".utf8), "cut short"),
            ([0x80, 2] + [UInt8](repeating: 0x4E, count: 5 << 20), "has 5242882 bytes, expected at most 4194304"),
        ]
        for (pickle, words) in cases {
            let found = try refusal(ofPickle: pickle)
            #expect(found.contains(words), "\(found), expected \(words)")
        }
        #expect(!FileManager.default.fileExists(atPath: marker))
    }

    @Test("Deep nesting and cycles take no more than their bytes")
    func deep() throws {
        let depth = 1 << 20
        for open in [[0x5D], [0x29], [0x7D]] as [[UInt8]] {
            #expect(
                try refusal(ofPickle: MadeTorchFile.whole([UInt8](repeating: open[0], count: depth))).contains("values")
            )
        }
        // Tuples of tuples, and a list that is its own member.
        let nested = [0x29] + [UInt8](repeating: 0x85, count: depth)
        #expect(try refusal(ofPickle: MadeTorchFile.whole(nested)).contains("found a tuple"))
        #expect(try refusal(ofPickle: MadeTorchFile.whole([0x5D, 0x71, 0, 0x68, 0, 0x61])).contains("found a list"))
        #expect(
            try refusal(
                ofPickle: MadeTorchFile.whole([0x7D, 0x71, 0] + MadeTorchFile.text("state_dict") + [0x68, 0, 0x73])
            )
            .contains("found a dictionary under 'state_dict'"))
    }

    @Test("Archives that are not as torch.save writes them are refused in one line")
    func archives() throws {
        func refusal(_ change: (inout MadeTorchFile) -> Void) throws -> String {
            var file = MadeTorchFile([Self.tensors[0]])
            change(&file)
            return try self.refusal(file.data)
        }
        #expect(try refusal { _ in }.hasPrefix("accepted a.weight"))
        #expect(try refusal { $0.byteOrder = "big" }.contains("byte order 'big'"))
        #expect(try refusal { $0.storage = "LongStorage" }.contains("tensor a.weight: of 'torch.LongStorage'"))
        #expect(try refusal { $0.tensors[0].values[2] = .nan }.contains("tensor a.weight: value 2 is nan"))
        #expect(
            try refusal { $0.changeMembers = { $0.filter { !$0.name.elementsEqual("made/data/0".utf8) } } }
                .contains("no member 'made/data/0'"))
        #expect(
            try refusal { $0.changeMembers = { $0.map { Self.with($0, "made/data/0") { $0.bytes.removeLast(4) } } } }
                .contains("has 20 bytes; expected 6 elements"))
        #expect(
            try refusal { $0.changeMembers = { $0.map { Self.with($0, "made/data/0") { $0.isDeflated = true } } } }
                .contains("is compressed"))
        #expect(
            try refusal { $0.changeMembers = { $0.map { Self.with($0, "made/data/0") { $0.statedChecksum = 1 } } } }
                .contains("CRC-32"))
        #expect(try refusal { $0.changeMembers = { Array($0.dropFirst()) } }.contains("found 0 members NAME/data.pkl"))
        #expect(
            try refusal { $0.changeMembers = { $0 + [MadeZip.Member("other/data.pkl", [])] } }.contains(
                "found 2 members"))
    }

    private static func with(
        _ member: MadeZip.Member, _ name: String, _ change: (inout MadeZip.Member) -> Void
    ) -> MadeZip.Member {
        var member = member
        if member.name.elementsEqual(name.utf8) { change(&member) }
        return member
    }

    @Test("Other formats are told by name, PyTorch's old one with what to do")
    func foreign() throws {
        let old: [UInt8] = [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
        #expect(try refusal(old).contains("before version 1.6") && refusal(old).contains("torch.save(torch.load("))
        #expect(try refusal([0x93] + Array("NUMPY".utf8)).contains("a NumPy array"))
        #expect(try refusal(MadeZip([.init("pca_means.npy", [1])]).data).contains("an archive of NumPy arrays"))
        #expect(try refusal(MadeZip([.init("x.txt", [1])]).data).contains("found 0 members NAME/data.pkl"))
        #expect(try refusal(Array("nothing of the kind".utf8)).contains("not safetensors"))
        #expect(try refusal([1]).contains("1 byte"))
    }

    @Test("A file with any byte changed, or cut anywhere, is read as it was or refused in one line")
    func damaged() throws {
        let sound = MadeTorchFile(Array(Self.tensors.prefix(2))).data
        let whole = try refusal(sound)
        #expect(whole.hasPrefix("accepted"))
        var refused = 0
        for place in sound.indices {
            var bytes = sound
            bytes[place] ^= [1, 0x80, 0xFF][place % 3]
            // Damage that no checksum covers may change a name or a stride, never crash.
            if try !refusal(bytes).hasPrefix("accepted") { refused += 1 }
        }
        #expect(refused > sound.count / 3)
        for count in stride(from: 1, to: sound.count, by: 17) {
            #expect(try !refusal(Array(sound.prefix(count))).hasPrefix("accepted"), "\(count) bytes")
        }
    }
}
