import Features
import Files
import YAML

extension ModelCard {
    /// Reads a card, and its list of classes.
    ///
    /// - Parameter isClassFileOptional: whether a card without its list of classes is read as well, as for saying what is
    ///   missing; it then has no class names.
    /// - Throws: `ModelError.line` with what was found and what was expected; `ModelError.file` if a file cannot be
    ///   read; `FileError` if the system has run out of a resource.
    package init(path: String, isClassFileOptional: Bool = false) throws {
        try self.init(yaml: Self.text(of: path), path: path, isClassFileOptional: isClassFileOptional)
    }

    private static let mostBytes = 16 << 20

    /// Reads the text of a card's file, without the byte order mark that some editors put before it.
    ///
    /// - Throws: `ModelError.file` if it cannot be read, is too long or is not UTF-8; `FileError` if the system has run
    ///   out of a resource.
    static func text(of path: String) throws -> String {
        var bytes: [UInt8] = []
        try ModelError.reading(path) {
            try FileSystem.readBlocks(path) { block in
                bytes.append(contentsOf: block)
                guard bytes.count <= mostBytes else {
                    throw ModelError.file(
                        path: path, reason: "more than \(mostBytes) bytes, expected a card of at most as many")
                }
            }
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        guard let text = String(validating: bytes.dropFirst(bytes.starts(with: mark) ? 3 : 0), as: UTF8.self) else {
            throw ModelError.file(path: path, reason: "not UTF-8 text, expected a model card")
        }
        return text
    }

    /// Reads a card from its text.
    ///
    /// - Parameter path: the path that it is said to have: its files are in this folder.
    /// - Throws: as `init(path:)`.
    package init(yaml: String, path: String, isClassFileOptional: Bool = false) throws {
        let root: YAMLNode?
        do { root = try YAMLNode.read(yaml, file: path) } catch {
            throw CardFields.error(path, error.line, error.message)
        }
        guard let root else { throw CardFields.error(path, 1, "the file is empty, expected a model card") }
        var fields = try CardFields(root, path: path)
        let version = try fields.required("card", "'card: 1', the version of this format")
        guard version.value == "1" else {
            throw fields.error(version.line, "'card' is '\(version.value)', expected 1")
        }
        self.path = path
        name = try fields.required("name", "the model's name").value
        summary = try fields.text("description")?.value ?? ""
        let named = try fields.required("file", "the model's file")
        let sum = try Self.digest(&fields)
        file = try File(
            name: named, sha256: sum, address: Self.address(&fields), fields)
        bytesLine = fields.line(of: "bytes")
        bytes = try fields.integer("bytes", 1...1 << 50)
        let obtain = try fields.text("obtain")?.value ?? ""
        self.obtain = obtain
        data = try Self.data(&fields, path)
        engine = try fields.text("engine").map { Engine(name: $0.value, line: $0.line ?? 1) }
        licence = try fields.required("licence", "the licence of the weights, or 'unknown'").value
        source = try fields.text("source")?.value ?? ""
        guard let (node, line) = fields.take("input") else {
            throw fields.missing("input", "what the model reads")
        }
        input = try Input(try CardFields(node, path: path, owner: "input", line: line), path: path)
        let list = try fields.take("classes").map {
            try CardClasses($0.node, line: $0.line, path: path, obtain: obtain, isFileOptional: isClassFileOptional)
        }
        guard let (outputs, place) = fields.take("outputs") else {
            throw fields.missing("outputs", "the tensors that the model gives")
        }
        var tensors = try CardFields(outputs, path: path, owner: "outputs", line: place)
        scores = try tensors.take("scores").map {
            try Output(scores: $0.node, line: $0.line, classes: list?.count ?? 0, path: path)
        }
        embeddings = try tensors.take("embeddings").map {
            try Output(embeddings: $0.node, line: $0.line, path: path)
        }
        try tensors.finish()
        guard scores != nil || embeddings != nil else {
            throw tensors.error(place, "'outputs' has neither 'scores' nor 'embeddings', expected one of them or both")
        }
        if scores != nil, list == nil { throw fields.missing("classes", "the classes of the scores, in their order") }
        if scores == nil, let list {
            throw fields.error(list.line, "found classes but no 'scores' in 'outputs', expected both or neither")
        }
        classes = list?.names ?? []
        classIDs = list?.identifiers ?? []
        classFile = list?.file
        thresholds = try Self.thresholds(&fields, classes: list?.names ?? [], isKnown: list?.names.count == list?.count)
        try fields.finish()
    }

    /// Takes a digest; nil if none is given.
    ///
    /// - Throws: `ModelError.line` if it is not one.
    static func digest(_ fields: inout CardFields) throws -> String? {
        guard let found = try fields.text("sha256") else { return nil }
        guard found.value.utf8.count == 64, found.value.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        else {
            throw fields.error(found.line, "'sha256' is '\(found.value)', expected 64 lower-case hexadecimal digits")
        }
        return found.value
    }

    /// Takes an address; nil if none is given.
    ///
    /// - Throws: `ModelError.line` if it is not one.
    static func address(_ fields: inout CardFields) throws -> String? {
        guard let found = try fields.text("address") else { return nil }
        guard ["https://", "http://", "file:///"].contains(where: found.value.hasPrefix) else {
            throw fields.error(
                found.line, "'address' is '\(found.value)', expected one that begins with https://, http:// or file:///"
            )
        }
        return found.value
    }

    private static func data(_ fields: inout CardFields, _ path: String) throws -> [File] {
        guard let (node, line) = fields.take("data") else { return [] }
        guard case .sequence(let items) = node.content, items.count <= 64 else {
            throw fields.error(line, "'data' is not a list of at most 64 files, expected '- file: NAME' lines")
        }
        return try items.map { item in
            var inner = try CardFields(item, path: path, owner: "data")
            let name = try inner.required("file", "the name of a file beside the card")
            let file = try File(name: name, sha256: try digest(&inner), address: address(&inner), inner)
            try inner.finish()
            return file
        }
    }

    private static func thresholds(_ fields: inout CardFields, classes: [String], isKnown: Bool) throws
        -> [String: Double]
    {
        var found: [String: Double] = [:]
        if let one = try fields.number("threshold", 0...1) { for name in classes { found[name] = one } }
        guard let (node, line) = fields.take("thresholds") else { return found }
        guard case .mapping(let entries) = node.content else {
            throw fields.error(line, "'thresholds' is not a mapping, expected 'CLASS: 0.3' lines")
        }
        let known = Set(classes)
        for entry in entries {
            let name = entry.key.scalar ?? ""
            guard known.contains(name) || !isKnown else {
                let near = classes.count <= 2000 ? fields.near(name, classes) : ""
                throw fields.error(
                    entry.key.line, "'thresholds' has '\(name)', which is none of the classes\(near), expected a class")
            }
            guard let value = entry.value.scalar.flatMap(Double.init), (0...1).contains(value) else {
                throw fields.error(
                    entry.value.line,
                    "the threshold of '\(name)' is '\(entry.value.scalar ?? "a list")', expected 0 to 1")
            }
            found[name] = value
        }
        return found
    }
}

extension ModelCard.File {
    /// - Throws: `ModelError.line` if the name is not a plain one.
    init(name: (value: String, line: Int?), sha256: String?, address: String?, _ fields: CardFields) throws {
        let isPlain =
            !name.value.utf8.contains(UInt8(ascii: "/")) && !name.value.utf8.contains(0) && name.value != "."
            && name.value != ".."
        guard isPlain else {
            throw fields.error(
                name.line, "the file '\(name.value)' is not in the card's folder, expected a name without a folder")
        }
        self.init(name: name.value, sha256: sha256, address: address, line: name.line ?? fields.line ?? 1)
    }
}

extension ModelCard.Input {
    /// - Throws: `ModelError.line` for a value that is missing or wrong.
    init(_ given: CardFields, path: String) throws {
        var fields = given
        guard let rows = try fields.word("reads", Rows.self) else {
            throw fields.missing("reads", "'wave' or 'mel'")
        }
        let tensor = try fields.text("tensor")?.value
        let shape = fields.take("layout")
        let chunk = try fields.integer("chunk", 1...ModelCard.mostValues)
        switch rows {
        case .wave:
            layout =
                try shape.map {
                    try [CardAxis]($0.node, line: $0.line, required: [.samples], optional: [], path: path)
                } ?? [.batch, .samples]
            guard let rate = try fields.integer("rate", FrontEnd.rates) else {
                throw fields.missing("rate", "samples per second")
            }
            guard let chunk else { throw fields.missing("chunk", "samples of a chunk") }
            self.rate = rate
            self.chunk = chunk
            frontEnd = nil
            normalization = .none
            removesMean = try fields.word("mean", Mean.self) == .remove
            peak = try fields.number("peak", 1e-6...1e6).map { Float($0) }
        case .mel:
            layout =
                try shape.map {
                    try [CardAxis]($0.node, line: $0.line, required: [.frames, .bands], optional: [], path: path)
                } ?? [.batch, .frames, .bands]
            let frontEnd = try Self.frontEnd(&fields, chunk: chunk)
            rate = frontEnd.rate
            self.chunk = frontEnd.chunk
            self.frontEnd = frontEnd
            normalization = try fields.word("normalization", Normalization.self) ?? .none
            removesMean = false
            peak = nil
        }
        self.rows = rows
        self.tensor = tensor
        line = fields.line ?? 1
        hop = try fields.integer("every", 1...self.chunk) ?? self.chunk
        scale = Float(try fields.number("scale", -1e9...1e9, isZeroAllowed: false) ?? 1)
        offset = Float(try fields.number("add", -1e9...1e9) ?? 0)
        batch = try fields.integer("batch", 1...1024)
        try fields.finish()
        let (values, isTooMany) = size.multipliedReportingOverflow(by: batch ?? 1)
        guard !isTooMany, values <= ModelCard.mostValues else {
            throw fields.error(
                nil,
                "a batch of \(batch ?? 1) chunks of \(size) values each, expected at most "
                    + "\(ModelCard.mostValues) in all")
        }
        if let batch, batch > 1, !layout.contains(.batch) {
            throw fields.error(nil, "'batch' is \(batch), but 'layout' has no 'batch', expected both or neither")
        }
    }

    /// What is done about the mean of a chunk's samples.
    private enum Mean: String, CaseIterable { case keep, remove }

    /// The front-end of a preset, with the settings that the card has besides: those of a `log-mel` stage.
    private static func frontEnd(_ fields: inout CardFields, chunk: Int?) throws -> FrontEnd {
        guard let preset = try fields.word("preset", FrontEndPreset.self) else {
            throw fields.missing(
                "preset", "the front-end: \(FrontEndPreset.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        var made = preset.frontEnd
        for setting in FrontEndSetting.all {
            guard let found = try fields.text(setting.key) else { continue }
            guard setting.accepts(found.value) else {
                throw fields.error(
                    found.line, "'\(setting.key)' is '\(found.value)', expected \(setting.expectation)")
            }
            setting.set(&made, to: found.value)
        }
        if let chunk { made.chunk = chunk }
        do { try made.check() } catch { throw fields.error(nil, error.message) }
        let (values, isTooMany) = made.patchFrames.multipliedReportingOverflow(by: made.bands)
        guard !isTooMany, values <= ModelCard.mostValues else {
            throw fields.error(
                nil,
                "a patch of \(made.patchFrames) frames x \(made.bands) bands, expected at most "
                    + "\(ModelCard.mostValues) values")
        }
        return made
    }
}

extension ModelCard.Output {
    /// - Throws: `ModelError.line` for a value that is missing or wrong.
    init(scores node: YAMLNode, line: Int?, classes: Int, path: String) throws {
        var fields = try CardFields(node, path: path, owner: "scores", line: line)
        tensor = try fields.text("tensor")?.value
        layout =
            try fields.take("layout").map {
                try [CardAxis]($0.node, line: $0.line, required: [.classes], optional: [.frames], path: path)
            } ?? [.batch, .classes]
        guard let activation = try fields.word("activation", ModelCard.Activation.self) else {
            throw fields.missing("activation", "'none', 'sigmoid' or 'softmax'")
        }
        self.activation = activation
        pooling = try Self.pooling(&fields, layout)
        size = classes
        self.line = fields.line ?? 1
        try fields.finish()
    }

    /// - Throws: `ModelError.line` for a value that is missing or wrong.
    init(embeddings node: YAMLNode, line: Int?, path: String) throws {
        var fields = try CardFields(node, path: path, owner: "embeddings", line: line)
        tensor = try fields.text("tensor")?.value
        layout =
            try fields.take("layout").map {
                try [CardAxis]($0.node, line: $0.line, required: [.size], optional: [.frames], path: path)
            } ?? [.batch, .size]
        guard let size = try fields.integer("size", 1...1 << 20) else {
            throw fields.missing("size", "the number of values of an embedding")
        }
        self.size = size
        activation = .none
        pooling = try Self.pooling(&fields, layout)
        self.line = fields.line ?? 1
        try fields.finish()
    }

    private static func pooling(_ fields: inout CardFields, _ layout: [CardAxis]) throws -> ModelCard.Pooling? {
        let pooling = try fields.word("pooling", ModelCard.Pooling.self)
        guard (pooling != nil) == layout.contains(.frames) else {
            throw fields.error(
                nil,
                pooling == nil
                    ? "'layout' has 'frames' but 'pooling' is missing, expected 'mean' or 'max'"
                    : "'pooling' without 'frames' in 'layout', expected both or neither")
        }
        return pooling
    }
}
