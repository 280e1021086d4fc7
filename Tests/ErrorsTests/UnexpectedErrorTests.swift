import Errors
import Foundation
import TestSupport
import Testing

/// Errors of libraries: none is told in the library's own names.
struct UnexpectedErrorTests {
    private struct Wanted: Decodable {
        struct Inner: Decodable { let size: Int }
        let name: String
        let inner: [Inner]
    }

    private struct Odd: Error {}

    static let names = ["Domain", "NSCocoa", "NSPOSIX", "NSError", "DecodingError", "Swift.", "CodingKey", "Error("]

    private func error(_ body: () throws -> Void) -> (any Error)? {
        do {
            try body()
            return nil
        } catch { return error }
    }

    @Test("Foundation's errors on files become the system's words and a category of their own")
    func files() throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        try Data([1]).write(to: URL(fileURLWithPath: path + "/file"))
        let manager = FileManager.default
        let bodies: [() throws -> Void] = [
            { _ = try Data(contentsOf: URL(fileURLWithPath: path + "/none")) },
            { _ = try Data(contentsOf: URL(fileURLWithPath: path)) },
            { try Data([1]).write(to: URL(fileURLWithPath: path + "/none/file")) },
            { try Data([1]).write(to: URL(fileURLWithPath: "/proc/earmark")) },
            { _ = try manager.contentsOfDirectory(atPath: path + "/none") },
            { try manager.removeItem(atPath: path + "/none") },
            { try manager.copyItem(atPath: path + "/none", toPath: path + "/copy") },
            { try manager.createDirectory(atPath: path + "/file/in", withIntermediateDirectories: true) },
            { _ = try String(contentsOfFile: path + "/none", encoding: .utf8) },
            { _ = try FileHandle(forReadingFrom: URL(fileURLWithPath: path + "/none")) },
            { throw POSIXError(.EACCES) }, { throw NSError(domain: "x.Domain", code: 4) },
        ]
        for (number, body) in bodies.enumerated() {
            let thrown = try #require(error(body), "\(number)")
            check(UnexpectedError(thrown), "\(number): \(thrown)")
        }
        let full = UnexpectedError(POSIXError(.ENOSPC))
        #expect(full.category == .shortage && "\(full)".hasSuffix("No space left on device"))
        #expect(UnexpectedError(POSIXError(.EACCES)).category == .inputOutput)
    }

    private func check(_ told: UnexpectedError, _ thrown: String) {
        let text = "\(told)"
        for name in Self.names { #expect(!text.contains(name), "\(text) for \(thrown)") }
        #expect(!text.contains { $0.isNewline } && !text.isEmpty)
    }

    @Test(
        "What is wrong with a text that is decoded is told with its place",
        arguments: [
            (#"{"inner":[]}"#, "'name' is missing"), (#"{"name":3,"inner":[]}"#, "'name' is no String"),
            (#"{"name":"a","inner":[{"size":1},{}]}"#, "'inner.1.size' is missing"),
            (#"{"name":"a","inner":[{"size":"x"}]}"#, "'inner.0.size' is no Int"),
            (#"{"name":null,"inner":[]}"#, "'name' is null, expected String"), ("{", "it is no JSON"),
            ("[]", "the whole is no Dictionary<String, Any>"),
        ])
    func decoding(text: String, reason: String) throws {
        let thrown = try #require(error { _ = try JSONDecoder().decode(Wanted.self, from: Data(text.utf8)) })
        #expect((thrown as? DecodingError)?.reason == reason)
        let told = UnexpectedError(thrown)
        check(told, "\(thrown)")
        #expect(told.category == .internal && told.message.hasSuffix(reason))
    }

    @Test("Our own errors stay what they are, and others are internal faults")
    func others() {
        let own = SettingError(name: "a", found: "b", expected: "c")
        #expect("\(UnexpectedError(own))" == "\(own)" && UnexpectedError(own).category == .usage)
        #expect(UnexpectedError(Odd()).category == .internal)
        check(UnexpectedError(Odd()), "Odd")
    }
}
