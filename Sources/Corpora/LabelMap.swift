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

    /// Reads a map from text in memory, which errors call `file`. As a map need not have a header, the delimiter is the
    /// first with which the whole text is a map: commas, semicolons, tabs.
    ///
    /// - Throws: `TableError`, as `init(contentsOf:names:)` does.
    package init(bytes: [UInt8], file: String, names: ClassNames) throws {
        let text = try SpreadsheetText(bytes, file: file)
        var likeliest: (width: Int, error: any Error)?
        for delimiter in text.delimiters {
            var width = 0
            do {
                let places = try Self.places(text.reader(delimiter: delimiter), names, width: &width)
                self.file = file
                self.places = places
                notices = (text.notices + [SpreadsheetText.notice(of: delimiter)].compactMap(\.self)).map {
                    "\(file): \($0)"
                }
                return
            } catch {
                // With another delimiter than its own, a row is a single field.
                if likeliest.map({ width > $0.width }) ?? true { likeliest = (width, error) }
            }
        }
        throw likeliest?.error ?? TableError(file: file, line: 1, found: "no label", expected: Self.expected)
    }

    private static let expected = "label,class[,class...]"

    /// - Parameter width: set to the number of fields of the first row.
    private static func places(
        _ start: CSVReader, _ names: ClassNames, width: inout Int
    ) throws -> [String: [Int]] {
        var reader = start
        let file = reader.file
        var places: [String: [Int]] = [:]
        var lines: [String: Int] = [:]
        var isFirst = true
        while try reader.next() {
            let line = reader.rowLine
            func wrong(_ found: String, _ expected: String) -> TableError {
                TableError(file: file, line: line, found: found, expected: expected)
            }
            let fields = reader.fields.map { LabelText.trimmed(reader.text($0)) }
            if isFirst { width = fields.count }
            defer { isFirst = false }
            if isFirst, fields.prefix(2).map({ $0.lowercased() }) == ["label", "class"] { continue }
            guard let label = fields.first, !label.isEmpty else {
                // Spreadsheets write empty rows that consist of delimiters alone.
                if fields.allSatisfy(\.isEmpty) { continue }
                throw wrong("a line without a label", expected)
            }
            // A label alone on its line is ignored on purpose, but not a whole row of another delimiter.
            if fields.count == 1, label.utf8.contains(where: { $0 != reader.delimiter && ",;\t".utf8.contains($0) }) {
                throw wrong("'\(label)' and no \(CSV.name(of: reader.delimiter).dropFirst(2))", expected)
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
        guard !places.isEmpty else { throw TableError(file: file, line: 1, found: "no label", expected: expected) }
        return places
    }

    /// The indexes of a label's classes, empty if the label is ignored; nil if the map does not contain it.
    package subscript(label: String) -> [Int]? { places[label] ?? places[CSV.name(ofSafe: label)] }

    /// All labels, sorted.
    package var labels: [String] { places.keys.sorted() }
}
