import Errors
import Features
import Pipeline

/// The settings given by a `chunk` stage's parameters.
struct ChunkSettings {
    static let skipKey = "skip-below"
    static let definitions = [
        ParameterDefinition(
            "overlap", .number(0...0.99), default: "0.5", decidesFailures: [],
            help: "share of a chunk that the next repeats; with log-mel, hops are whole frames, of 10 ms for yamnet"),
        ParameterDefinition(
            "preset", .choice(FrontEndPreset.allCases.map(\.rawValue)), default: FrontEndPreset.yamnet.rawValue,
            decidesFailures: [], help: "the front-end to cut chunks for; the same as in the log-mel stage below"),
        ParameterDefinition(
            "seconds", .number(0.01...3600), default: nil, optional: true, decidesFailures: [],
            help: "length of a chunk, instead of the preset's"),
        ParameterDefinition(
            "rate", .integer(FrontEnd.rates), default: nil, optional: true, decidesFailures: [],
            help: "samples per second, instead of the preset's; the same as in the resample stage above"),
        ParameterDefinition(
            skipKey, .number(-200...0), default: nil, optional: true, decidesFailures: [],
            help: "level in dBFS, the root mean square of a chunk's samples, below which no model gets the chunk"),
    ]

    /// The preset's front-end, with the chunk length and the rate that were asked for.
    let frontEnd: FrontEnd
    let plan: ChunkPlan

    /// - Throws: `FrontEnd.Misfit` or `ChunkPlan.Misfit` if the values do not fit together.
    init(_ parameters: [String: String]) throws {
        let preset = parameters["preset"].flatMap(FrontEndPreset.init) ?? .yamnet
        var frontEnd = preset.frontEnd
        if let rate = parameters["rate"].flatMap(Int.init) { frontEnd.rate = rate }
        if let seconds = parameters["seconds"].flatMap(Double.init) {
            let exact = seconds * Double(frontEnd.rate)
            guard abs(exact - exact.rounded()) < 1e-6 * exact, Int(exact.rounded()) >= frontEnd.hop else {
                throw FrontEnd.Misfit(
                    "'seconds' is \(seconds), which is \(exact) samples; expected a whole number of them, at least the "
                        + "\(frontEnd.hop) from frame to frame")
            }
            frontEnd.chunk = Int(exact.rounded())
            if frontEnd.chunk != preset.frontEnd.chunk {
                frontEnd.patchFrames = max(1, frontEnd.frames(samples: frontEnd.chunk))
            }
        }
        self.frontEnd = frontEnd
        plan = try ChunkPlan(frontEnd: frontEnd, overlap: parameters["overlap"].flatMap(Double.init) ?? 0.5, step: 1)
        overlap = parameters["overlap"] ?? "0.5"
    }

    private let overlap: String

    /// What the padded samples depend on. For chunks of YAMNet's length this is what it was before other lengths
    /// existed, so that their fingerprints stay the same.
    var identity: [String] {
        let usual = FrontEnd.standard
        var fields = ["overlap=\(overlap)"]
        if frontEnd.chunk != usual.chunk || plan.span != usual.span {
            fields += ["chunk=\(frontEnd.chunk)", "span=\(plan.span)"]
        }
        return fields
    }
}
