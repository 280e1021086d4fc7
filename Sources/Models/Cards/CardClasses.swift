import Files
import Tables
import Wording
import YAML

/// The classes of a model card: a list in the card, or a file beside it.
struct CardClasses {
    private(set) var names: [String] = []
    /// In the order of the names; empty if there are none.
    private(set) var identifiers: [String] = []
    /// The file they were read from; nil if they stand in the card.
    let file: ModelCard.File?
    let line: Int?
    /// Their number; that which the card states if their file is not there.
    private(set) var count = 0
    /// How to get the file, as the card says it.
    private let obtain: String

    private static let most = 65_536
    private static let nameColumns = ["display_name", "name", "class", "label"]
    private static let identifierColumns = ["mid", "id", "identifier"]

    /// - Parameters:
    ///   - node: a file's name, a list of names or of mappings with `name` and `id`, or a mapping with `file`.
    ///   - line: the line of the key.
    ///   - path: the card's.
    ///   - obtain: how to get the file, in words; empty if the card does not say.
    ///   - isFileOptional: whether there are no names, and no error, if the file is not there.
    /// - Throws: `ModelError.line` in the card or in the file; `ModelError.file` if the file cannot be read.
    init(_ node: YAMLNode, line: Int?, path: String, obtain: String, isFileOptional: Bool) throws {
        self.line = line
        self.obtain = obtain
        switch node.content {
        case .sequence(let items):
            file = nil
            for item in items { try append(item, path) }
        case .scalar(let name):
            let fields = try CardFields(YAMLNode(.mapping([]), line: line), path: path, owner: "classes", line: line)
            let named = try ModelCard.File(name: (name, line), sha256: nil, address: nil, fields)
            file = named
            try read(Source(file: named), path, isFileOptional)
        case .mapping:
            var fields = try CardFields(node, path: path, owner: "classes", line: line)
            let source = try Source(&fields)
            try fields.finish()
            file = source.file
            try read(source, path, isFileOptional)
        }
        if names.isEmpty, isFileOptional, file != nil { return }
        count = names.count
        guard !names.isEmpty else {
            throw CardFields.error(path, line, "'classes' is an empty list, expected 1 to \(Self.most) classes")
        }
        if identifiers.allSatisfy(\.isEmpty) { identifiers = [] }
    }

    /// A file of classes, and where in it they are.
    private struct Source {
        let file: ModelCard.File
        /// Columns of a table.
        let name: String?
        let identifier: String?
        /// What stands between identifier and name in a line of a text file.
        let separator: String?
        /// How many there are; nil if the card does not say.
        let count: Int?

        init(file: ModelCard.File) {
            self.file = file
            (name, identifier, separator, count) = (nil, nil, nil, nil)
        }

        init(_ fields: inout CardFields) throws {
            let named = try fields.required("file", "the name of a file beside the card")
            name = try fields.text("name")?.value
            identifier = try fields.text("identifier")?.value
            separator = try fields.text("separator")?.value
            count = try fields.integer("count", 1...CardClasses.most)
            file = try ModelCard.File(
                name: named, sha256: ModelCard.digest(&fields), address: ModelCard.address(&fields), fields)
        }
    }

    /// Takes an item of the card's own list.
    private mutating func append(_ item: YAMLNode, _ path: String) throws {
        if let name = item.scalar { return try append(name, "", at: path, item.line) }
        var fields = try CardFields(item, path: path, owner: "classes")
        let name = try fields.required("name", "the class's name").value
        let identifier = try fields.text("id")?.value ?? ""
        try fields.finish()
        try append(name, identifier, at: path, item.line)
    }

    private var seen: Set<String> = []

    private mutating func append(_ name: String, _ identifier: String, at path: String, _ line: Int?) throws {
        func wrong(_ reason: String) -> ModelError { CardFields.error(path, line, reason) }
        guard !name.isEmpty else { throw wrong("class \(names.count) has no name, expected one") }
        let control = (name + identifier).unicodeScalars.first {
            [.control, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
        if let code = control.map({ String($0.value, radix: 16, uppercase: true) }) {
            let padded = String(repeating: "0", count: 4 - code.utf8.count) + code
            throw wrong("class \(names.count) has the control character U+\(padded), expected a name without one")
        }
        guard seen.insert(name).inserted else { throw wrong("the class '\(name)' stands twice, expected it once") }
        guard names.count < Self.most else { throw wrong("more than \(Self.most) classes, expected at most as many") }
        names.append(name)
        identifiers.append(identifier)
    }

    private mutating func read(_ source: Source, _ card: String, _ isFileOptional: Bool) throws {
        let path = try ModelCard.place(of: source.file, card: card)
        if isFileOptional, !FileSystem.exists(path) {
            count = source.count ?? 0
            return
        }
        guard FileSystem.exists(path) else {
            throw CardFields.error(
                card, source.file.line, ModelCard.absent("the list of classes", source.file, obtain: obtain))
        }
        let bytes: [UInt8]
        do { bytes = try FileSystem.readFile(path) } catch let error as FileError where !error.isShortage {
            throw CardFields.error(
                card, source.file.line,
                "the list of classes '\(source.file.name)'"
                    + (error.code == nil ? ": \(error.message)" : " \(error.message): \(error.reason)"))
        }
        if let sum = source.file.sha256 {
            let found = SHA256.of(bytes)
            guard found == sum else {
                throw CardFields.error(
                    card, source.file.line,
                    "the list of classes '\(source.file.name)' has SHA-256 \(found), expected \(sum)")
            }
        }
        if path.lowercased().hasSuffix(".csv") {
            try readTable(bytes, path, source)
        } else {
            try readLines(bytes, path, source, card)
        }
        if let count = source.count, count != names.count {
            throw CardFields.error(
                card, source.file.line,
                "\(counted(names.count, "class", "classes")) in '\(source.file.name)', expected the \(count) that the card states"
            )
        }
    }

    /// Other characters that break lines are part of a name, in which they are refused if they are control characters.
    private static func endsLine(_ character: Character) -> Bool {
        character == "\n" || character == "\r\n" || character == "\r"
    }

    private mutating func readLines(_ bytes: [UInt8], _ path: String, _ source: Source, _ card: String) throws {
        guard source.name == nil, source.identifier == nil else {
            throw CardFields.error(
                card, source.file.line, "'name' and 'identifier' are columns, but '\(path)' is not a table (.csv)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ModelError.file(path: path, reason: "not UTF-8 text, expected a class in each line")
        }
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: Self.endsLine).map(String.init)
        if lines.first?.hasPrefix("\u{FEFF}") == true { lines[0].removeFirst() }
        while lines.last?.isEmpty == true { lines.removeLast() }
        for (index, line) in lines.enumerated() {
            guard let separator = source.separator else {
                try append(line, "", at: path, index + 1)
                continue
            }
            guard let cut = line.firstRange(of: separator) else {
                throw CardFields.error(path, index + 1, "found no '\(separator)', expected IDENTIFIER\(separator)NAME")
            }
            try append(String(line[cut.upperBound...]), String(line[..<cut.lowerBound]), at: path, index + 1)
        }
    }

    private mutating func readTable(_ bytes: [UInt8], _ path: String, _ source: Source) throws {
        let asked = [source.name, source.identifier].compactMap { $0 }
        do {
            let known = (asked + Self.nameColumns + Self.identifierColumns + ["index"]).map { $0.lowercased() }
            guard var (reader, _) = try SpreadsheetText(bytes, file: path).table(columns: known) else {
                throw CardFields.error(path, 1, "no classes, expected a header")
            }
            let header = reader.fields.map { reader.text($0) }
            func column(_ asked: String?, _ usual: [String]) throws -> Int? {
                if let asked {
                    if let found = header.firstIndex(of: asked) { return found }
                    throw CardFields.error(
                        reader.file, 1,
                        "no column '\(asked)', which the card names; expected one of \(header.joined(separator: ", "))")
                }
                return usual.lazy.compactMap { header.firstIndex(of: $0) }.first
            }
            // A name with a semicolon or a tab may be several columns, of which none is known.
            let isOne = header.count == 1 && !header[0].contains { $0 == ";" || $0 == "\t" }
            guard let name = try column(source.name, Self.nameColumns) ?? (isOne ? 0 : nil) else {
                throw CardFields.error(
                    reader.file, 1,
                    "the columns are \(header.joined(separator: ", ")), expected one of "
                        + "\(Self.nameColumns.joined(separator: ", ")), or that the card names one")
            }
            let identifier = try column(source.identifier, Self.identifierColumns)
            let index = header.firstIndex(of: "index")
            while try reader.next() {
                let row = reader.fields.map { reader.text($0) }
                guard row.count == header.count else {
                    throw CardFields.error(
                        reader.file, reader.rowLine,
                        "\(counted(row.count, "field")), expected \(header.count), as in the header")
                }
                if let index, row[index] != "\(names.count)" {
                    throw CardFields.error(
                        reader.file, reader.rowLine, "found index '\(row[index])', expected \(names.count)")
                }
                try append(row[name], identifier.map { row[$0] } ?? "", at: reader.file, reader.rowLine)
            }
        } catch let error as TableError {
            throw CardFields.error(error.file, error.line, error.message)
        }
    }
}
