import Foundation
import Testing

/// Every fixture of the repository is one that its own reference makes, from a clone alone.
@Suite(.enabled(if: Python.hasNumPy, Python.notice))
struct ReferenceFixtureTests {
    private static let script = Tool.root + "/Scripts/fixtures/make.py"
    private static let fixtures = Tool.root + "/Tests/Fixtures"

    /// Paths of all fixtures that need NumPy alone, relative to their folder.
    private func files() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: Self.fixtures).filter {
            $0.contains("/") && $0.contains(".") && !$0.hasPrefix("frontend/presets/")
        }.sorted()
    }

    @Test("Every committed fixture is what the reference makes, and the reference's own proofs hold")
    func asMade() throws {
        let check = try Python.run(Self.script, "--check")
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        let lines = Set(check.output.split(separator: "\n").map(String.init))
        for file in try files() { #expect(lines.contains("\(file): as made"), "\(file)") }
        #expect(lines.count(where: { $0.hasPrefix("proof: ") && $0.hasSuffix(": holds") }) >= 16)
    }

    @Test("One number changed in each fixture, a file that is gone and one of unknown origin are all named")
    func damage() throws {
        let scratch = try Scratch()
        let copy = scratch.path("fixtures")
        try FileManager.default.copyItem(atPath: Self.fixtures, toPath: copy)
        let files = try files()
        #expect(files.count >= 23)
        for file in files {
            let url = URL(fileURLWithPath: copy + "/" + file)
            var bytes = [UInt8](try Data(contentsOf: url))
            if file.hasPrefix("graphs/") || file.hasSuffix(".f32") || file.hasSuffix(".npy") {
                // The highest bit of the last value's exponent: 0 becomes 2, and 1 infinite. Of a graph any bit will do.
                bytes[bytes.count - 1] ^= 0x40
            } else {
                // The first digit of a number about the middle.
                let starts = Set(" ,[\n".utf8)
                let place = try #require(
                    (bytes.count / 2..<bytes.count).first {
                        starts.contains(bytes[$0 - 1]) && (48...57).contains(bytes[$0])
                    })
                bytes[place] = 48 + (bytes[place] - 47) % 10
            }
            try Data(bytes).write(to: url)
        }
        let gone = try #require(files.last)
        try FileManager.default.removeItem(atPath: copy + "/" + gone)
        try Data("1".utf8).write(to: URL(fileURLWithPath: copy + "/network/strange.npy"))
        try Data("1".utf8).write(to: URL(fileURLWithPath: copy + "/stray.npy"))
        try FileManager.default.createDirectory(atPath: copy + "/frontend/presets", withIntermediateDirectories: true)
        try Data("1".utf8).write(to: URL(fileURLWithPath: copy + "/frontend/presets/other.f32"))
        let check = try Python.run(Self.script, "--check", "--folder", copy)
        #expect(check.status == 1)
        let lines = check.output.split(separator: "\n").map(String.init)
        for file in files {
            let own = lines.filter { $0.hasPrefix(file + ": ") }
            #expect(own.count == 1 && !own[0].hasSuffix("as made"), "\(file): \(own)")
        }
        #expect(lines.contains("\(gone): missing"))
        #expect(lines.contains("network/strange.npy: no recipe makes it"))
        #expect(lines.contains("stray.npy: no recipe makes it"))
        #expect(lines.contains { $0.hasPrefix("frontend/presets/other.f32: not compared: ") })
        #expect(check.errors.contains("make.py: \(files.count + 2) faults"))
    }
}
