import ArgumentParser
import Corpus
import Foundation
import Wording

struct ManifestCommand: ParsableCommand {
    enum Layout: String, ExpressibleByArgument, CaseIterable { case folder, fsd50k }

    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "List the clips of a folder, or of FSD50K, in a CSV file.",
        discussion: """
            Columns: clip,path,labels,split; labels are separated by commas within their field.
            EXAMPLE  earmark manifest folder ~/recordings --out recordings.csv
            """)

    @Argument(help: "folder (sub-folders are labels) or fsd50k.") var layout: Layout
    @Argument(help: "The folder.") var dir: String
    @Option(help: ArgumentHelp("Manifest to write; - for standard output.", valueName: "csv")) var out: String

    @Flag(help: "Replace a file that is there.") var force = false

    func run() throws {
        try OutputPath.check(out)
        try OutputPath.checkIsNew(out, force: force)
        let summary = "\(counted(try Self.make(layout, dir: dir, out: out), "clip")) in \(out)"
        if OutputPath.isStandardOutput(out) { say(summary) } else { print(summary) }
    }

    static func make(_ layout: Layout, dir: String, out: String) throws -> Int {
        let scan = layout == .folder ? try FolderScanner.scan(dir) : try FSD50K(folder: dir).scan
        for warning in scan.warnings {
            say("earmark: \(TerminalText.plain(warning))")
        }
        guard !scan.entries.isEmpty else { throw CommandError(Status.badInput, "\(dir): found no audio files") }
        try Manifest.write(scan.entries, to: out)
        return scan.entries.count
    }
}
