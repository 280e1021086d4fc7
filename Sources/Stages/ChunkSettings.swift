import Errors
import Features
import Pipeline

/// What a `chunk` stage's parameters say.
struct ChunkSettings {
    static let definitions = [
        ParameterDefinition(
            "overlap", .number(0...0.99), default: "0.5", decidesFailures: [],
            help: "share of a chunk that the next one repeats; its hop is a multiple of the frames', 10 ms with yamnet"),
        ParameterDefinition(
            "preset", .choice(FrontEndPreset.allCases.map(\.rawValue)), default: FrontEndPreset.yamnet.rawValue,
            decidesFailures: [], help: "the front-end whose chunks they are; that of the log-mel stage that follows"),
        ParameterDefinition(
            "seconds", .number(0.01...3600), default: nil, optional: true, decidesFailures: [],
            help: "length of a chunk, in place of the preset's"),
        ParameterDefinition(
            "rate", .integer(FrontEnd.rates), default: nil, optional: true, decidesFailures: [],
            help: "samples per second, in place of the preset's; that of the resample stage before"),
    ]

    /// The preset's, with the chunk's length and the rate that were asked for.
    let frontEnd: FrontEnd
    let plan: ChunkPlan

    /// - Throws: `FrontEnd.Misfit` or `ChunkPlan.Misfit` where the values do not go together.
    init(_ parameters: [String: String]) throws {
        let preset = parameters["preset"].flatMap(FrontEndPreset.init) ?? .yamnet
        var frontEnd = preset.frontEnd
        if let rate = parameters["rate"].flatMap(Int.init) { frontEnd.rate = rate }
        if let seconds = parameters["seconds"].flatMap(Double.init) {
            let exact = seconds * Double(frontEnd.rate)
            guard abs(exact - exact.rounded()) < 1e-6 * exact, Int(exact.rounded()) >= frontEnd.hop else {
                throw FrontEnd.Misfit(
                    "'seconds' is \(seconds), which are \(exact) samples; expected a whole number of them, at least the "
                        + "\(frontEnd.hop) from frame to frame")
            }
            frontEnd.chunk = Int(exact.rounded())
            if frontEnd.chunk != preset.frontEnd.chunk {
                frontEnd.patchFrames = max(1, frontEnd.frames(samples: frontEnd.chunk))
            }
        }
        self.frontEnd = frontEnd
        plan = try ChunkPlan(frontEnd: frontEnd, overlap: parameters["overlap"].flatMap(Double.init) ?? 0.5)
        overlap = parameters["overlap"] ?? "0.5"
    }

    private let overlap: String

    /// What the padded samples depend on. Chunks of YAMNet's length are told as they were before there were others.
    var identity: [String] {
        let usual = FrontEnd.standard
        var fields = ["overlap=\(overlap)"]
        if frontEnd.chunk != usual.chunk || plan.span != usual.span {
            fields += ["chunk=\(frontEnd.chunk)", "span=\(plan.span)"]
        }
        return fields
    }
}
