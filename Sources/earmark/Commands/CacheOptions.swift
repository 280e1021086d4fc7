import ArgumentParser
import Cache
import Corpora
import Stages
import Tables

/// The cache a command is about.
struct CacheOption: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of the cache.", valueName: "dir"), completion: .directory)
    var cache: String

    var value: CacheFolder { CacheFolder(folder: cache) }
}

/// What `plan` and `run` share.
struct WorkOptions: ParsableArguments {
    @Argument(
        help: "The pipeline: a YAML file, or the name of one that ships, such as label.yaml.",
        completion: .yaml)
    var pipeline: String

    @Option(
        help: ArgumentHelp("Clips: a CSV file with the columns clip,path,labels,split.", valueName: "csv"),
        completion: .csv)
    var manifest: String

    @OptionGroup var cache: CacheOption

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp(
            "Change one parameter, e.g. --set infer.model=FILE. May be repeated.", valueName: "stage.key=value"))
    var sets: [String] = []

    @Flag(
        help: """
            Read every file and compare its content. Without this a file counts as unchanged while its size and \
            modification time are what they were; where one differs, its content decides.
            """)
    var checkContent = false

    /// - Parameter quiet: says nothing of what was assumed of the manifest.
    func load(quiet: Bool = false) throws -> (LoadedPipeline, Manifest) {
        (
            try PipelineLoader.load(path: ShippedFiles.pipeline(pipeline), sets: sets),
            try Manifest.reading(manifest, quiet: quiet)
        )
    }
}
