import Engines
import Features
import Models

/// The settings of the stages above an `infer` stage with which they give a model what it reads.
package struct ModelStages {
    /// Keys and values of each stage; those that are as by default are left out.
    package let resample: [(key: String, value: String)]
    package let chunk: [(key: String, value: String)]
    /// nil for a model that reads samples alone.
    package let mel: [(key: String, value: String)]?
    /// What to tell of a distance of chunks other than the model's authors have; nil if it is theirs, or they have none.
    package let note: String?

    /// - Parameter model: its wish for the distance of chunks is followed by the nearest that is a whole number of its
    ///   frames, or of samples if it reads these alone; without a wish chunks overlap by half if that is one, and not at
    ///   all if not.
    package init(_ model: ModelDescription) {
        let given = model.frontEnd?.asPreset
        let preset = given?.preset ?? .yamnet
        resample = [("rate", "\(model.rate)")]
        mel = given.map { given in
            var settings = given.settings
            if given.preset != .yamnet { settings.insert(("preset", given.preset.rawValue), at: 0) }
            return settings
        }
        // Frames of another length or place than the preset's are not cut out by it.
        let isPresets =
            model.frontEnd.map { made in
                let usual = preset.frontEnd
                return made.hop == usual.hop && made.window == usual.window && made.fft == usual.fft
                    && made.framing == usual.framing
            } ?? true
        let usual = (isPresets ? preset : .yamnet).frontEnd
        var found: [(key: String, value: String)] = []
        if isPresets, preset != .yamnet { found.append(("preset", preset.rawValue)) }
        if model.rate != usual.rate { found.append(("rate", "\(model.rate)")) }
        if model.chunk != usual.chunk || model.rate != usual.rate {
            found.append(("seconds", "\(Double(model.chunk) / Double(model.rate))"))
        }
        let step = model.frontEnd?.hop ?? 1
        let hop: Int
        if let wish = model.hop {
            // A chunk stage's overlap is at most 0.99.
            let least = (model.chunk + 99) / 100
            hop = min(max((least + step - 1) / step, (wish + step / 2) / step), max(1, model.chunk / step)) * step
        } else {
            hop = (model.chunk / 2).isMultiple(of: step) && model.chunk > 1 ? model.chunk / 2 : model.chunk
        }
        // Nine decimals: every distance of samples comes back, and 1 - 0.33 is 0.67.
        let overlap = ((1 - Double(hop) / Double(model.chunk)) * 1e9).rounded() / 1e9
        found.append(("overlap", "\(overlap)"))
        chunk = found
        note = model.hop.flatMap { wish in
            wish == hop
                ? nil
                : "chunks begin every \(hop) samples; the model's \(wish) are "
                    + (wish.isMultiple(of: step)
                        ? "less than a hundredth of a chunk" : "no whole number of frames of \(step)")
        }
    }

    /// The settings in words, for the advice in an error.
    package var advice: String {
        func words(_ settings: [(key: String, value: String)]) -> String {
            "'" + settings.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "'"
        }
        return "a pipeline for it has \(words(resample)) in its resample stage, \(words(chunk)) in its chunk stage"
            + (mel.map { $0.isEmpty ? "" : " and \(words($0)) in its log-mel stage" } ?? "")
            + "; 'earmark model pipeline' writes one"
    }

    /// A pipeline that labels clips with a model.
    ///
    /// - Parameters:
    ///   - name: the pipeline's, of letters, digits, `-` and `_`.
    ///   - reference: the model's name, or its path from the pipeline's folder.
    /// - Returns: YAML text.
    package static func pipeline(for model: ModelDescription, name: String, reference: String) -> String {
        let stages = ModelStages(model)
        var lines: [String] = []
        func add(_ name: String, _ uses: String, from: String?, _ settings: [(key: String, value: String)] = []) {
            lines += ["  \(name):", "    uses: \(uses)"]
            if let from { lines.append("    from: \(from)") }
            lines += settings.map { "    \($0.key): \($0.value)" }
        }
        add("decode", "decode", from: nil)
        add("resample", "resample", from: "decode", stages.resample)
        add("chunk", "chunk", from: "resample", stages.chunk)
        if let mel = stages.mel {
            add("mel", "log-mel", from: "chunk", mel)
            add("mel-cache", "cache", from: "mel", [("dtype", "float32")])
        }
        let inputs = (model.needsMel ? ["mel-cache"] : []) + (model.needsWave ? ["chunk"] : [])
        add(
            "infer", "infer", from: inputs.count == 1 ? inputs[0] : "[\(inputs.joined(separator: ", "))]",
            [("model", quoted(reference))])
        if model.classCount > 0 {
            add("scores-cache", "cache", from: "infer", [("dtype", "float32")])
            // A head knows how a clip's scores are made of its chunks'.
            add(
                "clip-scores", "aggregate", from: model.pooling == .attention ? "[infer, infer.weights]" : "infer",
                [("method", model.pooling == .mean ? "mean" : "model")])
        }
        if model.embeddingSize > 0 {
            add("embeddings-cache", "cache", from: "infer.embeddings", [("dtype", "float32")])
        }
        return "# \(model.network.split(whereSeparator: \.isNewline).joined(separator: " ")): "
            + "\(model.classCount) classes, chunks of \(model.chunk) samples at \(model.rate) Hz.\n"
            + (stages.note.map { "# Here \($0).\n" } ?? "")
            + "name: \(name)\nstages:\n" + lines.joined(separator: "\n") + "\n"
    }

    /// A text as a value of YAML.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || "._/-".utf8.contains($0)
        }
        if isPlain, text.utf8.first != UInt8(ascii: "-"), Double(text) == nil { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
