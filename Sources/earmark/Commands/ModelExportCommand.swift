import ArgumentParser
import Engines
import Errors
import Models
import Wording

extension ModelCommand {
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a model as an ONNX file, which other programs and devices run.",
            discussion: """
                The graph takes any number of chunks at once. Its inputs are those of the network: 'mel', normalised \
                log-mel patches, and 'wave', samples; its outputs are 'scores' and 'embeddings'. Classes, front-end, \
                licence and thresholds are in the file's metadata. With --with-frontend the only input is 'wave', and \
                the graph computes the log-mel patches itself.

                A head is written alone, from 'embeddings' to 'scores', or with --base as one network with the model \
                whose embeddings it reads. If it weighs the chunks of a clip, there is an output 'weights'.

                In int8 the weights are 8-bit integers, and the convolutions after the first block are computed in \
                them. A named model that is not on this machine is fetched.

                EXAMPLE  earmark model export lean.safetensors --with-frontend --out lean.onnx
                """)

        @Argument(help: "The model file, or a model's name.", completion: .safetensors) var file: String
        @Option(help: "Format of the file: onnx.", completion: .list(["onnx"])) var format = "onnx"
        @Option(
            help: ArgumentHelp(
                "Arithmetic: float32, int8, or auto for the one that the model is stored in.", valueName: "name"),
            completion: .list(["auto", "float32", "int8"]))
        var precision = "auto"
        @Flag(help: "Take samples only, and compute log-mel in the graph.") var withFrontend = false
        @Option(
            help: ArgumentHelp(
                "Of a head: the model file or name of its base, to be exported with it.", valueName: "model"),
            completion: .safetensors)
        var base: String?
        @Option(help: ArgumentHelp("File to write.", valueName: "path"), completion: .file(extensions: ["onnx"]))
        var out: String
        @Flag(help: "Replace the file if it exists.") var force = false

        func run() throws {
            guard format == "onnx" else { throw CommandError(.usage, "--format is '\(format)', expected onnx") }
            let asked = try PrecisionOption.precision(precision)
            try OutputPath.check(out)
            try OutputPath.checkIsNew(out, force: force)
            let path = try NamedModels(absent: .fetch).file(file)
            guard !OutputPath.isSame(path, out) else {
                throw CommandError(.usage, at: out, "it is the model itself, expected another file")
            }
            if HeadFile.isOne(path) { return try exportHead(path, asked) }
            if let base { throw CommandError(.usage, "--base is '\(base)', and \(path) is not a head, expected one") }
            let model = try ModelFile(path: path)
            let metadata = model.metadata
            let precision = asked ?? (model.holdsIntegers ? .int8 : .float32)
            let summary = try ONNXExporter.export(
                from: path, to: out, areIntegers: precision == .int8, hasFrontEnd: withFrontend)
            let text = text("\(metadata.architecture.rawValue) in \(precision.rawValue)", summary, metadata.licence)
            tell([text] + (precision == .int8 ? Self.note(onRangesOf: metadata) : []))
        }

        private func exportHead(_ path: String, _ asked: Precision?) throws {
            let metadata = try HeadFile(path: path).metadata
            if let asked, base == nil ? asked != .float32 : asked.rawValue != metadata.basePrecision {
                throw CommandError(
                    .usage,
                    "--precision is '\(precision)', expected auto: a head is in floats, and its base in that whose "
                        + "embeddings it has learned from (\(metadata.basePrecision))")
            }
            if withFrontend, base == nil {
                throw CommandError(.usage, "--with-frontend is for a head with its base, expected --base too")
            }
            let found = try base.map { try NamedModels(absent: .fetch).file($0) }
            let summary = try ONNXExporter.exportHead(from: path, base: found, to: out, hasFrontEnd: withFrontend)
            let licence = found == nil ? metadata.licence : "\(metadata.licence); its base's holds too"
            let kind = found == nil ? "head on \(metadata.baseName), without it," : "head with \(metadata.baseName)"
            let precision = found == nil ? "float32" : metadata.basePrecision
            var notes = [text("\(kind) in \(precision)", summary, licence)]
            if found == nil {
                notes.append(
                    "base: \(metadata.baseName), \(metadata.baseDigest); --base MODEL writes one network with it")
            }
            tell(notes)
        }

        private func text(_ kind: String, _ summary: ONNXExporter.Summary, _ licence: String) -> String {
            "\(out): \(kind), ONNX operators of version \(ONNXExporter.operators), inputs "
                + "\(summary.inputs.joined(separator: " and ")), outputs \(summary.outputs.joined(separator: " and ")), "
                + "\(Figures.bytes(Int64(summary.size))), licence \(licence)"
        }

        private func tell(_ notes: [String]) {
            if OutputPath.isStandardOutput(out) { notes.forEach(say) } else { notes.forEach { print($0) } }
        }

        /// Says of a network with 8-bit activations which of them have calibrated ranges.
        private static func note(onRangesOf metadata: ModelMetadata) -> [String] {
            guard metadata.architecture.hasTrunk else { return [] }
            let layers = YAMNetShape.byteLayers.count
            if metadata.activationRanges.isEmpty {
                return [
                    "ranges: none of \(layers) layers is calibrated, so activations of 0 to 6 are rounded; 'earmark model "
                        + "quantize' with --cache finds smaller ranges"
                ]
            }
            let calibrated = metadata.activationRanges.count
            return ["ranges: \(counted(calibrated, "layer")) of \(layers) calibrated, the others 0 to 6"]
        }
    }
}
