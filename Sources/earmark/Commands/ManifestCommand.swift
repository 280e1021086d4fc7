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
            Columns: clip,path,labels,split; labels are separated by commas within their field, those with a
            comma in double quotes. A folder's audio files are known by their endings, else by their contents; what is
            left out is counted on standard error.
            EXAMPLE  earmark manifest folder ~/recordings --out recordings.csv
            """)

    @Argument(help: "folder (sub-folders are labels) or fsd50k.") var layout: Layout
    @Argument(help: "The folder.", completion: .directory) var dir: String
    @Option(help: ArgumentHelp("Manifest to write; - for standard output.", valueName: "csv"), completion: .csv)
    var out: String
    @Flag(help: "Replace a file that is there.") var force = false
    @Flag(help: "Name every file that is left out, and why.") var verbose = false

    func run() throws {
        try OutputPath.check(out)
        try OutputPath.checkIsNew(out, force: force)
        let summary = "\(counted(try Self.make(layout, dir: dir, out: out, isVerbose: verbose), "clip")) in \(out)"
        if OutputPath.isStandardOutput(out) { say(summary) } else { print(summary) }
    }

    static func make(_ layout: Layout, dir: String, out: String, isVerbose: Bool = false) throws -> Int {
        func tell(_ text: String) { say("earmark: \(TerminalText.plain(text))") }
        let witness: FolderScanner.Witness? = isVerbose ? { tell("left out: \($0): \($1.rawValue)") } : nil
        let scan =
            layout == .folder ? try FolderScanner.scan(dir, leavingOut: witness) : try FSD50K(folder: dir).scan
        for line in scan.warnings + scan.leftOut.lines { tell(line) }
        guard !scan.entries.isEmpty else { throw CommandError(Status.badInput, "\(dir): found no audio files") }
        try Manifest.write(scan.entries, to: out)
        return scan.entries.count
    }
}
