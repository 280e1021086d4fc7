import Engines
import Errors
import Files
import Foundation
import TestSupport
import Testing

/// A model's file, read once.
struct ModelBytesTests {
    @Test("The bytes are those of the file when it was read, at a boundary of 64 and with zeros behind them")
    func bytes() throws {
        let folder = try TemporaryFolder()
        for size in [1, 63, 64, 65, 100_003] {
            let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
            let path = try folder.put("m", content)
            let file = try ModelBytes(path: path)
            #expect(truncate(path, 0) == 0)
            file.withBytes { bytes in
                #expect(Array(bytes) == content)
                #expect(Int(bitPattern: bytes.baseAddress) % 64 == 0)
                let room = UnsafeRawBufferPointer(start: bytes.baseAddress.map { $0 + size }, count: 64)
                #expect(room.allSatisfy { $0 == 0 })
            }
        }
    }

    @Test("A text is found wherever it is, and only if it is whole")
    func contains() throws {
        let folder = try TemporaryFolder()
        for (content, isIn) in [
            ("location", true), ("llocation", true), ("locatlocation", true), ("x location", true), ("locations", true),
            ("locatio", false), ("l", false), ("locatioN Location", false),
            (String(repeating: "l", count: 5000), false), (String(repeating: "l", count: 5000) + "ocation", true),
        ] as [(String, Bool)] {
            let file = try ModelBytes(path: try folder.put("m", content))
            #expect(file.contains("location") == isIn, "\(content.prefix(40))")
        }
    }

    @Test("What is no file, or an empty one, is an error of its path", .timeLimit(.minutes(1)))
    func refused() throws {
        let folder = try TemporaryFolder()
        let pipe = folder.path + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, folder.path, folder.path + "/gone", "/dev/null", try folder.put("empty")] {
            let error = #expect(throws: FileError.self) { try ModelBytes(path: path) }
            #expect(error?.path == path && error?.category == .badInput, "\(path)")
        }
    }

    /// Engines that read a graph's bytes from memory.
    private static let kinds = RealEngines.all.filter { $0 != .openVINO }

    @Test(
        "A graph whose file was cut short afterwards is computed as before",
        .enabled(if: !ModelBytesTests.kinds.isEmpty, RealEngines.notice(.onnxRuntime, .liteRT)),
        arguments: ModelBytesTests.kinds)
    func cutShort(_ kind: ForeignEngineKind) throws {
        let engine = try #require(RealEngines.engine(kind))
        let name = "multiply-add" + kind.formats[0].fileExtension
        let folder = try TemporaryFolder()
        let path = try folder.put(
            name, FileSystem.read(Fixture.repository.appending(path: "Tests/Fixtures/graphs/\(name)").path))
        let graph = try engine.load(path)
        #expect(truncate(path, 0) == 0)
        let runner = try graph.makeRunner(inputShapes: [[2, 4]])
        let (input, output) = (AlignedFloats([1, 1, 1, 1, 2, 2, 2, 2]), AlignedFloats(count: 8))
        try withExtendedLifetime(input) {
            try runner.run(inputs: [UnsafePointer(input.pointer)], outputs: [output.pointer])
        }
        #expect((0..<8).map { output.pointer[$0] } == [1.5, 1.5, 3.25, 4, 2.5, 3.5, 6.25, 8])
    }
}
