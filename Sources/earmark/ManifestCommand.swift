import ArgumentParser
import Corpus
import Foundation

struct ManifestCommand: ParsableCommand {
    enum Layout: String, ExpressibleByArgument, CaseIterable { case folder, fsd50k }

    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "List the clips of a folder, or of FSD50K, in a CSV file.",
        discussion: """
            Columns: clip,path,labels,split; labels are separated by commas within their field.
            EXAMPLE  earmark manifest folder ~/recordings --out recordings.csv
            """)

    @Argument(help: "folder (sub-folders are labels) or fsd50k.") var layout: Layout
    @Argument(help: "The folder.", completion: .directory) var dir: String
    @Option(help: ArgumentHelp("Manifest to write.", valueName: "csv"), completion: .csv) var out: String

    func run() throws { print("\(try Self.make(layout, dir: dir, out: out)) clips in \(out)") }

    static func make(_ layout: Layout, dir: String, out: String) throws -> Int {
        let scan = layout == .folder ? try FolderScanner.scan(dir) : try FSD50K(folder: dir).scan
        for warning in scan.warnings {
            FileHandle.standardError.write(Data("earmark: \(TerminalText.plain(warning))\n".utf8))
        }
        guard !scan.entries.isEmpty else { throw CommandError(Status.badInput, "\(dir): found no audio files") }
        try Manifest.write(scan.entries, to: out)
        return scan.entries.count
    }
}
