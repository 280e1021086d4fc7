import Engines
import Foundation
import Models
import TestSupport
import Testing

/// Thresholds that a model file recommends: read back, checked, and no part of what its scores are known by.
struct ModelThresholdsTests {
    private static let values = ["Class 0": 0.25, "Class 2": 0.4375, "Class 3": 1]

    private func model(_ folder: String, _ name: String = "m", thresholds: [String: Double] = [:]) throws -> String {
        let path = folder + "/\(name).safetensors"
        var metadata = Seeded.metadata(.waveEncoder, classes: 4)
        metadata.thresholds = thresholds
        try ModelFileWriter.write(parameters: Seeded.parameters(.waveEncoder, classes: 4), metadata: metadata, to: path)
        return path
    }

    private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    private func data(_ path: String) throws -> [UInt8] {
        let all = try bytes(path)
        return Array(all[(8 + (0..<8).reduce(0) { $0 | Int(all[$1]) << (8 * $1) })...])
    }

    @Test("They are read back, in quantised models as well; a model that was written without has none")
    func roundTrip() throws {
        try TemporaryFolder.with { folder in
            #expect(try NativeModel.load(path: model(folder)).metadata.thresholds.isEmpty)
            let path = try model(folder, thresholds: Self.values)
            #expect(try NativeModel.load(path: path).metadata.thresholds == Self.values)
            try ModelQuantizer.quantize(from: path, to: folder + "/q.safetensors")
            #expect(try NativeModel.load(path: folder + "/q.safetensors").metadata.thresholds == Self.values)
        }
    }

    @Test(
        "Putting them in, changing them and taking them out leaves all else of the file, and what its scores are known by"
    )
    func rewriting() throws {
        try TemporaryFolder.with { folder in
            let path = try model(folder)
            let quantized = folder + "/q.safetensors"
            try ModelQuantizer.quantize(from: path, to: quantized)
            for (place, path) in [path, quantized].enumerated() {
                let plain = try ModelDigest.ofFile(path)
                #expect(try ModelDigest.ofScores(path) == plain)
                let other = folder + "/\(place).safetensors"
                for thresholds in [Self.values, ["Class 1": 0.5], [:]] {
                    try ModelFileWriter.rewrite(ModelFile(path: path), thresholds: thresholds, to: other)
                    let file = try ModelFile(path: other)
                    try file.checkDigest()
                    #expect(file.metadata.thresholds == thresholds)
                    #expect(try data(other) == data(path))
                    #expect(try ModelDigest.ofScores(other) == plain)
                    #expect(try (ModelDigest.ofFile(other) == plain) == thresholds.isEmpty)
                    // Over itself, as a user may.
                    try ModelFileWriter.rewrite(ModelFile(path: other), thresholds: thresholds, to: other)
                    #expect(try ModelDigest.ofScores(other) == plain)
                }
                #expect(try bytes(other) == bytes(path))
            }
        }
    }

    @Test("Another weight is another model, with thresholds and without")
    func weights() throws {
        try TemporaryFolder.with { folder in
            let path = try model(folder, thresholds: Self.values)
            var parameters = Seeded.parameters(.waveEncoder, classes: 4)
            parameters["head/b"]?[0] += 1
            var metadata = Seeded.metadata(.waveEncoder, classes: 4)
            metadata.thresholds = Self.values
            let other = folder + "/other.safetensors"
            try ModelFileWriter.write(parameters: parameters, metadata: metadata, to: other)
            #expect(try ModelDigest.ofScores(other) != ModelDigest.ofScores(path))
            metadata.classes[0] = "Another"
            metadata.thresholds = ["Another": 0.5]
            try ModelFileWriter.write(
                parameters: Seeded.parameters(.waveEncoder, classes: 4), metadata: metadata, to: other)
            #expect(try ModelDigest.ofScores(other) != ModelDigest.ofScores(path))
        }
    }

    @Test("Of the model that ships the digest is the one that it had before it recommended thresholds, so caches go on")
    func shipped() throws {
        let path =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path + "/Models/lean-esc10.safetensors"
        #expect(
            try ModelDigest.ofScores(path)
                == "sha256:3c5d9f751811841b51b1c03e61427212da69856d02500371d3aced6755c19b37")
    }

    @Test("Thresholds of unknown classes, out of range, or of another form are refused, and nothing is written")
    func refused() throws {
        try TemporaryFolder.with { folder in
            let path = try model(folder)
            for (thresholds, words) in [
                (["Class 9": 0.5], "metadata 'thresholds': 'Class 9' is not one of the classes"),
                (["Class 1": 1.5], "metadata 'thresholds': found 1.5 for 'Class 1'; expected 0 to 1"),
                (["Class 1": -0.1], "found -0.1"),
            ] {
                let error = #expect(throws: ModelError.self) {
                    try ModelFileWriter.rewrite(
                        ModelFile(path: path), thresholds: thresholds, to: folder + "/no.safetensors")
                }
                #expect("\(try #require(error))".contains(words))
                #expect(!FileManager.default.fileExists(atPath: folder + "/no.safetensors"))
            }
            for text in ["[]", "{\"Class 1\": \"x\"}", "half"] {
                var texts = try ModelFile(path: path).texts
                texts["thresholds"] = text
                #expect(throws: ModelError.self) { try ModelMetadata(texts: texts, path: path) }
            }
        }
    }
}
