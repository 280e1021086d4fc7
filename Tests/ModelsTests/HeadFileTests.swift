import Files
import Foundation
import Models
import TestSupport
import Testing

/// Files of heads: what is written is read, and what is broken is refused in one line.
struct HeadFileTests {
    private static func metadata(_ pooling: ClipPooling = .attention, hidden: Int = 3) -> HeadMetadata {
        HeadMetadata(
            baseName: "yamnet", baseDigest: "sha256:" + String(repeating: "ab", count: 32), basePath: "/models/y",
            basePrecision: "int8", normalization: .bandMean, embeddingSize: 4, hidden: hidden, pooling: pooling,
            classes: ["a, \"b\"", "Ü/é"], classIDs: ["/m/1", "/m/2"], licence: "CC0-1.0", source: "a test")
    }

    private static func parameters(_ metadata: HeadMetadata) -> [String: [Float]] {
        Dictionary(
            uniqueKeysWithValues: metadata.parameters.enumerated().map {
                ($1.name, Seeded.uniform(stream: $0, count: $1.count))
            })
    }

    private static func bytes(_ metadata: HeadMetadata = metadata()) throws -> [UInt8] {
        let temporary = try TemporaryFolder()
        let path = temporary.path + "/h.safetensors"
        try HeadFile.write(parameters: parameters(metadata), metadata: metadata, to: path)
        return try FileSystem.read(path)
    }

    /// The line with which a file of these bytes is refused, without its path; nil if it is accepted.
    private static func refusal(_ bytes: [UInt8]) throws -> String? {
        let temporary = try TemporaryFolder()
        let path = try temporary.put("h.safetensors", bytes)
        do {
            _ = try HeadFile(path: path).parameters()
            return nil
        } catch let error as ModelError {
            #expect(error.description.hasPrefix(path) && !error.description.contains("\n"))
            return String(error.description.dropFirst(path.count + 2))
        }
    }

    /// The file with its header's text changed, its own digest taken out, and the length before it put right.
    private static func changed(_ bytes: [UInt8], _ old: String, _ new: String) -> [UInt8] {
        let length = Int(bytes[0]) | Int(bytes[1]) << 8 | Int(bytes[2]) << 16
        var text = String(decoding: bytes[8..<8 + length], as: UTF8.self)
        text.replace(/"digest":"sha256:[0-9a-f]{64}",/, with: "")
        #expect(text.contains(old), "\(old)")
        let header = Array(text.replacing(old, with: new).utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + bytes[(8 + length)...]
    }

    @Test("What is written is read back, and the same bytes again", arguments: ClipPooling.allCases, [0, 3])
    func roundTrip(pooling: ClipPooling, hidden: Int) throws {
        let metadata = Self.metadata(pooling, hidden: hidden)
        let temporary = try TemporaryFolder()
        let path = temporary.path + "/h.safetensors"
        try HeadFile.write(parameters: Self.parameters(metadata), metadata: metadata, to: path)
        let file = try HeadFile(path: path)
        #expect(file.metadata == metadata && HeadFile.isOne(path))
        #expect(try file.parameters() == Self.parameters(metadata))
        #expect(try FileSystem.read(path) == Self.bytes(metadata))
        #expect(throws: ModelError.self) { try ModelFile(path: path) }
        try HeadFile.verify(path: path)
    }

    @Test("A file cut short anywhere, and any flipped byte, is refused")
    func damage() throws {
        let bytes = try Self.bytes()
        for count in stride(from: 0, to: bytes.count, by: 7) {
            #expect(try Self.refusal(Array(bytes[..<count])) != nil, "\(count) bytes")
        }
        for place in bytes.indices {
            var flipped = bytes
            flipped[place] ^= 0x11
            #expect(try Self.refusal(flipped) != nil, "byte \(place)")
        }
    }

    @Test("Wrong metadata, shapes, types and values are refused by name")
    func hostile() throws {
        let bytes = try Self.bytes()
        #expect(try Self.refusal(Self.changed(bytes, "int8", "int8")) == nil)
        for (old, new, expected) in [
            (#""architecture":"head""#, #""architecture":"yamnet""#, "architecture"),
            (#""base_digest":"sha256:ab"#, #""base_digest":"sha257:ab"#, "base_digest"),
            (#""base_precision":"int8""#, #""base_precision":"int4""#, "base_precision"),
            (#""embedding_size":"4""#, #""embedding_size":"5""#, "hidden/w"),
            (#""embedding_size":"4""#, #""embedding_size":"9999999""#, "embedding_size"),
            (#""embedding_size":"4""#, #""embedding_size":"-4""#, "embedding_size"),
            (#""hidden":"3""#, #""hidden":"0""#, "output/w"), (#""hidden":"3""#, #""hidden":"x""#, "hidden"),
            (#""pooling":"attention""#, #""pooling":"mean""#, "attention/w"),
            (#""pooling":"attention""#, #""pooling":"median""#, "pooling"),
            (#"Ü/é\"]"#, #"Ü/é\",\"c\"]"#, "class_ids"), (#"\"Ü/é\""#, #"\"a, \\\"b\\\"\""#, "classes"),
            (#""classes":"["#, #""classes":"{"#, "classes"),
            (#""normalization":"band-mean""#, #""normal":"band-mean""#, "normal"),
            (#""output/b":{"data_offsets":"#, #""output/c":{"data_offsets":"#, "output/"),
            (
                #""output/b":{"data_offsets":[84,92],"dtype":"F32","shape":[2]}"#,
                #""output/b":{"data_offsets":[84,92],"dtype":"F16","shape":[4]}"#, "output/b"
            ),
        ] {
            let found = try Self.refusal(Self.changed(bytes, old, new))
            #expect(found?.contains(expected) == true, "\(new): \(found ?? "accepted")")
        }
        for value in [Float.nan, .infinity] {
            let metadata = Self.metadata()
            var parameters = Self.parameters(metadata)
            parameters["output/w"]?[4] = value
            let temporary = try TemporaryFolder()
            let path = temporary.path + "/h"
            try HeadFile.write(parameters: parameters, metadata: metadata, to: path)
            #expect { _ = try HeadFile(path: path).parameters() } throws: {
                "\($0)".contains("output/w") && "\($0)".contains("value 4") && "\($0)".contains("finite")
            }
        }
        #expect(throws: ModelError.self) {
            try HeadFile.write(parameters: [:], metadata: Self.metadata(), to: "/nowhere/h")
        }
    }
}
