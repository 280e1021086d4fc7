import ArgumentParser
import Audio
import Files
import Results
import Wording

/// Which clips a report shows as examples.
struct ExampleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Most best and most doubtful clips of a class, each; with a truth also of its mistakes. 0 for none.",
            valueName: "n"))
    var examples = 3
    @Option(
        help: ArgumentHelp(
            "Room in the page for their pictures and sound, in MB; what does not fit is counted.", valueName: "mb"))
    var examplesSize = 8.0
    @Option(help: "How their sound is encoded; flac and wav keep every bit of 16-bit recordings up to 48 kHz.")
    var examplesEncoding = SoundEncoding.opus

    func validate() throws {
        guard (0...100).contains(examples) else {
            throw ValidationError("--examples is \(examples), expected 0 to 100")
        }
        guard (0...2000).contains(examplesSize) else {
            throw ValidationError("--examples-size is \(examplesSize), expected 0 to 2000 MB")
        }
    }

    /// - Parameter hasFiles: whether pictures are made as files too.
    func settings(hasFiles: Bool) -> ExampleSettings {
        ExampleSettings(
            perClass: examples, bytes: Int(examplesSize * 1_000_000), encoding: examplesEncoding, hasFiles: hasFiles)
    }
}

extension SoundEncoding: ExpressibleByArgument {}

/// Where a report's pictures go as files of their own.
struct FigureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Folder for the page's pictures, each as an SVG file too.", valueName: "dir"),
        completion: .directory)
    var figures: String?

    /// - Throws: as `OutputPath.check(treeBelow:)` does.
    func check() throws {
        if let figures { try OutputPath.check(treeBelow: figures) }
    }

    /// Writes the page's pictures, if that was asked for, and tells of them.
    ///
    /// - Throws: `FileError`.
    func write(_ page: ReportPage) throws {
        guard let figures else { return }
        try FileSystem.makeFolder(FileSystem.absolute(figures))
        let made = page.figures()
        for figure in made {
            try FileSystem.write(figures + "/" + figure.name) { try $0(Array(figure.svg.utf8)[...]) }
        }
        let names = Set(made.map(\.name))
        let others = FileSystem.names(in: figures).count { $0.hasSuffix(".svg") && !names.contains($0) }
        say(
            "\(counted(made.count, "picture")) in \(figures)"
                + (others > 0 ? "; \(counted(others, "SVG file")) there not of this report" : ""))
    }
}
