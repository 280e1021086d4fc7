import Corpora
import Ledger
import Tables

/// The further columns of a cache's manifest, as its last runs left them in the ledger.
package struct ManifestColumns: Sendable, Equatable {
    /// In the order in which clips, in the manifest's order, first have them.
    package let names: [String]
    /// Whether the start time of at least one recording is known.
    package let hasStartTimes: Bool

    /// Of a cache whose manifest has none.
    package static let none = ManifestColumns()

    private init(names: [String] = [], hasStartTimes: Bool = false) {
        self.names = names
        self.hasStartTimes = hasStartTimes
    }

    /// - Throws: `LedgerError` if the ledger cannot be read.
    package init(_ ledger: Ledger) throws {
        guard try ledger.hasMetadata() else {
            self.init()
            return
        }
        var names: [String] = []
        var hasStartTimes = false
        try ledger.forEachClip { clip in
            guard let fields = clip.metadata.flatMap({ ClipMetadata(json: $0) })?.fields else { return }
            for (place, field) in fields.enumerated() {
                // Mostly all clips have the same columns.
                let isKnown =
                    place < names.count && Self.same(names[place], field.name)
                    || names.contains { Self.same($0, field.name) }
                if !isKnown { names.append(field.name) }
                if !hasStartTimes, field.name == ClipMetadata.began, !field.value.isEmpty { hasStartTimes = true }
            }
        }
        self.init(names: names, hasStartTimes: hasStartTimes)
    }

    private static func same(_ first: String, _ second: String) -> Bool { first.utf8.elementsEqual(second.utf8) }
}

/// A manifest's further columns as one table has them, after its own.
package struct CarriedColumns: Sendable, Equatable {
    /// What stands before the name of a column whose own name the table has already.
    static let prefix = "manifest."

    /// The columns' names in the manifest.
    package let names: [String]
    /// Their names in the table.
    package let titles: [String]

    /// No columns.
    package static let none = CarriedColumns(.none, besides: [])

    /// A table that has a column `began` of its own, which then is that of its rows, does not get the recordings'.
    ///
    /// - Parameters:
    ///   - own: the names of the table's own columns.
    ///   - ignoresCase: whether names that differ only in the case of their letters are the same to the table's readers.
    package init(_ columns: ManifestColumns, besides own: [String], ignoresCase: Bool = false) {
        func key(_ name: String) -> String { ignoresCase ? name.lowercased() : name }
        names = columns.names.filter { $0 != ClipMetadata.began || !own.contains($0) }
        var taken = Set(own.map(key))
        titles = names.map { name in
            var title = name
            while !taken.insert(key(title)).inserted { title = Self.prefix + title }
            return title
        }
    }

    /// A clip's values, in the order of the names; empty where the manifest's row had no such column.
    ///
    /// - Parameter metadata: what the ledger has of the clip.
    package func values(_ metadata: String?) -> [String] {
        guard !names.isEmpty else { return [] }
        guard let found = metadata.flatMap({ ClipMetadata(json: $0) }) else { return names.map { _ in "" } }
        // Mostly a clip has all the columns, in the same order.
        var next = 0
        return names.map { name in
            while next < found.fields.count {
                let field = found.fields[next]
                if field.name.utf8.elementsEqual(name.utf8) {
                    next += 1
                    return field.value
                }
                guard field.name == ClipMetadata.began else { break }
                next += 1
            }
            return found[name] ?? ""
        }
    }

    /// A clip's values as the last fields of a row of CSV, each after a comma.
    func csv(_ metadata: String?) -> [UInt8] {
        values(metadata).reduce(into: []) { out, value in
            out.append(UInt8(ascii: ","))
            out += CSV.field(CSV.safeValue(value))
        }
    }

    /// The titles as the last fields of a header of CSV, each after a comma.
    var csvTitles: [UInt8] {
        titles.reduce(into: []) { out, title in
            out.append(UInt8(ascii: ","))
            out += CSV.field(CSV.safeField(title))
        }
    }

    /// What the record beside an export says of the columns; nil if there are none.
    package var record: ColumnRecord? {
        names.isEmpty ? nil : ColumnRecord(kept: names, renamed: zip(names, titles).filter { $0 != $1 })
    }
}

/// What became of a manifest's further columns in an export.
package struct ColumnRecord: Sendable, Equatable, Encodable {
    /// Those that the export has, by their names in the manifest.
    package let kept: [String]
    /// Those of them that have another name in the export, with that name.
    package let renamed: [String: String]
    /// Those that the format has no place for.
    package let leftOut: [String]

    private enum CodingKeys: String, CodingKey {
        case kept, renamed
        case leftOut = "left_out"
    }

    init(kept: [String], renamed: [(String, String)]) {
        self.kept = kept
        self.renamed = Dictionary(renamed) { first, _ in first }
        leftOut = []
    }

    /// - Parameter leftOut: columns for which the format has no place; nil is returned if there are none.
    init?(leftOut: [String]) {
        if leftOut.isEmpty { return nil }
        (kept, renamed) = ([], [:])
        self.leftOut = leftOut
    }

    /// Lines for the user.
    package var notes: [String] {
        var lines: [String] = []
        if !renamed.isEmpty {
            let names = kept.compactMap { name in renamed[name].map { "'\(name)' is '\($0)'" } }
            lines.append(
                "columns of the manifest whose names the table has already: \(names.joined(separator: ", "))")
        }
        if !leftOut.isEmpty {
            let names = leftOut.map { "'\($0)'" }.joined(separator: ", ")
            lines.append("columns of the manifest that the format has no place for: \(names)")
        }
        return lines
    }
}
