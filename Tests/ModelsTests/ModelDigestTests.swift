import Engines
import Foundation
import Models
import TestSupport
import Testing

/// A model file carries its own digest.
struct ModelDigestTests {
    @Test("Any flipped byte is refused, wherever it lies")
    func flips() throws {
        try TemporaryFolder.with { folder in
            let path = try model(in: folder)
            let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let header = 8 + Int(whole[0]) + Int(whole[1]) << 8
            // Every byte of the header, and some of the tensors.
            for place in Array(0..<header) + Array(stride(from: header, to: whole.count, by: 100_003)) {
                var bytes = whole
                bytes[place] ^= 1 << UInt8(place % 8)
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                #expect(throws: ModelError.self, "byte \(place)") { try NativeModel.load(path: path) }
            }
            try Data(whole).write(to: URL(fileURLWithPath: path))
            _ = try NativeModel.load(path: path)
        }
    }

    @Test("A file that carries none, as another program may write it, is taken")
    func without() throws {
        try TemporaryFolder.with { folder in
            let path = try model(in: folder)
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let key = try #require(bytes.firstRange(of: Array(#""digest":"sha256:"#.utf8)))
            let length = key.count + 64 + 2
            // As many blanks in the place of key, value and comma.
            bytes.replaceSubrange(
                key.lowerBound..<key.lowerBound + length, with: [UInt8](repeating: 32, count: length))
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            _ = try NativeModel.load(path: path)
        }
    }

    private func model(in folder: String) throws -> String {
        let path = folder + "/m.safetensors"
        try ModelFileWriter.write(
            parameters: Seeded.parameters(.waveEncoder, classes: 3),
            metadata: Seeded.metadata(.waveEncoder, classes: 3), to: path)
        return path
    }
}
