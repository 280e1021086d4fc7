import ArgumentParser
import Corpora
import Errors
import Files
import Pipeline
import Tables
import Wording

/// Finds clips with the same content in a list, reports them, and leaves out all but the first of each if asked to.
struct DuplicateFlow {
    enum Policy: String, ExpressibleByArgument, CaseIterable { case keep, once }

    /// The most groups that are named in one line.
    private static let shown = 3
    /// Seconds between two lines of progress.
    private static let interval = 10.0
    private static let columns = ["path", "same_as"]

    let policy: Policy
    /// The manifest that the list is written to.
    let out: String

    /// The table of what is left out; nil if there is none, or the manifest goes to standard output.
    private var table: String? { policy == .once && !OutputPath.isStandardOutput(out) ? out + ".duplicates.csv" : nil }

    /// Checks the place of the table.
    ///
    /// - Throws: `CommandError` of category `usage` if a file is there, unless it is such a table and `force` is set;
    ///   `FileError` if it cannot be read.
    func check(force: Bool) throws {
        guard let table else { return }
        try OutputPath.checkIsNew(table, force: force)
        let header = CSV.row(Self.columns)
        guard FileSystem.exists(table), try FileSystem.read(table, upTo: header.count) != header else { return }
        throw CommandError(
            .usage, at: table,
            "the existing file does not begin with \(Self.columns.joined(separator: ",")), and --force replaces only such tables"
        )
    }

    /// Finds the duplicates; with `once`, removes them from the list and writes their table.
    ///
    /// - Returns: the duplicates that stay in the list.
    /// - Throws: `FileError` if the table cannot be written.
    func apply(to entries: inout [Manifest.Entry], tell: (String) -> Void) throws -> Duplicates? {
        let watch = Stopwatch()
        var told = 0.0
        let found = Duplicates(in: entries) { done, total in
            guard watch.seconds - told >= Self.interval else { return }
            told = watch.seconds
            tell("comparing files of equal size: \(grouped(done)) of \(grouped(total))")
        }
        for line in found.warnings { tell(line) }
        if found.count > 0 {
            let what = "\(counted(found.count, "clip")) in \(counted(found.groups.count, "group")) "
            let rest =
                policy == .keep
                ? "stay in the list (--duplicates once leaves them out)"
                : "left out\(table.map { " and listed in \($0)" } ?? "")"
            tell(
                "duplicates: \(what)\(found.count == 1 ? "has" : "have") the content of an earlier one and "
                    + (policy == .keep ? rest : "\(found.count == 1 ? "is" : "are") \(rest)") + ": "
                    + names(found.groups, entries))
        }
        let labels = found.differingInLabels(entries)
        if !labels.isEmpty {
            tell(
                "duplicates: \(counted(labels.count, "group")) with different labels"
                    + (policy == .once ? ", of which the clip that stays has all" : "") + ": "
                    + names(labels, entries) { " (\($0.labels.isEmpty ? "none" : $0.labels.joined(separator: ", ")))" })
        }
        tellSplits(of: found, entries, tell)
        guard policy == .once else { return found }
        try write(found, entries, tell)
        entries = found.once(entries)
        return nil
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

    private func write(_ found: Duplicates, _ entries: [Manifest.Entry], _ tell: (String) -> Void) throws {
        let folder = FileSystem.folder(of: out)
        func place(_ index: Int) -> String { FileSystem.relative(entries[index].path, to: folder) }
        guard let table else {
            for group in found.groups {
                for other in group.dropFirst() {
                    tell("left out: \(entries[other].path) is the same as \(entries[group[0]].path)")
                }
            }
            return
        }
        try FileSystem.makeFolder(folder)
        try FileSystem.write(table) { put in
            var rows = CSV.row(Self.columns)
            for group in found.groups {
                for other in group.dropFirst() { CSV.append([place(other), place(group[0])], to: &rows) }
            }
            try put(rows[...])
        }
    }

    /// The first groups by their clips, each with what `detail` says of it.
    private func names(
        _ groups: [[Int]], _ entries: [Manifest.Entry], detail: (Manifest.Entry) -> String = { _ in "" }
    ) -> String {
        let named = groups.prefix(Self.shown).map { group in
            let clips = group.prefix(Self.shown).map { entries[$0].clip + detail(entries[$0]) }
            return clips.joined(separator: " = ")
                + (group.count > Self.shown ? " = \(group.count - Self.shown) more" : "")
        }
        let more = groups.count - named.count
        return named.joined(separator: "; ") + (more > 0 ? "; and \(counted(more, "more group", "more groups"))" : "")
    }
}
