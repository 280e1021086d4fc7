import Foundation
import Models
import TestSupport
import Testing

/// Broken TensorFlow Lite files and class maps are refused, and leave nothing behind.
struct YAMNetImporterTests {
    private func refusal(tflite: Data, map: String) throws -> String {
        try TemporaryFolder.with { folder in
            let (model, classes, out) = (folder + "/m.tflite", folder + "/c.csv", folder + "/out.safetensors")
            try tflite.write(to: URL(fileURLWithPath: model))
            try Data(map.utf8).write(to: URL(fileURLWithPath: classes))
            do {
                try YAMNetImporter.importModel(tflite: model, classes: classes, to: out)
                return "accepted"
            } catch let error as ModelError {
                #expect(!error.description.contains("\n"))
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["c.csv", "m.tflite"])
                return error.description
            }
        }
    }

    private let map = "index,mid,display_name\n0,/m/a,\"A, b\"\n1,/m/b,C\n"

    @Test("What is not a TensorFlow Lite file is refused")
    func notTFLite() throws {
        #expect(try refusal(tflite: Data(repeating: 7, count: 100), map: map).contains("TFL3"))
        #expect(try refusal(tflite: Data("12".utf8), map: map).contains("TFL3"))
        #expect(try refusal(tflite: Data(), map: map).contains("empty"))
        #expect(try refusal(tflite: Data("\u{10}\0\0\0TFL3".utf8), map: map).contains("points out of the file"))
        #expect(try refusal(tflite: Data("\0\0\0\0TFL3\0\0\0\0\0\0\0\0".utf8), map: map) != "accepted")
    }

    @Test("A wrong class map is refused with its line")
    func classMap() throws {
        let file = Data("....TFL3".utf8)
        #expect(try refusal(tflite: file, map: "a,b\n").contains(":1: expected the columns index,mid,display_name"))
        #expect(try refusal(tflite: file, map: "index,mid,display_name\n0,/m/a,A\n2,/m/b,B\n").contains(":3: "))
        #expect(
            try refusal(tflite: file, map: "index,mid,display_name\n0,/m/a,\"A\n").contains("a quote is not closed"))
        #expect(try refusal(tflite: file, map: "index,mid,display_name\n").contains("no classes"))
    }

    private func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    @Test(
        "A class map of another size than a made-up file's is refused",
        .enabled(if: Reference.isAtHand, Reference.notice))
    func otherClassesThanMadeUp() throws {
        let file = try TemporaryFolder.with { try contents(Reference.madeUpYAMNet($0).tflite) }
        #expect(try refusal(tflite: file, map: map).contains("head: shape [521, 1024]; expected [2, 1024]"))
    }

    @Test("A class map of another size is refused", .enabled(if: Fixture.hasYAMNet, Fixture.noYAMNet))
    func otherClasses() throws {
        let file = try contents(Fixture.tflite)
        #expect(try refusal(tflite: file, map: map).contains("head: shape [521, 1024]; expected [2, 1024]"))
    }

    @Test(
        "A made-up file cut short, or with any of its structure overwritten, never crashes",
        .enabled(if: Reference.isAtHand, Reference.notice))
    func brokenMadeUp() throws {
        let (file, classes) = try TemporaryFolder.with { folder in
            let file = try Reference.madeUpYAMNet(folder)
            return (try contents(file.tflite), String(decoding: try contents(file.classes), as: UTF8.self))
        }
        // Its structure lies before its weights.
        try neverCrashes(file, classes: classes) { _, place in 8 + Int(place * 11_600) }
    }

    @Test(
        "YAMNet's file cut short, or with any of its structure overwritten, never crashes",
        .enabled(if: Fixture.hasYAMNet, Fixture.noYAMNet))
    func broken() throws {
        let file = try contents(Fixture.tflite)
        // Most of the structure lies at the two ends; what is overwritten may also be a name that nobody reads.
        try neverCrashes(file, classes: String(decoding: try contents(Fixture.classMap), as: UTF8.self)) {
            $0 % 2 == 0 ? Int($1 * 60_000) + 8 : file.count - Int($1 * 60_000) - 4
        }
    }

    /// - Parameter structure: a place within the file's structure from a round and a number in [0, 1).
    private func neverCrashes(_ file: Data, classes: String, structure: (Int, Float) -> Int) throws {
        #expect(try refusal(tflite: file, map: classes) == "accepted")
        for step in 0..<12 {
            #expect(try refusal(tflite: file.prefix(8 + step * file.count / 12), map: classes) != "accepted")
        }
        for (round, place) in Seeded.uniform(stream: 907, count: 60).enumerated() {
            var bytes = file
            let start = structure(round, place + 0.5)
            for i in 0..<4 { bytes[start + i] = round % 4 < 2 ? 0xff : 0x7f }
            _ = try refusal(tflite: bytes, map: classes)
        }
    }
}
