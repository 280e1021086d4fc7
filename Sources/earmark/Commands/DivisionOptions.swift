import ArgumentParser
import Errors
import Evaluation
import Files
import Ledger
import Results
import Wording

/// What statistics are divided by.
struct DivisionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Also write what was found by hour (of the day), date, month, or a column of the manifest, as by-NAME.csv "
                + "and by-NAME.json; may be repeated.", valueName: "hour|date|month|column"))
    var by: [String] = []

    /// The divisions that were asked for.
    ///
    /// - Throws: `SettingError` for a column that the manifest of the last run does not have, or for a part of time if
    ///   no start time is known; `LedgerError`.
    func kinds(_ ledger: Ledger) throws -> [ClipDivision.Kind] {
        if by.isEmpty { return [] }
        let columns = try ManifestColumns(ledger)
        var kinds: [ClipDivision.Kind] = []
        for name in by {
            let kind = try kind(name, columns)
            if !kinds.contains(kind) { kinds.append(kind) }
        }
        return kinds
    }

    private func kind(_ name: String, _ columns: ManifestColumns) throws -> ClipDivision.Kind {
        if let time = [ClipDivision.Kind.hour, .date, .month].first(where: { $0.name == name }) {
            guard columns.hasStartTimes else {
                throw SettingError(
                    name: "--by", found: "'\(name)', but no recording's start time is known",
                    expected:
                        "a run with a manifest that has the column began; 'manifest folder --start-times' makes it")
            }
            return time
        }
        // A column called `hour` is reached as `manifest.hour`.
        for own in [name, name.hasPrefix("manifest.") ? String(name.dropFirst(9)) : name]
        where columns.names.contains(own) {
            return .column(own)
        }
        let list = columns.names.map { "'\($0)'" }.joined(separator: ", ")
        throw SettingError(
            name: "--by", found: "'\(name)'",
            expected: "hour, date, month or a column of the last run's manifest"
                + (list.isEmpty ? ", which has no further columns" : ": " + list))
    }

    /// The names of the files of a division, without the folder.
    static func files(_ kind: ClipDivision.Kind) -> (csv: String, json: String) {
        let stem = "by-" + SafeName.component(kind.isTime ? kind.name : Self.column(kind.name), limit: 120)
        return (stem + ".csv", stem + ".json")
    }

    /// A column that is called like a part of time.
    private static func column(_ name: String) -> String {
        ["hour", "date", "month"].contains(name) ? "manifest." + name : name
    }

    /// Writes the tables of the divisions that were asked for, and says how many groups they have.
    ///
    /// - Throws: `FileError`.
    static func write(
        _ divisions: [ClipDivision], _ kinds: [ClipDivision.Kind], _ report: SummaryReport, to out: String
    )
        throws
    {
        let names = report.classes.map(\.name)
        for division in divisions where kinds.contains(division.kind) {
            let files = files(division.kind)
            try FileSystem.write(out + "/" + files.csv) { try $0(division.csv(names)[...]) }
            for (name, text) in [(files.csv + ".meta.json", report.meta()), (files.json, division.json(names))] {
                try FileSystem.write(out + "/" + name) { try $0(Array(text.utf8)[...]) }
            }
            let without = division.clipsWithoutValue
            let found = division.foundClasses.count
            say(
                "by \(TerminalText.plain(division.kind.name)): \(counted(division.groups.count, "group")), "
                    + "\(counted(found, "class", "classes")) of \(names.count) found"
                    + (without > 0
                        ? "; \(counted(without, "clip")) without "
                            + (division.kind.isTime ? "a start time" : "a value") : "")
                    + ": \(out)/\(files.csv)")
        }
    }
}
