import Corpora
import Files
import Tables
import Wording

/// A file of thresholds, `class,threshold[,release]`: a CSV table with one row per class. Further columns, such as those that
/// `calibrate` adds, are ignored.
///
/// A class that is not named, or whose field is empty, keeps the default.
package struct ThresholdTable: Sendable, Equatable {
    /// A row of the file.
    package struct Entry: Sendable, Equatable {
        /// A class's name, as the model has it.
        package let label: String
        /// 0 to 1; nil for the default.
        package let threshold: Double?
        /// 0 to `threshold`; nil for the default.
        package let release: Double?
        /// Line in the file, from 1.
        package let line: Int

        package init(label: String, threshold: Double?, release: Double? = nil, line: Int = 0) {
            self.label = label
            self.threshold = threshold
            self.release = release
            self.line = line
        }
    }

    /// The name for this table in messages.
    package let file: String
    package let entries: [Entry]

    /// For entries that do not come from a file of thresholds, such as those that a model's file recommends.
    package init(file: String, entries: [Entry]) {
        self.file = file
        self.entries = entries
    }

    /// - Throws: `FileError`, and as `init(bytes:file:classes:)` does.
    package init(contentsOf path: String, classes: ClassNames) throws {
        try self.init(bytes: FileSystem.read(path), file: path, classes: classes)
    }

    /// - Parameter classes: the model's; any other name is rejected.
    /// - Throws: `TableError`: a missing column, an unknown or repeated class, a value that is not a number or not in 0 to 1, a
    ///   release above its threshold.
    package init(bytes: [UInt8], file: String, classes: ClassNames) throws {
        self.file = file
        let header = try Self.header(bytes, file)
        var reader = header.reader
        var entries: [Entry] = []
        var lines: [Int: Int] = [:]
        while try reader.next() {
            func wrong(_ found: String, _ expected: String) -> TableError {
                TableError(file: file, line: reader.rowLine, found: found, expected: expected)
            }
            func field(_ place: Int?) -> String {
                guard let place, place < reader.fields.count else { return "" }
                return LabelText.trimmed(reader.text(reader.fields[place]))
            }
            func number(_ name: String, _ place: Int?) throws -> Double? {
                let text = SpreadsheetText.withPoint(field(place), delimiter: reader.delimiter)
                if text.isEmpty { return nil }
                // Swift also reads hexadecimal, and stops at no NUL.
                guard text.utf8.allSatisfy({ "0123456789.+-eE".utf8.contains($0) }), let value = Double(text),
                    (0...1).contains(value)
                else {
                    throw wrong("\(name) '\(text)'", "a number from 0 to 1")
                }
                return value
            }
            // A comma for the decimal point makes a field too many, and of 0,5 a threshold of 0.
            guard reader.fields.count <= header.fields else {
                throw wrong(counted(reader.fields.count, "field"), "\(header.fields), as in the header")
            }
            let name = field(header.label)
            guard let place = classes.place(of: name) else { throw wrong("class '\(name)'", classes.expected(name)) }
            if let first = lines.updateValue(reader.rowLine, forKey: place) {
                throw wrong("class '\(name)' again (first on line \(first))", "each class once")
            }
            let threshold = try number("threshold", header.threshold)
            let release = try number("release", header.release)
            if let threshold, let release, release > threshold {
                throw wrong("release \(release) above threshold \(threshold)", "a release of at most the threshold")
            }
            entries.append(
                Entry(label: classes.names[place], threshold: threshold, release: release, line: reader.rowLine))
        }
        self.entries = entries
    }

    /// The table as a file that reads back as the same table.
    package var bytes: [UInt8] {
        let hasRelease = entries.contains { $0.release != nil }
        var out = CSV.row(["class", "threshold"] + (hasRelease ? ["release"] : []))
        for entry in entries {
            let numbers = [entry.threshold] + (hasRelease ? [entry.release] : [])
            CSV.append([entry.label] + numbers.map { $0?.description ?? "" }, to: &out)
        }
        return out
    }

    /// The reader positioned after the header, and the positions of the columns.
    private static func header(
        _ bytes: [UInt8], _ file: String
    ) throws -> (reader: CSVReader, label: Int, threshold: Int, release: Int?, fields: Int) {
        guard let (reader, places) = try SpreadsheetText(bytes, file: file).table(columns: ["class", "threshold"])
        else { throw TableError(file: file, line: 1, found: "an empty file", expected: expected) }
        guard let label = places["class"], let threshold = places["threshold"] else {
            throw TableError(file: file, line: reader.rowLine, found: "a header without them", expected: expected)
        }
        return (reader, label, threshold, places["release"], reader.fields.count)
    }

    private static let expected = "the columns class and threshold, and release if wanted"
}
