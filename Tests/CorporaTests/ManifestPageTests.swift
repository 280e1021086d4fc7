import Corpora
import Foundation
import TestSupport
import Testing

/// The page that tells the manifest's format, held to what the reader does.
@Suite struct ManifestPageTests {
    private static let page =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Manifests/README.md"

    /// The page's blocks of code, each with what stands behind the marks of its first line.
    static func blocks() throws -> [(kind: String, text: String)] {
        var blocks: [(kind: String, text: String)] = []
        var isOpen = false
        for line in try String(contentsOfFile: page, encoding: .utf8).components(separatedBy: "\n") {
            if line.hasPrefix("```") {
                isOpen.toggle()
                if isOpen { blocks.append((String(line.dropFirst(3)), "")) }
            } else if isOpen {
                blocks[blocks.count - 1].text += line + "\n"
            }
        }
        return blocks
    }

    @Test func everyExampleIsRead() throws {
        let examples = try Self.blocks().filter { $0.kind == "csv" }
        #expect(examples.count >= 4)
        for (_, text) in examples {
            let manifest = try Manifest(bytes: Array(text.utf8), file: "M.csv", folder: "/here")
            let rows = text.split(separator: "\n").count - (text.hasPrefix("sep=") ? 2 : 1)
            #expect(manifest.count == rows, "\(text)")
        }
        let labels = try examples.map { try Manifest(bytes: Array($0.text.utf8), file: "M.csv", folder: "/here") }
            .flatMap { manifest in (0..<manifest.count).map { manifest.labels($0) } }
        #expect(labels.contains(["Frog", "Rain"]) && labels.contains(["Child speech, kid speaking", "Speech"]))
        #expect(labels.contains(["Waves, surf"]))
    }

    @Test func everyRefusalIsWhatTheReaderSays() throws {
        let blocks = try Self.blocks()
        var refused = 0
        for (place, block) in blocks.enumerated() where block.kind == "csv refused" {
            refused += 1
            let said = message { _ = try Manifest(bytes: Array(block.text.utf8), file: "M.csv", folder: "/here") }
            #expect(place + 1 < blocks.count && blocks[place + 1].kind == "text")
            #expect(said.map { $0 + "\n" } == blocks[place + 1].text, "\(block.text)")
        }
        #expect(refused >= 6)
    }

    @Test func whatIsAManifestAndWhatIsNot() throws {
        let folder = try TemporaryFolder()
        func isOne(_ bytes: [UInt8]) throws -> Bool {
            let path = folder.path + "/file"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return try Manifest.isOne(path)
        }
        func wide(_ text: String) -> [UInt8] {
            [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        }
        for (_, text) in try Self.blocks().filter({ $0.kind == "csv" }) {
            #expect(try isOne(Array(text.utf8)), "\(text)")
            #expect(try isOne([0xEF, 0xBB, 0xBF] + Array(text.utf8)) && isOne(wide(text)), "\(text)")
            // Broken further down, and longer than is looked at.
            let long = text + String(repeating: "x,\u{1F426}\n", count: 20_000) + "\"broken"
            #expect(try isOne(Array(long.utf8)) && isOne(wide(long)))
        }
        #expect(try isOne([]))
        for text in [
            "RIFF....WAVEfmt ", "clip\na\n", "labels,split\na,b\n", "\n", "name: label\nstages:\n", "clip,\"path",
        ] {
            #expect(try !isOne(Array(text.utf8)), "\(text)")
        }
        #expect(try !isOne([UInt8](repeating: 0, count: 100_000)))
    }
}
