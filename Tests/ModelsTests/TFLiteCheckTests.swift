import Foundation
import Models
import TestSupport
import Testing

/// The structure of TensorFlow Lite files, checked before an engine that trusts it reads them.
@Suite struct TFLiteCheckTests {
    private static let names = ["multiply-add", "two-outputs", "quantised", "square-root", "unknown-operator"]

    private static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Fixture.repository.appending(path: "Tests/Fixtures/graphs/\(name).tflite")))
    }

    private static func check(_ bytes: [UInt8]) throws -> [String: [Int?]] {
        // Of just this size, so that a read beyond it is found by the address sanitizer.
        try bytes.withUnsafeBytes { try TFLiteCheck.run($0, of: "g.tflite") }
    }

    @Test("Sound files give the shapes of their tensors, with what is left open")
    func sound() throws {
        for name in Self.names { #expect(throws: Never.self, "\(name)") { try Self.check(Self.bytes(name)) } }
        let open = try Self.check(Self.bytes("multiply-add"))
        #expect(open == ["x": [nil, 4], "a": [4], "m": [nil, 4], "b": [4], "y": [nil, 4]])
        #expect(try Self.check(Self.bytes("two-outputs"))["place"] == [nil])
        #expect(try Self.check(Self.bytes("quantised")) == ["x": [2, 4], "sizes": [1], "y": [8]])
    }

    @Test("Google's YAMNet is a sound file", .enabled(if: Fixture.hasYAMNet, Fixture.noYAMNet))
    func real() throws {
        let shapes = try Self.check([UInt8](try Data(contentsOf: URL(fileURLWithPath: Fixture.tflite))))
        #expect(shapes["waveform_binary"] == [15600])
    }

    @Test("A shape of more values than may be is refused, and the error names the byte")
    func absurd() throws {
        let error = try #require(throws: ModelError.self) { try Self.check(Self.bytes("absurd-shape")) }
        #expect("\(error)".hasPrefix("g.tflite: byte "), "\(error)")
    }

    @Test("Values of tensors in another file, of any path, are refused: they would be no part of the model's identity")
    func otherFile() throws {
        let error = try #require(throws: ModelError.self) { try Self.check(Self.bytes("other-file")) }
        #expect("\(error)".contains("keeps values of tensors in other files, expected all in this one"), "\(error)")
    }

    @Test("Every bit changed, one at a time: refused with a byte within the file, or still a graph")
    func flipped() throws {
        let sound = try Self.bytes("multiply-add")
        var refused = 0
        for place in sound.indices {
            for bit in 0..<8 {
                var bytes = sound
                bytes[place] ^= 1 << UInt8(bit)
                do { _ = try Self.check(bytes) } catch let error as ModelError {
                    refused += 1
                    #expect("\(error)".hasPrefix("g.tflite: byte "), "\(place) \(bit): \(error)")
                }
            }
        }
        // Numbers, names and weights can change; most of so small a file is structure.
        #expect(refused > sound.count * 8 / 2, "\(refused) of \(sound.count * 8)")
    }

    @Test("Cut anywhere, the file is refused", arguments: names)
    func cut(name: String) throws {
        let sound = try Self.bytes(name)
        for count in 0..<sound.count - 16 {
            #expect(throws: ModelError.self, "\(count)") { try Self.check(Array(sound[..<count])) }
        }
    }
}
