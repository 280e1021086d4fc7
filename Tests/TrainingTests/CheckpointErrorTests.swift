import Errors
import Foundation
import Models
import TestSupport
import Testing
import Training

/// A checkpoint that is none, or whose state is broken: told with the file and the key.
@Suite struct CheckpointErrorTests {
    private func fault(_ text: String?) throws -> TrainingError? {
        try TemporaryFolder.with { folder in
            let path = folder + "/c.safetensors"
            let metadata = Seeded.metadata(.lean, classes: 2)
            try ModelFileWriter.write(
                tensors: [], metadata: metadata, texts: text.map { ["training": $0] } ?? [:], to: path)
            let error = #expect(throws: TrainingError.self) { try Checkpoint.state(path: path) }
            #expect(
                error.map { "\($0)".hasPrefix("\(path): metadata 'training': ") } ?? false,
                "\(String(describing: error))")
            return error
        }
    }

    @Test(
        "Each says what is wrong with the state, in its words",
        arguments: [
            (nil, "it is missing"), ("", "it is no JSON"), ("{", "it is no JSON"), ("{}", "'options' is missing"),
            (#"{"options":3}"#, "'options' is no "),
        ] as [(String?, String)])
    func state(text: String?, words: String) throws {
        let error = try #require(try fault(text))
        #expect(error.category == .badInput && error.message.hasPrefix(words), "\(error)")
        for name in ["DecodingError", "CodingKey", "Swift.", "Domain"] {
            #expect(!"\(error)".contains(name), "\(error)")
        }
    }
}
