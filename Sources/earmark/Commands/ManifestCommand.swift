import Errors
import ArgumentParser
import Corpora
import Foundation
import Tables
import Wording

struct ManifestCommand: ParsableCommand {
    enum Layout: String, ExpressibleByArgument, CaseIterable { case folder, fsd50k }

    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "List the clips of a folder, or of FSD50K, in a CSV file.",
        discussion: """
            Columns: clip,path,labels,split; labels are separated by commas within their field, and a label with a \
            comma is in double quotes. A folder's audio files are recognised by their extensions, else by their \
            contents; files that are left out are counted on standard error. Recordings inside .zip and .tar archives \
            are listed as ARCHIVE!/MEMBER and read without unpacking; labels are the folders inside the archive, or \
            what a .json or .cls member of the same name (WebDataset) says.

            --start-times adds the columns began (ISO 8601 with its zone) and began_source, and latitude, longitude \
            and recorder if headers have them. Of several sources the first that gives a moment counts: a GUANO \
            chunk, the comment of an AudioMoth, the file's name as recorders write it, a bext chunk; with \
            --name-pattern, which has %Y %y %m %d %H %M %S %f %z, %s (seconds since 1970) and * (any characters), the \
            name comes first. Nothing is guessed: clips without a time are counted by reason, and sources that \
            disagree are reported.

            A split depends only on the seed and on the clips' names below the folder, so every machine draws the \
            same one. Sizes are counted in clips, and are exact to within one group.

            Files with the same content are counted on standard error. --duplicates once lists each content once, \
            with the labels of all its clips, by the name that the manifest to be replaced or --earlier has, else by \
            the first one, and writes the others to CSV.duplicates.csv (path, same_as, clip, labels, and with \
            --start-times began and began_source). A clip without a start time gets that of a file with its content. \
            Only files of equal size are compared.

            EXAMPLE  earmark manifest folder ~/recordings --out recordings.csv
            EXAMPLE  earmark manifest folder field --out field.csv --start-times --zone Europe/Berlin
            EXAMPLE  earmark manifest folder shard-0001.tar --out shard.csv
            EXAMPLE  earmark manifest folder sites --out sites.csv --split train=0.8,val=0.1,eval=0.1 --group folder
            """)

    @Argument(help: "folder (sub-folders are labels) or fsd50k.") var layout: Layout
    @Argument(help: "The folder, or one .zip or .tar archive.", completion: .directory) var dir: String
    @Option(help: ArgumentHelp("Manifest to write; - for standard output.", valueName: "csv"), completion: .csv)
    var out: String
    @Option(
        help: ArgumentHelp(
            "Draw each clip's split (folder only): names with shares that add up to 1, such as "
                + "train=0.8,val=0.1,eval=0.1.", valueName: "name=share,..."))
    var split: String?
    @Option(help: "Seed of the split; the same seed gives the same split (default: 1).") var seed: UInt64?
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Clips that stay in one split: 'folder' for those of one folder, or a regular expression whose first "
                + "part in parentheses, as found in a clip's name, gives its group. May be repeated: the first that "
                + "matches counts.", valueName: "folder|regex"))
    var group: [String] = []
    @Flag(help: "Add when each recording began, from its header or its name (folder only).") var startTimes = false
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Where in a file's name (with a slash in it: in its path below the folder) date and time are, such as "
                + "'rec_%d-%m-%Y_%Hh%M'. May be repeated: the first that fits counts.", valueName: "pattern"))
    var namePattern: [String] = []
    @Option(
        help: ArgumentHelp(
            "Zone of the clocks that do not say theirs: UTC, an offset such as +02:00, or a name such as "
                + "Europe/Berlin (default: such clips get no start time).", valueName: "zone"))
    var zone: String?
    @Option(help: "What to do with files of the same content: keep lists all of them, once only one.")
    var duplicates: DuplicateFlow.Policy = .keep
    @Option(
        help: ArgumentHelp(
            "With --duplicates once: list the name that this manifest has (default: the one to be replaced).",
            valueName: "csv"), completion: .csv)
    var earlier: String?
    @Flag(help: "Leave out recordings inside .zip and .tar archives (folder only).") var noArchives = false
    @Flag(help: "Replace an existing manifest; no other file is ever replaced.") var force = false
    @Flag(help: "Name every file that is left out, and why.") var verbose = false

    func validate() throws {
        if split == nil, seed != nil || !group.isEmpty {
            throw ValidationError("--\(seed != nil ? "seed" : "group") applies only with --split")
        }
        if split != nil, layout != .folder {
            throw ValidationError("--split is for a folder; FSD50K has splits of its own")
        }
        if duplicates != .once, earlier != nil {
            throw ValidationError("--earlier applies only with --duplicates once")
        }
        if !startTimes, !namePattern.isEmpty || zone != nil {
            throw ValidationError("--\(zone != nil ? "zone" : "name-pattern") applies only with --start-times")
        }
        if startTimes, layout != .folder {
            throw ValidationError("--start-times is for a folder; FSD50K does not say when its clips were recorded")
        }
        if noArchives, layout != .folder { throw ValidationError("--no-archives is for a folder") }
    }

    func run() throws {
        let times =
            startTimes
            ? StartTimeFlow(
                zone: try zone.map { try ZoneRule($0) }, patterns: try namePattern.map { try NamePattern($0) })
            : nil
        let flow = try split.map {
            SplitFlow(shares: try SplitShares($0), rule: try GroupRule(group), seed: seed ?? 1)
        }
        try OutputPath.check(out)
        try OutputPath.checkIsNew(out, force: force)
        try OutputPath.checkIsManifest(out)
        let repeats = DuplicateFlow(policy: duplicates, out: out, earlier: earlier)
        try repeats.check(force: force)
        let made = try Self.make(
            layout, dir: dir, out: out, split: flow, times: times, duplicates: repeats, listsArchives: !noArchives,
            isVerbose: verbose)
        let summary = "\(counted(made, "clip")) in \(out)"
        if OutputPath.isStandardOutput(out) { sayWrapped(summary) } else { printWrapped(summary) }
    }

    static func make(
        _ layout: Layout, dir: String, out: String, split: SplitFlow? = nil, times: StartTimeFlow? = nil,
        duplicates: DuplicateFlow? = nil, listsArchives: Bool = true, isVerbose: Bool = false
    ) throws -> Int {
        func tell(_ text: String) { sayWrapped("earmark: \(TerminalText.plain(text))") }
        let witness: FolderScanner.Witness? = isVerbose ? { tell("left out: \($0): \($1.text)") } : nil
        let scan =
            layout == .folder
            ? try FolderScanner.scan(dir, listsArchives: listsArchives, leavingOut: witness)
            : try FSD50K(folder: dir).scan
        for line in scan.warnings + scan.archives.lines + scan.leftOut.lines { tell(line) }
        var entries = scan.entries
        guard !entries.isEmpty else { throw CommandError(.badInput, at: dir, "found no audio files") }
        let outcome = try duplicates?.apply(to: &entries, tell: tell)
        if let split {
            for line in try split.apply(to: &entries) { tell(line) }
            if let duplicates, let kept = outcome?.kept { duplicates.tellSplits(of: kept, entries, tell) }
        }
        let leftOut = outcome?.leftOut ?? []
        let copies = Dictionary(grouping: leftOut, by: \.kept.path).mapValues { $0.map(\.copy) }
        let found = times?.columns(of: entries, copies: copies)
        for line in found?.1 ?? [] { tell(line) }
        let titles = times == nil ? [] : StartTimeFlow.copyTitles
        try duplicates?.write(leftOut, titles: titles, values: { times?.values(of: leftOut[$0].copy) ?? [] }, tell)
        try Manifest.write(entries, further: found?.0, to: out)
        return entries.count
    }
}
