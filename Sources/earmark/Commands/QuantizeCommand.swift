import ArgumentParser
import Cache
import Corpora
import Engines
import Errors
import Evaluation
import Files
import Foundation
import Models
import Results
import Training
import Wording

extension ModelCommand {
    struct Quantize: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a model with 8-bit weights, one scale per output channel, to be computed in int8.",
            discussion: """
                With a cache of features, the largest activation of each layer is found on the manifest's clips and \
                written into the file, so that 8-bit arithmetic represents no larger range than it must; then both \
                models are run, and what the change costs is printed: mAP where clips have labels, and the largest \
                difference of a clip's score. A label must be the name or identifier of one of the model's classes, or \
                be in the label map. A model that is quantised already keeps its weights then. A named model that is \
                not on this machine is fetched.

                EXAMPLE  earmark model quantize lean.safetensors lean-int8.safetensors
                EXAMPLE  earmark model quantize yamnet yamnet-int8.safetensors --cache c --manifest m.csv
                """)

        @Argument(help: "A float32 model file, or a model's name.", completion: .safetensors) var input: String
        @Argument(help: "Model file to write.", completion: .safetensors) var output: String
        @Option(
            help: ArgumentHelp("Folder of a cache with features, to calibrate on.", valueName: "dir"),
            completion: .directory)
        var cache: String?
        @Option(
            help: ArgumentHelp("The cache's clips, with labels if there are any.", valueName: "csv"), completion: .csv)
        var manifest: String?
        @Option(help: "Split to calibrate on (default: all clips).") var split: String?
        @OptionGroup var labelMap: LabelMapOption
        @Option(help: "Share of each chunk that the next one repeats.") var overlap = 0.5
        @Option(help: "Threads (default: one per processor).") var workers = ProcessInfo.processInfo
            .activeProcessorCount
        @Flag(help: "Replace the file if it exists.") var force = false

        func validate() throws {
            guard (cache == nil) == (manifest == nil) else {
                throw ValidationError("--cache and --manifest belong together, found only one of them")
            }
            guard cache != nil || (split == nil && labelMap.labelMap == nil) else {
                throw ValidationError("--split and --label-map are for calibrating, expected --cache as well")
            }
            guard (1...1024).contains(workers) else {
                throw ValidationError("--workers is \(workers), expected 1 to 1024")
            }
        }

        func run() throws {
            try OutputPath.check(output)
            // The model itself is refused below, with or without --force.
            if !OutputPath.isSame(input, output) { try OutputPath.checkIsNew(output, force: force) }
            let path = try NamedModels(absent: .fetch).file(input)
            if OutputPath.isSame(path, output) {
                throw CommandError(
                    .usage, at: output,
                    "it is the model itself, and 8 bits cannot give its weights back; expected "
                        + "another file")
            }
            guard let cache, let manifest else {
                try ModelQuantizer.quantize(from: path, to: output)
                return try ModelCommand.tell(output)
            }
            guard OutputPath.isFile(output) else {
                throw CommandError(.usage, "\(output) is not a file that can be read back, expected one with --cache")
            }
            let list = try Manifest.reading(manifest)
            let rows = try Labels.clips(list, split: split)
            try check(rows, of: list, against: try ModelFile(path: path).metadata)
            let clips = rows.map(\.entry)
            let calibration = ModelCalibration(
                model: path, clips: clips, cache: CacheFolder(folder: cache), overlap: overlap, threads: workers)
            let ranges = try calibration.ranges()
            try ModelQuantizer.quantize(from: path, to: output, ranges: ranges)
            try ModelCommand.tell(output)
            print(
                "ranges: \(counted(ranges.count, "layer")) of \(YAMNetShape.byteLayers.count) below the limit of 6, "
                    + "found on \(counted(clips.count, "clip"))")
            do {
                print(try calibration.cost(of: output) { try labelMap.read($0, quiet: true) })
            } catch {
                // What ends with an error must not leave what looks like its result.
                FileSystem.withBytes(output) { _ = unlink($0) }
                throw error
            }
        }

        /// Checks the clips' labels as 'evaluate' does, so that the cost is computed over all of them; clips without
        /// labels are for calibrating too.
        ///
        /// - Throws: `TableError` for a label that is no class of the model, and what the label map's reader throws.
        private func check(
            _ clips: [(row: Int, entry: Manifest.Entry)], of manifest: Manifest, against model: ModelMetadata
        ) throws {
            // A network without classes has no 8-bit form; that is told where the file is written.
            if model.classes.isEmpty { return }
            try Labels(classes: model.classes, ids: model.identifiers).checkNames(
                clips, manifest: manifest,
                map: labelMap.read(ClassNames(model.classes, identifiers: model.identifiers)))
        }
    }
}
