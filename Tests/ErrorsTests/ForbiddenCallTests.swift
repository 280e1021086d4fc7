import Testing

/// Calls whose errors say nothing to a user, and decisions made from words, stay out of the sources.
struct ForbiddenCallTests {
    /// Calls of Foundation that throw its own errors, and the files that may make them: each translates at the call.
    private static let calls: [(text: String, allowed: Set<String>)] = [
        ("FileManager", []), ("Data(contentsOf", []), ("String(contentsOf", []), ("contentsOfFile:", []),
        ("FileHandle", []), (".write(to: URL", []), ("JSONSerialization", []), ("localizedDescription", []),
        ("InputStream(", []), ("OutputStream(", []), ("NSData(", []), ("NSDictionary(", []),
        ("NSString(contentsOf", []),
        ("PropertyList", []), ("Process()", []), ("as NSError", ["Errors/UnexpectedError.swift"]),
        ("NSUnderlyingErrorKey", ["Errors/UnexpectedError.swift"]),
        // What goes wrong with a host is told by the codes of `URLError`.
        ("URLSession(", ["earmark/Commands/RemoteFile.swift"]),
    ]

    @Test("No module calls what throws Foundation's errors, but for those that translate them at the call")
    func calls() throws {
        let sources = try SourceFiles.all()
        #expect(sources.count > 200)
        for (path, text) in sources {
            for (call, allowed) in Self.calls where !allowed.contains(path) {
                #expect(
                    !text.contains(call), "\(path) calls \(call): FileSystem, or a translation with path and reason")
            }
        }
    }

    @Test("What is decoded with a plain try is translated by the same function")
    func decoding() throws {
        for (path, text) in try SourceFiles.all() {
            for match in text.matches(of: /try \w*[dD]ecoder(\(\))?\.decode\(/) {
                let before = text[..<match.range.lowerBound].suffix(600)
                let after = text[match.range.upperBound...].prefix(400)
                #expect(before.contains("do {") && after.contains("catch"), "\(path): \(match.0)")
            }
        }
    }

    @Test("No decision is made from an error's words")
    func words() throws {
        let pattern = /(?:description|message|reason\(error\)|"\\\(error\)")\.(?:hasPrefix|hasSuffix|contains|starts)\(/
        for (path, text) in try SourceFiles.all() {
            for match in text.matches(of: pattern) { Issue.record("\(path): \(match.0)") }
        }
    }
}
