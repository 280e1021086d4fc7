import Foundation
import Models
import TestSupport
import Testing

/// Named pipes in the place of a card's files: refused at once, as nothing may ever write to them.
struct CardPipeTests {
    private static let yaml = CardFixture.yaml(
        input: "reads: wave, rate: 8000, chunk: 3200", outputs: "scores: {activation: none}")

    @Test("A pipe as card, as model file, as list of classes, and as the file to import", .timeLimit(.minutes(1)))
    func pipes() throws {
        let folder = try TemporaryFolder()
        for name in ["pipe.yaml", "net.onnx", "list.txt"] { #expect(mkfifo(folder.path + "/" + name, 0o600) == 0) }
        let card = try folder.put("card.yaml", Self.yaml)
        let listed = try folder.put(
            "listed.yaml",
            CardFixture.yaml(
                input: "reads: wave, rate: 8000, chunk: 3200", outputs: "scores: {activation: none}",
                classes: "list.txt"))
        let texts = [
            message { _ = try ModelCard(path: folder.path + "/pipe.yaml") },
            message { try ModelCard(path: card).checkFiles() }, message { _ = try ModelCard(path: listed) },
            message { _ = try ModelDigest.ofFile(folder.path + "/net.onnx") },
            message { _ = try ForeignFile.isTensorFlowLite(folder.path + "/net.onnx") },
            message {
                _ = try CardImport.write(
                    card, file: folder.path + "/net.onnx", classes: nil, to: folder.path + "/out/card.yaml")
            },
        ]
        for text in texts {
            #expect(text?.contains("a pipe or a device, expected a file") == true, "\(text ?? "read")")
        }
    }

    @Test("An empty file has no digest")
    func empty() throws {
        let folder = try TemporaryFolder()
        let path = try folder.put("net.onnx")
        #expect(message { _ = try ModelDigest.ofFile(path) } == "\(path): the file is empty")
    }
}
