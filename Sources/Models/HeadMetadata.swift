import Errors
import Features
import Foundation
import Wording

/// What the header of a head's file says: a small classifier that reads the embeddings of another model, its base.
package struct HeadMetadata: Sendable, Equatable {
    /// The value of the key `architecture`; networks have one of `Architecture`.
    package static let architecture = "head"
    static let architectureKey = "architecture"
    /// The key of the base's digest.
    static let baseKey = "base_digest"
    /// More values than this in an embedding, or units in the hidden layer, are refused before anything is allocated.
    package static let widest = 65_536

    /// The base's network, such as `yamnet`.
    package var baseName: String
    /// The digest by which the base is known: `sha256:` and 64 digits, as its engine gives it.
    package var baseDigest: String
    /// Where the base was when the head was trained; only a hint, as the digest decides.
    package var basePath: String
    /// The arithmetic in which the base computed the embeddings: `float32` or `int8`.
    package var basePrecision: String
    /// What was subtracted from the patches before the base saw them.
    package var normalization: Normalization
    /// Number of values in a chunk's embedding.
    package var embeddingSize: Int
    /// Units of the hidden layer; 0 if there is none.
    package var hidden: Int
    package var pooling: ClipPooling
    /// Class names in the order of the scores.
    package var classes: [String]
    /// Ontology ids in the same order; empty if there are none.
    package var classIDs: [String]
    /// Licence of the weights, as an SPDX expression if it has one.
    package var licence: String
    /// Where the weights come from, in words.
    package var source: String

    package init(
        baseName: String, baseDigest: String, basePath: String, basePrecision: String, normalization: Normalization,
        embeddingSize: Int, hidden: Int, pooling: ClipPooling, classes: [String], classIDs: [String] = [],
        licence: String, source: String
    ) {
        self.baseName = baseName
        self.baseDigest = baseDigest
        self.basePath = basePath
        self.basePrecision = basePrecision
        self.normalization = normalization
        self.embeddingSize = embeddingSize
        self.hidden = hidden
        self.pooling = pooling
        self.classes = classes
        self.classIDs = classIDs
        self.licence = licence
        self.source = source
    }

    /// The keys and texts for the header.
    ///
    /// - Throws: any error of the JSON encoder.
    package func texts() throws -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var texts = [
            "format": ModelMetadata.format, Self.architectureKey: Self.architecture, "base": baseName,
            Self.baseKey: baseDigest, "base_path": basePath, "base_precision": basePrecision,
            "normalization": normalization.rawValue, "embedding_size": "\(embeddingSize)", "hidden": "\(hidden)",
            "pooling": pooling.rawValue, "classes": String(decoding: try encoder.encode(classes), as: UTF8.self),
            "licence": licence, "source": source,
        ]
        if !classIDs.isEmpty {
            texts["class_ids"] = String(decoding: try encoder.encode(classIDs), as: UTF8.self)
        }
        return texts
    }

    /// Reads and checks the header's texts.
    ///
    /// - Throws: `ModelError.metadata` with the key that is missing or invalid.
    package init(texts: [String: String], path: String) throws {
        let header = HeaderTexts(texts: texts, path: path, whenMissing: "every head has it")
        func wrong(_ key: String, _ reason: String) -> ModelError { header.wrong(key, reason) }
        func names(_ key: String) throws -> [String] {
            try header.decoded(key, [String].self, "a JSON array of texts")
        }
        func number(_ key: String, _ range: ClosedRange<Int>) throws -> Int {
            let text = try header.required(key)
            guard let value = Int(text), range.contains(value) else {
                throw wrong(
                    key,
                    "found '\(HeaderTexts.shortened(text))'; expected \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        try header.require("format", ModelMetadata.format)
        try header.require(Self.architectureKey, Self.architecture)
        baseName = try header.required("base")
        baseDigest = try header.required(Self.baseKey)
        guard baseDigest.hasPrefix(ModelDigest.prefix), baseDigest.utf8.count == ModelDigest.blank.utf8.count else {
            throw wrong(
                Self.baseKey, "found '\(baseDigest.prefix(80))'; expected '\(ModelDigest.prefix)' and 64 digits")
        }
        basePath = texts["base_path"] ?? ""
        basePrecision = try header.required("base_precision")
        guard ["float32", "int8"].contains(basePrecision) else {
            throw wrong("base_precision", "found '\(basePrecision.prefix(60))'; expected float32 or int8")
        }
        normalization = try header.named("normalization", Normalization.self)
        embeddingSize = try number("embedding_size", 1...Self.widest)
        hidden = try number("hidden", 0...Self.widest)
        pooling = try header.named("pooling", ClipPooling.self)
        classes = try names("classes")
        classIDs = texts["class_ids"] == nil ? [] : try names("class_ids")
        licence = texts["licence"] ?? ""
        source = texts["source"] ?? ""
        guard !classes.isEmpty, classes.count <= 65_536 else {
            throw wrong("classes", "found \(counted(classes.count, "class", "classes")); expected 1 to 65536")
        }
        if classes.contains("") { throw wrong("classes", "a class has no name") }
        guard Set(classes).count == classes.count else { throw wrong("classes", "a class is listed twice") }
        guard classIDs.isEmpty || classIDs.count == classes.count else {
            throw wrong(
                "class_ids", "found \(counted(classIDs.count, "id")) for \(counted(classes.count, "class", "classes"))")
        }
    }

    /// The parameters of a head with these sizes, in the order in which they are stored. Weights are (inputs, outputs).
    package var parameters: [ParameterShape] {
        let inputs = hidden > 0 ? hidden : embeddingSize
        var list: [ParameterShape] = []
        if hidden > 0 {
            list += [ParameterShape("hidden/w", [embeddingSize, hidden]), ParameterShape("hidden/b", [hidden])]
        }
        list += [
            ParameterShape("output/w", [inputs, classes.count]), ParameterShape("output/b", [classes.count]),
        ]
        // A bias would fall out of the softmax.
        if pooling == .attention { list.append(ParameterShape("attention/w", [inputs, classes.count])) }
        return list
    }
}
