import Files
import Engines
import Foundation
import Models
import TestSupport
import Testing

/// Model files: what is written is read, and what is broken is refused in one line.
struct ModelFileTests {
    private static let classes = 6
    private static let head = "head/w"

    /// A small sound file (the wave encoder), as bytes.
    private func sound() throws -> [UInt8] {
        try TemporaryFolder.with { folder in
            let path = folder + "/m.safetensors"
            try ModelFileWriter.write(
                parameters: Seeded.parameters(.waveEncoder, classes: Self.classes),
                metadata: Seeded.metadata(.waveEncoder, classes: Self.classes), to: path)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["m.safetensors"])
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        }
    }

    /// The one line with which a file of these bytes is refused, without its path.
    private func refusal(_ bytes: [UInt8]) throws -> String {
        try TemporaryFolder.with { folder in
            let path = folder + "/m.safetensors"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do {
                _ = try NativeModel.load(path: path)
                return "accepted"
            } catch let error as ModelError {
                #expect(error.description.hasPrefix(path) && !error.description.contains("\n"))
                return String(error.description.dropFirst(path.count + 2))
            }
        }
    }

    /// The file with its header's text changed and the length before it put right.
    private func changed(_ bytes: [UInt8], _ change: (String) -> String) -> [UInt8] {
        let length = Int(bytes[0]) | Int(bytes[1]) << 8 | Int(bytes[2]) << 16
        let header = Array(change(String(decoding: bytes[8..<8 + length], as: UTF8.self)).utf8)
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        return prefix + header + bytes[(8 + length)...]
    }

    @Test("What is written is read back")
    func roundTrip() throws {
        try TemporaryFolder.with { folder in
            let path = folder + "/m.safetensors"
            var metadata = Seeded.metadata(.waveEncoder, classes: 3)
            metadata.classes = ["a, \"b\"", "Ü/é", "c"]
            metadata.createdFrom = "0123"
            let parameters = Seeded.parameters(.waveEncoder, classes: 3)
            try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: path)
            let file = try ModelFile(path: path)
            #expect(file.metadata == metadata && !file.isQuantized)
            for parameter in file.layout.parameters {
                #expect(try file.floats(parameter) == parameters[parameter.name])
            }
            let again = folder + "/again.safetensors"
            try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: again)
            #expect(FileManager.default.contentsEqual(atPath: path, andPath: again))
        }
    }

    @Test("Half floats of both kinds are read exactly")
    func halves() throws {
        let bits: [UInt16] = [0x0000, 0x3c00, 0xc000, 0x0001, 0x7bff, 0x3555]
        let bytes = bits.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let values = bytes.withUnsafeBytes { TensorType.f16.floats($0) }
        #expect(values == [0, 1, -2, 0x1p-24, 65504, 0.33325195])
        let brain: [UInt8] = [0x80, 0x3f, 0x00, 0xc0]
        #expect(brain.withUnsafeBytes { TensorType.bf16.floats($0) } == [1, -2])
    }

    @Test("A file cut short anywhere is refused")
    func cutShort() throws {
        let bytes = try sound()
        for count in [0, 1, 7, 8, 9, 100, 1000, 3000, bytes.count / 2, bytes.count - 1] {
            #expect(try refusal(Array(bytes[..<count])) != "accepted", "\(count) bytes")
        }
        #expect(try refusal(bytes) == "accepted")
        #expect(try refusal(bytes + [0]).contains("1 byte after the last tensor"))
        #expect(try refusal(Array(bytes[..<(bytes.count - 1)])).contains("tensor head/b: ends at byte"))
    }

    @Test("A header of absurd length is refused before anything is read", arguments: [0, 1, 1 << 30, Int.max, -1])
    func headerLength(length: Int) throws {
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        #expect(try refusal(prefix + (try sound())[8...]).contains("header of"))
    }

    @Test("Broken headers are refused with the tensor and the reason")
    func headers() throws {
        let bytes = try sound()
        func refused(_ old: String, _ new: String) throws -> String {
            try refusal(
                changed(bytes) { header in
                    let isThere = header.contains(old)
                    #expect(isThere, "\(old)")
                    return header.replacingOccurrences(of: old, with: new)
                })
        }
        let head = "\"dtype\":\"F32\",\"shape\":[256,6]}"
        #expect(try refused(head, "\"dtype\":\"F64\",\"shape\":[256,6]}").contains("tensor head/w: type 'F64'"))
        #expect(try refused(head, "\"dtype\":\"F32\",\"shape\":[6,256]}").contains("tensor head/w: shape [6, 256]"))
        #expect(try refused(head, "\"dtype\":\"F32\",\"shape\":[256,7]}").contains("its offsets span"))
        #expect(try refused(head, "\"dtype\":\"F32\",\"shape\":[-256,-6]}").contains("is impossible"))
        #expect(
            try refused(head, "\"dtype\":\"F32\",\"shape\":[4611686018427387904,8]}").contains("is impossible"))
        #expect(try refused(head, "\"dtype\":\"F32\",\"shape\":[1.5,6]}").contains("tensor head/w: header entry"))
        #expect(try refused("\"head/w\"", "\"head\\nw\\u0007\"").contains("tensor head/w: missing"))
        #expect(try refused(head, "\"dtype\":\"F32\"}").contains("'shape' is missing"))
        #expect(try refused("\"head/w\"", "\"head/x\"").contains("tensor head/w: missing"))
        #expect(try refused("\"data_offsets\":[", "\"data_offsets\":[-").contains("data_offsets"))
        #expect(try refused("{\"__metadata__\"", "[\"__metadata__\"").contains("not a JSON object"))
        #expect(try refused("\"format\":\"earmark\"", "\"format\":\"pt\"").contains("metadata 'format': found 'pt'"))
        #expect(try refused("\"wave-encoder\"", "\"lean\"").contains("tensor conv/w: missing"))
        #expect(try refused("\"wave-encoder\"", "\"resnet\"").contains("metadata 'architecture': found 'resnet'"))
        #expect(try refused("\\\"chunk\\\":16000", "\\\"chunk\\\":8000").contains("metadata 'front_end'"))
        #expect(try refused("\\\"Class 1\\\"", "\\\"Class 0\\\"").contains("is listed twice"))
        #expect(try refused("\"chunk-mean\"", "\"max\"").contains("metadata 'normalization'"))
    }

    @Test("Overlapping, shifted and distant tensors are refused")
    func offsets() throws {
        let bytes = try sound()
        let size = try #require(
            String(decoding: bytes[..<6000], as: UTF8.self).firstMatch(of: /\"head\/b\".*?\[(\d+),(\d+)\]/))
        let (start, end) = (try #require(Int(size.1)), try #require(Int(size.2)))
        func moved(by distance: Int, more: Int = 0) throws -> String {
            try refusal(
                changed(bytes + [UInt8](repeating: 0, count: more)) {
                    $0.replacingOccurrences(of: "[\(start),\(end)]", with: "[\(start + distance),\(end + distance)]")
                })
        }
        #expect(try moved(by: -4).contains("tensor head/b: overlaps"))
        #expect(try moved(by: 4, more: 4).contains("tensor head/b: leaves a gap"))
        #expect(try moved(by: 4).contains("tensor head/b: ends at byte"))
        #expect(try moved(by: 1 << 60).contains("tensor head/b: ends at byte"))
        #expect(try moved(by: -start).contains("overlaps"))
    }

    @Test("Weights that are not finite are refused with their tensor", arguments: [Float.nan, .infinity])
    func notFinite(value: Float) throws {
        try TemporaryFolder.with { folder in
            let path = folder + "/m.safetensors"
            var parameters = Seeded.parameters(.waveEncoder, classes: 2)
            parameters["encoder2/forward/u"]?[17] = value
            try ModelFileWriter.write(
                parameters: parameters, metadata: Seeded.metadata(.waveEncoder, classes: 2), to: path)
            let error = #expect(throws: ModelError.self) { try NativeModel.load(path: path) }
            #expect(error?.description.contains("tensor encoder2/forward/u: value 17 is") == true)
        }
    }

    @Test("A missing file, a folder and a target that cannot be made are refused")
    func places() throws {
        try TemporaryFolder.with { folder in
            #expect(throws: ModelError.self) { try NativeModel.load(path: folder) }
            #expect(throws: ModelError.self) { try NativeModel.load(path: folder + "/none") }
            let metadata = Seeded.metadata(.waveEncoder, classes: 2)
            #expect(throws: FileError.self) {
                try ModelFileWriter.write(
                    parameters: Seeded.parameters(.waveEncoder, classes: 2), metadata: metadata,
                    to: folder + "/no/such/folder/m.safetensors")
            }
            #expect(throws: ModelError.self) {
                try ModelFileWriter.write(parameters: [:], metadata: metadata, to: folder + "/m.safetensors")
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.isEmpty)
        }
    }
}
