import Errors
import Features
import Foundation
import Wording

/// What a model file's header says about the model, apart from the tensors.
package struct ModelMetadata: Sendable, Equatable {
    /// Value of the key `format`.
    package static let format = "earmark"
    static let thresholdsKey = "thresholds"
    static let rangesKey = "activation_ranges"
    static let releaseKey = "release"
    private static let (attentionKey, waveKey) = ("attention_scale", "wave_scale")
    /// The factor of the attention's dot products that the paper's wording suggests: 1 / sqrt(256).
    package static let usualAttentionScale: Float = 1 / 16

    package var architecture: Architecture
    package var frontEnd: FrontEnd
    package var normalization: Normalization
    /// Class names in the order of the scores; none for a network without a classifier.
    package var classes: [String]
    /// Ontology ids in the same order; empty if there are none.
    package var classIDs: [String]
    /// Recommended thresholds by class, 0 to 1: a clip or chunk whose score reaches the threshold counts as having the
    /// class. Classes that are not listed have none. Thresholds change no score, so `ModelDigest.ofScores` leaves them
    /// out.
    package var thresholds: [String: Double]
    /// The largest value that 8-bit arithmetic represents of each layer's activations, 0.001 to 6, by the
    /// layer's name (`pw1`, `dw2`, `pw2` ... `pw13`). Layers that are not listed have 6, the limit of ReLU6.
    package var activationRanges: [String: Float] = [:]
    /// Whose embeddings a VGGish gives; any other network has none of its differences.
    package var release = VGGishRelease.google
    /// The factor of the attention's dot products before the softmax, above 0 to 64. A header without the key means
    /// `usualAttentionScale`.
    package var attentionScale = ModelMetadata.usualAttentionScale
    /// What the wave encoder does to each chunk's samples. A header without the key means `none`.
    package var waveScale = WaveScale.none
    /// Licence of the weights, as an SPDX expression if it has one.
    package var licence: String
    /// Where the weights come from, in words.
    package var source: String
    /// SHA-256 of the file that this one was made from; empty for a trained model.
    package var createdFrom: String

    package init(
        architecture: Architecture, frontEnd: FrontEnd = .standard, normalization: Normalization,
        classes: [String], classIDs: [String] = [], thresholds: [String: Double] = [:], licence: String,
        source: String, createdFrom: String = ""
    ) {
        self.architecture = architecture
        self.frontEnd = frontEnd
        self.normalization = normalization
        self.classes = classes
        self.classIDs = classIDs
        self.thresholds = thresholds
        self.licence = licence
        self.source = source
        self.createdFrom = createdFrom
    }

    /// Ontology ids in the order of the classes, with an empty text for a class that has none: the file's own ids, or
    /// the known ids of YAMNet's classes if the classes are those; otherwise an empty array.
    package var identifiers: [String] {
        classIDs.contains { !$0.isEmpty } ? classIDs : AudioSetIdentifiers.known(classes)
    }

    /// The keys and texts for the header.
    ///
    /// - Throws: any error of the JSON encoder.
    package func texts() throws -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func text(_ value: some Encodable) throws -> String {
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        var texts = [
            "format": Self.format, "architecture": architecture.rawValue, "front_end": try text(frontEnd),
            "normalization": normalization.rawValue, "classes": try text(classes), "licence": licence, "source": source,
        ]
        if !classIDs.isEmpty { texts["class_ids"] = try text(classIDs) }
        if !thresholds.isEmpty { texts[Self.thresholdsKey] = try text(thresholds) }
        if !activationRanges.isEmpty { texts[Self.rangesKey] = try text(activationRanges) }
        if architecture.isVGGish { texts[Self.releaseKey] = release.rawValue }
        if attentionScale != Self.usualAttentionScale { texts[Self.attentionKey] = "\(attentionScale)" }
        if waveScale != .none { texts[Self.waveKey] = waveScale.rawValue }
        if !createdFrom.isEmpty { texts["created_from"] = createdFrom }
        return texts
    }

    /// Reads and checks the header's texts.
    ///
    /// - Throws: `ModelError.metadata` with the key that is missing or invalid.
    package init(texts: [String: String], path: String) throws {
        let header = HeaderTexts(texts: texts, path: path, whenMissing: "not a model file of this program")
        try header.require("format", Self.format)
        architecture = try header.named("architecture", Architecture.self)
        normalization = try header.named("normalization", Normalization.self)
        frontEnd = try header.decoded("front_end", FrontEnd.self, "a JSON object of a front-end's parameters")
        classes = try header.decoded("classes", [String].self, "a JSON array of class names")
        classIDs =
            texts["class_ids"] == nil ? [] : try header.decoded("class_ids", [String].self, "a JSON array of class ids")
        thresholds =
            texts[Self.thresholdsKey] == nil
            ? [:]
            : try header.decoded(
                Self.thresholdsKey, [String: Double].self, "a JSON object of a number for each class name")
        activationRanges =
            texts[Self.rangesKey] == nil
            ? [:]
            : try header.decoded(
                Self.rangesKey, [String: Float].self, "a JSON object of a number for each layer's name")
        if architecture.isVGGish { release = try header.named(Self.releaseKey, VGGishRelease.self) }
        if texts[Self.attentionKey] != nil {
            attentionScale = try header.decoded(Self.attentionKey, Float.self, "a number")
        }
        if texts[Self.waveKey] != nil { waveScale = try header.named(Self.waveKey, WaveScale.self) }
        licence = texts["licence"] ?? ""
        source = texts["source"] ?? ""
        createdFrom = texts["created_from"] ?? ""
        try check { header.wrong($0, $1) }
    }

    private func check(_ wrong: (_ key: String, _ reason: String) -> ModelError) throws {
        guard architecture.hasClassifier ? (1...65_536).contains(classes.count) : classes.isEmpty else {
            let expected =
                architecture.hasClassifier ? "1 to 65536" : "none, as '\(architecture.rawValue)' gives embeddings only"
            throw wrong("classes", "found \(counted(classes.count, "class", "classes")); expected \(expected)")
        }
        var seen = Set<String>()
        for (index, name) in classes.enumerated() {
            if name.isEmpty { throw wrong("classes", "class \(index) has no name") }
            if !seen.insert(name).inserted {
                throw wrong("classes", "'\(HeaderTexts.shortened(name))' is listed twice")
            }
        }
        guard classIDs.isEmpty || classIDs.count == classes.count else {
            throw wrong(
                "class_ids", "found \(counted(classIDs.count, "id")) for \(counted(classes.count, "class", "classes"))")
        }
        for (name, value) in thresholds.sorted(by: { $0.key < $1.key }) {
            if !seen.contains(name) {
                throw wrong(Self.thresholdsKey, "'\(HeaderTexts.shortened(name))' is not one of the classes")
            }
            guard (0...1).contains(value) else {
                throw wrong(Self.thresholdsKey, "found \(value) for '\(HeaderTexts.shortened(name))'; expected 0 to 1")
            }
        }
        for (name, value) in activationRanges.sorted(by: { $0.key < $1.key }) {
            if !YAMNetShape.byteLayers.contains(name) || !architecture.hasTrunk {
                throw wrong(
                    Self.rangesKey,
                    "'\(HeaderTexts.shortened(name))' is not an 8-bit layer of '\(architecture.rawValue)'")
            }
            guard value >= 0.001, value <= 6 else {
                throw wrong(Self.rangesKey, "found \(value) for '\(name)'; expected 0.001 to 6")
            }
        }
        guard attentionScale > 0, attentionScale <= 64 else {
            throw wrong(Self.attentionKey, "found \(attentionScale); expected a number above 0 to 64")
        }
        if attentionScale != Self.usualAttentionScale, architecture != .lean {
            throw wrong(Self.attentionKey, "'\(architecture.rawValue)' has no attention")
        }
        if waveScale != .none, !architecture.hasEncoder {
            throw wrong(Self.waveKey, "'\(architecture.rawValue)' has no wave encoder")
        }
        if architecture.readsMel,
            frontEnd.bands != YAMNetShape.bands || frontEnd.patchFrames != YAMNetShape.frames
        {
            throw wrong(
                "front_end",
                "a patch of \(frontEnd.patchFrames) frames x \(frontEnd.bands) bands; '\(architecture.rawValue)' takes "
                    + "\(YAMNetShape.frames) x \(YAMNetShape.bands)")
        }
        if architecture.hasEncoder, frontEnd.chunk != LEANShape.samples {
            throw wrong(
                "front_end",
                "a chunk of \(frontEnd.chunk) samples; '\(architecture.rawValue)' takes \(LEANShape.samples)")
        }
    }
}
