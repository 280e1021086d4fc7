import ArgumentParser
import Corpora
import Errors
import Files
import Pipeline
import Tables
import Wording

/// Finds clips with the same content in a list, reports them, and leaves out all but one of each if asked to: one that an
/// earlier manifest names, as judgements and results go by names; else the first.
struct DuplicateFlow {
    enum Policy: String, ExpressibleByArgument, CaseIterable { case keep, once }

    /// The most groups that are named in one line.
    private static let shown = 3
    /// Seconds between two lines of progress.
    private static let interval = 10.0
    private static let columns = ["path", "same_as"]
    private static let furtherColumns = ["clip", "labels"]

    let policy: Policy
    /// The manifest that the list is written to.
    let out: String
    /// The manifest whose names are preferred; nil for that which the list replaces, if there is one.
    var earlier: String?

    /// What `apply` found.
    struct Outcome {
        /// The duplicates that stay in the list.
        var kept: Duplicates?
        /// What was left out of it, each with the clip that stays.
        var leftOut: [(copy: Manifest.Entry, kept: Manifest.Entry)] = []
    }

    /// The table of what is left out; nil if there is none, or the manifest goes to standard output.
    private var table: String? { policy == .once && !OutputPath.isStandardOutput(out) ? out + ".duplicates.csv" : nil }

    /// Checks the place of the table.
    ///
    /// - Throws: `CommandError` of category `usage` if a file is there, unless it is such a table and `force` is set;
    ///   `FileError` if it cannot be read.
    func check(force: Bool) throws {
        guard let table else { return }
        try OutputPath.checkIsNew(table, force: force)
        // The columns behind these depend on what else was asked for.
        let header = CSV.row(Self.columns).dropLast()
        guard FileSystem.exists(table), try FileSystem.read(table, upTo: header.count) != Array(header) else { return }
        throw CommandError(
            .usage, at: table,
            "the existing file does not begin with \(Self.columns.joined(separator: ",")), and --force replaces only such tables"
        )
    }

    /// The clips that stay before others: those of the earlier manifest.
    ///
    /// - Throws: `FileError` or `TableError` if the manifest that was named cannot be read.
    private func preferred() throws -> Manifest? {
        if let earlier { return try Manifest(contentsOf: earlier) }
        guard policy == .once, !OutputPath.isStandardOutput(out), FileSystem.exists(out) else { return nil }
        // What is replaced need not be whole.
        return try? Manifest(contentsOf: out)
    }

    /// Finds the duplicates; with `once`, removes them from the list.
    ///
    /// - Throws: `FileError` or `TableError` if the earlier manifest that was named cannot be read.
    func apply(to entries: inout [Manifest.Entry], tell: (String) -> Void) throws -> Outcome {
        let watch = Stopwatch()
        var told = 0.0
        let preferred = try preferred()
        let list = entries
        let known = list.indices.filter { preferred?.row(of: list[$0].clip) != nil }
        let found = Duplicates(in: list, preferring: Set(known)) { done, total in
            guard watch.seconds - told >= Self.interval else { return }
            told = watch.seconds
            tell("comparing files of equal size: \(grouped(done)) of \(grouped(total))")
        }
        for line in found.warnings.prefix(Self.shown) { tell(line) }
        if found.warnings.count > Self.shown {
            tell("the same of \(counted(found.warnings.count - Self.shown, "more file"))")
        }
        if found.count > 0 {
            let what = "\(counted(found.count, "clip")) in \(counted(found.groups.count, "group")) "
            let isOne = found.count == 1
            let rest: String
            switch policy {
            case .keep:
                let stay = isOne ? "stays" : "stay"
                rest = "\(stay) in the list (--duplicates once leaves them out): \(names(found.groups, entries))"
            case .once:
                let listed = table.map { " and listed in \($0)" } ?? ""
                rest = "\(isOne ? "is" : "are") left out\(listed): \(leaving(found.groups, entries))"
            }
            tell("duplicates: \(what)\(isOne ? "has" : "have") the content of another one and \(rest)")
        }
        let labels = found.differingInLabels(entries)
        if !labels.isEmpty {
            tell(
                "duplicates: \(counted(labels.count, "group")) with different labels"
                    + (policy == .once ? ", of which the clip that stays has all" : "") + ": "
                    + names(labels, entries) { " (\($0.labels.isEmpty ? "none" : $0.labels.joined(separator: ", ")))" })
        }
        tellSplits(of: found, entries, tell)
        guard policy == .once else { return Outcome(kept: found) }
        entries = found.once(list)
        return Outcome(leftOut: found.leftOut(list))
    }

    /// Reports content that is in several splits: what a model was trained on would then test it.
    func tellSplits(of duplicates: Duplicates, _ entries: [Manifest.Entry], _ tell: (String) -> Void) {
        let split = duplicates.differingInSplit(entries)
        if split.isEmpty { return }
        tell(
            "duplicates: \(counted(split.count, "group")) in different splits"
                + (policy == .once
                    ? ", of which the clip that stays has the first's"
                    : ", so what is trained on is also tested with (--duplicates once prevents it)") + ": "
                + names(split, entries) { " (\($0.split.isEmpty ? "no split" : $0.split))" })
    }

    /// Writes the table of what was left out, or names it where the manifest goes to standard output.
    ///
    /// - Parameters:
    ///   - titles: further columns.
    ///   - values: their values for a clip that was left out, by its place.
    /// - Throws: `FileError` if the table cannot be written.
    func write(
        _ leftOut: [(copy: Manifest.Entry, kept: Manifest.Entry)], titles: [String], values: (Int) -> [String],
        _ tell: (String) -> Void
    ) throws {
        guard policy == .once else { return }
        guard let table else {
            for (place, (copy, kept)) in leftOut.enumerated() {
                let known = zip(titles, values(place)).filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1)" }
                tell(
                    "left out: \(copy.path) is the same as \(kept.path)"
                        + (known.isEmpty ? "" : " (\(known.joined(separator: ", ")))"))
            }
            return
        }
        let folder = FileSystem.folder(of: out)
        try FileSystem.makeFolder(folder)
        try FileSystem.write(table) { put in
            var rows = CSV.row(Self.columns + Self.furtherColumns + titles)
            for (place, (copy, kept)) in leftOut.enumerated() {
                let paths = [copy, kept].map { FileSystem.relative($0.path, to: folder) }
                CSV.append(
                    paths + [CSV.exactField(copy.clip), LabelText.field(copy.labels)] + values(place), to: &rows)
            }
            try put(rows[...])
        }
    }

    /// The first groups by the clips of each that are left out, and the one that stays.
    private func leaving(_ groups: [[Int]], _ entries: [Manifest.Entry]) -> String {
        joined(groups) { group in
            let copies = group.dropFirst().prefix(Self.shown).map { entries[$0].clip }
            let more = group.count - 1 - copies.count
            return copies.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
                + ", kept as \(entries[group[0]].clip)"
        }
    }

    /// The first groups by their clips, each with what `detail` says of it.
    private func names(
        _ groups: [[Int]], _ entries: [Manifest.Entry], detail: (Manifest.Entry) -> String = { _ in "" }
    ) -> String {
        joined(groups) { group in
            let clips = group.prefix(Self.shown).map { entries[$0].clip + detail(entries[$0]) }
            return clips.joined(separator: " = ")
                + (group.count > Self.shown ? " = \(group.count - Self.shown) more" : "")
        }
    }

    /// The first groups in words, and how many more there are.
    private func joined(_ groups: [[Int]], _ words: ([Int]) -> String) -> String {
        let named = groups.prefix(Self.shown).map(words)
        let more = groups.count - named.count
        return named.joined(separator: "; ") + (more > 0 ? "; and \(counted(more, "more group", "more groups"))" : "")
    }
}
