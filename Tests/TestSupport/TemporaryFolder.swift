import Foundation

/// A folder of its own for one test, gone when the test is.
package final class TemporaryFolder {
    package let path: String

    /// - Throws: where the folder cannot be made.
    package init() throws {
        path = FileManager.default.temporaryDirectory.path + "/earmark-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file below the folder, with the folders it needs; returns its path.
    @discardableResult
    package func put(_ name: String, _ text: String = "") throws -> String { try put(name, Array(text.utf8)) }

    @discardableResult
    package func put(_ name: String, _ bytes: [UInt8]) throws -> String {
        let whole = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: whole))
        return whole
    }

    package func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path + "/" + name, withDestinationPath: target)
    }

    package func read(_ name: String) throws -> String {
        try String(contentsOfFile: path + "/" + name, encoding: .utf8)
    }

    package func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// A folder for the time that `body` takes.
    package static func with<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = try TemporaryFolder()
        return try withExtendedLifetime(folder) { try body(folder.path) }
    }
}
