import Audio
import Features
import Pipeline

/// Every stage kind that a pipeline can use.
package enum StageCatalog {
    package static let decode = "decode"
    package static let resample = "resample"
    package static let chunk = "chunk"
    package static let logMel = "log-mel"
    package static let cache = "cache"
    package static let infer = "infer"
    package static let aggregate = "aggregate"

    package static let definitions: [StageDefinition] = [
        StageDefinition(
            name: decode, codeVersion: 3, inputs: [], outputs: [.init("audio", .audio)],
            parameters: [
                ParameterDefinition(
                    "truncated", .choice(["fail", "accept"]), default: "fail",
                    decidesFailures: [FailureClass.truncated.rawValue],
                    help: "what becomes of a file that ends before its header says"),
                ParameterDefinition(
                    "non-finite", .choice(["fail", "zero"]), default: "fail",
                    decidesFailures: [FailureClass.invalid.rawValue],
                    help: "what becomes of NaN and infinite samples"),
            ]),
        StageDefinition(
            name: resample, codeVersion: 2, inputs: [.init([.audio])], outputs: [.init("wave", .wave)],
            parameters: [
                ParameterDefinition(
                    "rate", .integer(FrontEnd.rates), default: String(FrontEnd.standard.rate),
                    help: "samples per second"),
                ParameterDefinition(
                    "converter", .choice(Converter.allCases.map(\.rawValue)), default: Converter.soxrHQ.rawValue,
                    help: "resampling algorithm"),
            ]),
        StageDefinition(
            name: chunk, inputs: [.init([.wave])], outputs: [.init("chunks", .chunks)],
            parameters: ChunkSettings.definitions, identity: { try ChunkSettings($0).identity }),
        StageDefinition(
            name: logMel, codeVersion: 2, inputs: [.init([.chunks])], outputs: [.init("mel", .mel)],
            parameters: LogMelSettings.definitions, identity: { try LogMelSettings($0).frontEnd.identityOfFrames }),
        StageDefinition(
            name: cache, inputs: [.init([.chunks, .mel, .scores, .embeddings])], outputs: [.init("rows", nil)],
            parameters: [
                ParameterDefinition(
                    "dtype", .choice(["float32", "float16", "int16"]), default: "float32",
                    help: "number format on disk; int16 for raw samples only, and clips what the resampler overshoots")
            ], persists: true, isReplayable: true),
        StageDefinition(
            name: infer, codeVersion: 2, inputs: [.init([.mel]), .init([.chunks], optional: true)],
            outputs: [.init("scores", .scores), .init("embeddings", .embeddings)],
            parameters: [
                ParameterDefinition("model", .file, default: nil, help: "a model file"),
                ParameterDefinition(
                    "normalization", .choice(["model"] + Normalization.allCases.map(\.rawValue)), default: "model",
                    help: "what is subtracted from each patch; 'model' is what the model was trained with"),
                ParameterDefinition(
                    "batch", .integer(1...1024), default: "64", affectsResult: false,
                    help: "chunks in one forward pass"),
            ]),
        StageDefinition(
            name: aggregate, inputs: [.init([.scores])], outputs: [],
            parameters: [
                ParameterDefinition(
                    "method", .choice(["mean", "max", "top-k"]), default: "mean",
                    help: "how a clip's chunk scores become one"),
                ParameterDefinition("k", .integer(1...1000), default: "3", help: "how many chunks top-k averages"),
            ], persists: true),
    ]
}
