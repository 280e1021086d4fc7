import Files
import Models
import TestSupport
import Testing

/// Data files of ONNX files: found wherever the format may name one, in files that are sound and in files that are not.
struct ONNXDataFilesTests {
    /// A tensor whose values are in another file.
    private static func tensor(_ location: String) -> ProtocolBuffer {
        var tensor = ProtocolBuffer()
        tensor.integer(1, 4)
        tensor.text(8, "w")
        for (key, value) in [("offset", "0"), ("location", location)] {
            tensor.message(13) { entry in
                entry.text(1, key)
                entry.text(2, value)
            }
        }
        tensor.integer(14, 1)
        return tensor
    }

    /// A message in the fields of others, each of which has more than that.
    private static func inside(_ fields: [Int], _ message: ProtocolBuffer) -> ProtocolBuffer {
        fields.reversed().reduce(message) { inner, field in
            var outer = ProtocolBuffer()
            outer.text(4, "a name")
            outer.message(field, inner)
            outer.integer(2, 300)
            return outer
        }
    }

    private static func locations(_ bytes: [UInt8]) throws -> [String] {
        let folder = try TemporaryFolder()
        return try withExtendedLifetime(folder) {
            try ONNXDataFiles.locations(folder.put("g.onnx", bytes)).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test(
        "A tensor's data file is found",
        arguments: [
            // Initialisers, sparse ones, and the tensors of nodes' settings.
            [7, 5], [7, 15, 1], [7, 15, 2], [7, 1, 5, 5], [7, 1, 5, 10], [7, 1, 5, 22, 1], [7, 1, 5, 23, 2],
            // In subgraphs, in functions, and in what is for training.
            [7, 1, 5, 6, 5], [7, 1, 5, 11, 1, 5, 5], [7, 1, 5, 6, 1, 5, 6, 5], [25, 7, 5, 5], [25, 11, 5],
            [25, 7, 5, 6, 5], [20, 1, 5], [20, 2, 1, 5, 5],
        ])
    func found(fields: [Int]) throws {
        #expect(try Self.locations(Self.inside(fields, Self.tensor("w.bin")).bytes) == ["w.bin"])
        #expect(try Self.locations(Self.inside(Array(fields.dropLast()) + [77], Self.tensor("w.bin")).bytes) == [])
    }

    @Test("Each name is given once, in the file's order; values in the file itself name none")
    func names() throws {
        var own = ProtocolBuffer()
        own.text(8, "v")
        // Values that look like the rest of a tensor with a data file.
        own.message(9, Self.tensor("no.bin"))
        own.message(9, Self.inside([7, 5], Self.tensor("no.bin")))
        var graph = ProtocolBuffer()
        for message in [Self.tensor("b"), own, Self.tensor("a"), Self.tensor("b")] { graph.message(5, message) }
        var model = Self.inside([7], graph)
        model.append(Self.inside([7, 5], Self.tensor("c")))
        #expect(try Self.locations(model.bytes) == ["b", "a", "c"])
    }

    @Test("Fields that readers skip are skipped, and what they refuse is refused")
    func wire() throws {
        let rest = Self.inside([7, 5], Self.tensor("w.bin")).bytes
        // Field 100 as a group with an integer and a group in it, as 8 bytes and as 4.
        let group: [UInt8] = [0xA3, 6, 8, 1, 0x13, 0x14, 0xA4, 6]
        let eight: [UInt8] = [0xA1, 6] + [UInt8](repeating: 255, count: 8)
        let four: [UInt8] = [0xA5, 6, 255, 255, 255, 255]
        for start in [group, eight, four, group + four + eight] {
            #expect(try Self.locations(start + rest) == ["w.bin"])
        }
        for wrong: [UInt8] in [
            [0xA3, 6, 8, 1], [0xA3, 6, 0x14], [0xA4, 6], [0xA1, 6, 1], [0xA5, 6, 1], [0x3A, 200], [0x3A, 1],
            // Field 0, a kind that there is not, and a key whose lower half alone is that of the graph.
            [2, 0], [0x0E], [0xBA, 0x80, 0x80, 0x80, 0x10, 0], [UInt8](repeating: 255, count: 40),
            [0x3A] + [UInt8](repeating: 255, count: 9) + [1],
        ] {
            #expect(throws: ModelError.self, "\(wrong)") { try Self.locations(wrong) }
        }
        let text = message { _ = try Self.locations([8, 8, 0x3A, 99, 0]) }
        #expect(text?.contains("g.onnx: byte 3: found a field of 99 bytes") == true, "\(text ?? "read")")
    }

    @Test("Graphs in graphs are read as deep as engines read them, and no deeper")
    func depth() throws {
        func nested(_ count: Int) -> [UInt8] {
            let inner = (0..<count).flatMap { _ in [1, 5, 6] }
            return Self.inside([7] + inner + [5], Self.tensor("w.bin")).bytes
        }
        #expect(try Self.locations(nested(30)) == ["w.bin"])
        let text = message { _ = try Self.locations(nested(40)) }
        #expect(text?.contains("more than 100 deep") == true, "\(text ?? "read")")
        #expect(throws: ModelError.self) { try Self.locations([UInt8](repeating: 0x0B, count: 10_000)) }
    }

    @Test("A file with any byte changed, or cut anywhere, is read or refused")
    func damaged() throws {
        let folder = try TemporaryFolder()
        var model = Self.inside([7, 1, 5, 6, 5], Self.tensor("w.bin"))
        model.append(Self.inside([25, 7, 5, 5], Self.tensor("v")))
        let whole = model.bytes
        func survives(_ bytes: [UInt8]) throws {
            let path = try folder.put("g.onnx", bytes)
            do { _ = try ONNXDataFiles.locations(path) } catch { #expect(error is ModelError, "\(error)") }
        }
        for place in whole.indices {
            for mask: UInt8 in [1, 2, 4, 0x80, 0xFF] {
                var bytes = whole
                bytes[place] ^= mask
                try survives(bytes)
            }
            try survives(Array(whole[..<place]))
        }
        #expect(try Self.locations(whole) == ["w.bin", "v"])
    }

    /// A card of an ONNX file whose weights are in another file.
    private func card(
        _ folder: TemporaryFolder, location: String = "w.bin", data: String? = nil
    ) throws -> ModelCard {
        let bytes = Self.inside([7, 1, 5, 6, 5], Self.tensor(location)).bytes
        try folder.put("net.onnx", bytes)
        return try ModelCard(
            path: folder.put(
                "card.yaml",
                CardFixture.yaml(
                    input: "reads: wave, rate: 8000, chunk: 3200", outputs: "scores: {activation: none}",
                    sha256: SHA256.of(bytes),
                    more: data.map { "data: [{file: w.bin, sha256: \(SHA256.of(Array($0.utf8)))}]" } ?? "")))
    }

    @Test("A data file that the card does not list is refused; one that it lists is part of the model's identity")
    func listed() throws {
        let folder = try TemporaryFolder()
        try folder.put("w.bin", "weights")
        let unlisted = try card(folder)
        let text = try #require(message { _ = try unlisted.digest() })
        let expected = "'net.onnx' has values in 'w.bin', expected that under 'data'"
        #expect(text == "\(folder.path)/card.yaml:3: " + expected)
        let first = try card(folder, data: "weights").digest()
        try folder.put("w.bin", "others!")
        let stale = try card(folder, data: "weights")
        #expect(message { try stale.checkFiles() }?.contains("'w.bin' is not the file") == true)
        #expect(try card(folder, data: "others!").digest() != first)
        try card(folder, location: "./w.bin", data: "others!").checkFiles()
        for location in ["sub/w.bin", "../w.bin", "/etc/w.bin", "././w.bin", "W.bin", "w.bin\0", "w.bin/", ""] {
            let other = try card(folder, location: location, data: "others!")
            #expect(message { try other.checkFiles() }?.contains("has values in") == true, "\(location)")
        }
    }

    @Test("A file that is no ONNX file has its own message, with the byte")
    func other() throws {
        let folder = try TemporaryFolder()
        let bytes = Array("something else".utf8)
        try folder.put("net.onnx", bytes)
        let card = try ModelCard(
            path: folder.put(
                "card.yaml",
                CardFixture.yaml(
                    input: "reads: wave, rate: 8000, chunk: 3200", outputs: "scores: {activation: none}",
                    sha256: SHA256.of(bytes))))
        let text = try #require(message { try card.checkFiles() })
        #expect(text.hasPrefix("\(folder.path)/net.onnx: byte ") && text.contains("as in an ONNX file"), "\(text)")
    }
}
