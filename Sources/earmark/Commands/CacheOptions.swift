import ArgumentParser
import Cache
import Corpora
import Stages
import Tables

/// The cache that a command works on.
struct CacheOption: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of the cache.", valueName: "dir"), completion: .directory)
    var cache: String

    var value: CacheFolder { CacheFolder(folder: cache) }
}

/// The options that `plan` and `run` share.
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
            Read every file and compare its content. Without this, a file counts as unchanged while its size and \
            modification time stay the same; if either differs, its content decides.
            """)
    var checkContent = false

    @Flag(help: "Fetch nothing: a named model that is not on this machine is an error.")
    var offline = false

    /// Reads the pipeline and the manifest.
    ///
    /// - Parameters:
    ///   - quiet: whether to leave out what was assumed about the manifest, and where models were found.
    ///   - absent: what to do about a model that is not on this machine, unless `--offline` forbids fetching it.
    /// - Throws: `CommandError` if the pipeline or a model cannot be found or fetched; `PipelineError`, or what the
    ///   engine throws, for a fault in them; `FileError` or `TableError` for the manifest.
    func load(quiet: Bool = false, absent: NamedModels.Absent = .fetch) throws -> (LoadedPipeline, Manifest) {
        let models = try NamedModels(absent: offline ? .refuse : absent, quiet: quiet)
        return (
            try PipelineLoader.load(
                path: ShippedFiles.pipeline(pipeline), sets: sets, engines: NamedModels.engines, locate: models.locate),
            try Manifest.reading(manifest, quiet: quiet)
        )
    }
}
