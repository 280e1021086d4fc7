import Files
import Tables
import Wording

/// Maps the labels of a ground truth to classes that have other names. It is read from a CSV file with a label and its
/// classes, by name or identifier, on each line: `label,class[,class...]`. A label without a class is deliberately
/// ignored. A first line that begins with `label,class` is a header.
package struct LabelMap: Sendable {
    /// The file's name, as given.
    package let file: String
    /// What was assumed about the text: lines for the user, each with the file's name.
    package let notices: [String]
    private let places: [String: [Int]]

    /// Reads a map from a file.
    ///
    /// - Parameter names: the model's classes.
    /// - Throws: `FileError` if the file cannot be read; `TableError` naming the line of a class that the model does
    ///   not have (with the names nearest to it), of a label that occurs twice or of a line that has another form, or
    ///   if there is no label at all.
    package init(contentsOf path: String, names: ClassNames) throws {
        try self.init(bytes: try FileSystem.read(path), file: path, names: names)
    }

    /// Reads a map from text in memory, which errors call `file`.
    ///
    /// - Throws: `TableError`, as `init(contentsOf:names:)` does.
    package init(bytes: [UInt8], file: String, names: ClassNames) throws {
        let text = try ManifestText(bytes, file: file)
        let comma = UInt8(ascii: ",")
        var reader = CSVReader(bytes: text.bytes, file: file, delimiter: text.delimiter ?? comma)
        if let header = text.header { reader.seek(start: header.start, line: header.line) }
        var places: [String: [Int]] = [:]
        var lines: [String: Int] = [:]
        var isFirst = true
        while try reader.next() {
            let line = reader.rowLine
            func wrong(_ found: String, _ expected: String) -> TableError {
                TableError(file: file, line: line, found: found, expected: expected)
            }
            let fields = reader.fields.map { LabelText.trimmed(reader.text($0)) }
            defer { isFirst = false }
            if isFirst, fields.prefix(2).map({ $0.lowercased() }) == ["label", "class"] { continue }
            guard let label = fields.first, !label.isEmpty else {
                // Spreadsheets write empty rows that consist of delimiters alone.
                if fields.allSatisfy(\.isEmpty) { continue }
                throw wrong("a line without a label", "label,class[,class...]")
            }
            if fields.count == 1, label.contains(where: { $0 == ";" || $0 == "\t" }) {
                throw wrong("'\(label)' and no comma", "label,class[,class...], or 'sep=;' as the first line")
            }
            if let first = lines[label] {
                throw wrong("label '\(label)' again (first on line \(first))", "every label once")
            }
            lines[label] = line
            places[label] = try fields.dropFirst().filter { !$0.isEmpty }.map { name in
                guard let place = names.place(of: name) else {
                    throw wrong("class '\(name)' for label '\(label)'", names.expected(name))
                }
                return place
            }
        }
        guard !places.isEmpty else {
            throw TableError(file: file, line: 1, found: "no label", expected: "label,class[,class...]")
        }
        self.file = file
        notices = text.notices.map { "\(file): \($0)" }
        self.places = places
    }

    /// The indexes of a label's classes, empty if the label is ignored; nil if the map does not contain it.
    package subscript(label: String) -> [Int]? { places[label] }

    /// All labels, sorted.
    package var labels: [String] { places.keys.sorted() }
}
