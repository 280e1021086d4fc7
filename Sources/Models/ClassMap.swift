import Errors
import Files

/// A class map: a CSV file with the columns index, mid and display_name, and the indices 0, 1, 2 ... in order.
struct ClassMap {
    let names: [String]
    let ids: [String]

    private static let columns = ["index", "mid", "display_name"]

    /// - Throws: `ModelError.line` for the first invalid line, `ModelError.file` if the file cannot be read,
    ///   `FileError` if the system has run out of a resource.
    init(path: String) throws {
        let text = try MappedFile(model: path).withBytes { String(decoding: $0, as: UTF8.self) }
        func wrong(_ line: Int, _ reason: String) -> ModelError {
            .line(path: path, line: line, reason: reason)
        }
        var names: [String] = []
        var ids: [String] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            guard let fields = Self.fields(line) else { throw wrong(index + 1, "a quote is not closed") }
            if index == 0 {
                guard fields == Self.columns else {
                    throw wrong(1, "expected the columns \(Self.columns.joined(separator: ","))")
                }
                continue
            }
            if line.isEmpty { continue }
            guard fields.count == 3, fields[0] == String(names.count), !fields[2].isEmpty else {
                throw wrong(index + 1, "expected \(names.count),mid,display_name")
            }
            ids.append(fields[1])
            names.append(fields[2])
        }
        guard !names.isEmpty else { throw wrong(1, "no classes") }
        self.names = names
        self.ids = ids
    }

    /// The fields of one line; nil if a quote is not closed.
    private static func fields(_ line: Substring) -> [String]? {
        var fields = [""]
        var isQuoted = false
        var characters = line.makeIterator()
        var pending = characters.next()
        while let character = pending {
            pending = characters.next()
            switch (character, isQuoted) {
            case ("\"", true) where pending == "\"":
                fields[fields.count - 1].append("\"")
                pending = characters.next()
            case ("\"", _): isQuoted.toggle()
            case (",", false): fields.append("")
            default: fields[fields.count - 1].append(character)
            }
        }
        return isQuoted ? nil : fields
    }
}
