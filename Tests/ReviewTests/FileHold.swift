import Foundation
import Glibc
import Testing

/// Holds an SQLite file as another program would that is in the middle of a transaction.
///
/// A process's locks do not exclude its own threads, so a second process holds it: Python, which `make lint` needs too.
final class FileHold {
    private let process = Process()
    private let input = Pipe()

    init(_ path: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            """
            import sqlite3, sys
            connection = sqlite3.connect(sys.argv[1], isolation_level=None)
            connection.execute("BEGIN EXCLUSIVE")
            print("held", flush=True)
            sys.stdin.read()
            """, path,
        ]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try #require(output.fileHandleForReading.availableData == Data("held\n".utf8), "cannot hold \(path)")
    }

    deinit { release() }

    /// Gives the file up, unchanged.
    func release() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
