import Files
import Models

/// The provider of heads: classifiers that were trained on the embeddings of another model, their base, which they name
/// by its digest.
///
/// A head is identified by the digest of its own file. That file holds the base's digest, and no other base is ever used, so
/// the one digest covers both.
struct HeadProvider: EngineProvider {
    private let bases: EngineRegistry
    private let models: @Sendable () -> [String]

    /// - Parameters:
    ///   - bases: the engines that run bases; a head is not a base.
    ///   - models: the model files among which a base is looked for, if it is neither where it was nor beside the head.
    init(bases: EngineRegistry, models: @escaping @Sendable () -> [String]) {
        self.bases = bases
        self.models = models
    }

    func accepts(_ path: String) -> Bool { HeadFile.isOne(path) }

    func describe(_ path: String) throws -> ModelDescription {
        let head = try HeadFile(path: path).metadata
        let base = try base(of: head, path)
        return try ModelDescription(head, base: check(bases.describe(base), base, head, path))
    }

    func load(_ path: String) throws -> any InferenceEngine {
        let head = try Head(path: path)
        let base = try base(of: head.metadata, path)
        let described = try check(bases.describe(base), base, head.metadata, path)
        // An engine without a choice of arithmetic refuses to be asked.
        let wanted = Precision(rawValue: head.metadata.basePrecision)
        let engine = try bases.load(base, precision: described.precision(asked: nil) == wanted ? nil : wanted)
        return HeadEngine(head: head, base: engine)
    }

    /// - Throws: what `load(_:)` throws; `ModelError.file` if the embeddings that the head was trained on were computed in
    ///   another arithmetic.
    func load(_ path: String, precision: Precision?) throws -> any InferenceEngine {
        let trained = try HeadFile(path: path).metadata.basePrecision
        guard precision == nil || precision?.rawValue == trained else {
            throw ModelError.file(
                path: path,
                reason: "is a head on embeddings in \(trained), found precision '\(precision?.rawValue ?? "")', "
                    + "expected '\(trained)' or 'auto'")
        }
        return try load(path)
    }

    func digest(_ path: String) throws -> String { try ModelDigest.ofFile(path) }

    /// The file of a head's base.
    ///
    /// - Throws: `ModelError.file` naming the base's digest, and that of the file in its place, if it is not found.
    private func base(of head: HeadMetadata, _ path: String) throws -> String {
        var looked: [String] = []
        for candidate in candidates(head, path) where FileSystem.isFile(candidate) {
            guard let digest = try? bases.digest(candidate) else { continue }
            if digest == head.baseDigest {
                if HeadFile.isOne(candidate) {
                    throw ModelError.file(
                        path: path,
                        reason: "its base \(candidate) is a head itself, expected a network that gives embeddings")
                }
                return candidate
            }
            if candidate == head.basePath { looked.append("\(candidate) has \(digest.prefix(23))") }
        }
        let found = looked.first ?? "no such file at \(head.basePath), beside the head or among the models"
        throw ModelError.file(
            path: path, reason: "its base is '\(head.baseName)' with digest \(head.baseDigest.prefix(23)), but \(found)"
        )
    }

    /// Where a base might be, in the order in which it is looked for, each place once.
    private func candidates(_ head: HeadMetadata, _ path: String) -> [String] {
        let folder = FileSystem.folder(of: FileSystem.absolute(path))
        let beside = FileSystem.names(in: folder).filter { $0.hasSuffix(".safetensors") }.map { folder + "/" + $0 }
        var seen: Set<String> = []
        return ([head.basePath] + beside + models()).filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    /// - Returns: the base's description.
    /// - Throws: `ModelError.file` if it does not give the embeddings that the head reads.
    private func check(
        _ base: ModelDescription, _ basePath: String, _ head: HeadMetadata, _ path: String
    ) throws -> ModelDescription {
        guard base.embeddingSize == head.embeddingSize else {
            throw ModelError.file(
                path: path,
                reason: "reads embeddings of \(head.embeddingSize) values, but its base \(basePath) gives "
                    + "\(base.embeddingSize)")
        }
        return base
    }
}
