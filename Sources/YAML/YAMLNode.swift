import Yams

/// A value of a YAML text with the line it is on. All scalars are texts: what they mean is decided by their reader.
package struct YAMLNode: Sendable, Equatable {
    /// A key of a mapping and its value.
    package struct Entry: Sendable, Equatable {
        package let key: YAMLNode
        package let value: YAMLNode

        package init(key: YAMLNode, value: YAMLNode) {
            self.key = key
            self.value = value
        }
    }

    /// What a value is.
    package enum Content: Sendable, Equatable {
        case scalar(String)
        case sequence([YAMLNode])
        /// In the order of the text; no key stands twice.
        case mapping([Entry])
    }

    package let content: Content
    /// 1-based, where known.
    package let line: Int?

    package init(_ content: Content, line: Int?) {
        self.content = content
        self.line = line
    }

    /// The text of a scalar; nil for anything else.
    package var scalar: String? { if case .scalar(let text) = content { text } else { nil } }

    /// Reads a text; nil if it holds nothing.
    ///
    /// - Parameter file: its path, for messages.
    /// - Throws: `YAMLError` with the line, if the text is not YAML, is nested too deeply, or unfolds into too much.
    package static func read(_ yaml: String, file: String) throws(YAMLError) -> YAMLNode? {
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch let error as YamlError {
            throw YAMLError(file: file, line: line(of: error), "not YAML: \(message(of: error))")
        } catch {
            throw YAMLError(file: file, "not YAML: \(error)")
        }
        guard let root else { return nil }
        var left = mostNodes
        return try made(root, file: file, depth: 0, left: &left)
    }

    /// An alias stands for all of what it names, so a text of a few lines can unfold into billions of values.
    private static let mostNodes = 1_000_000
    private static let deepest = 100

    private static func made(_ node: Node, file: String, depth: Int, left: inout Int) throws(YAMLError) -> YAMLNode {
        let line = node.mark?.line
        left -= 1
        guard left >= 0, depth <= deepest else {
            throw YAMLError(
                file: file, line: line,
                depth > deepest
                    ? "nested more than \(deepest) levels deep, expected fewer"
                    : "unfolds into more than \(mostNodes) values, expected fewer")
        }
        switch node {
        case .scalar(let scalar): return YAMLNode(.scalar(scalar.string), line: line)
        case .sequence(let items):
            var found: [YAMLNode] = []
            for item in items { found.append(try made(item, file: file, depth: depth + 1, left: &left)) }
            return YAMLNode(.sequence(found), line: line)
        case .mapping(let mapping):
            var found: [Entry] = []
            for (key, value) in mapping {
                let entry = Entry(
                    key: try made(key, file: file, depth: depth + 1, left: &left),
                    value: try made(value, file: file, depth: depth + 1, left: &left))
                found.append(entry)
            }
            return YAMLNode(.mapping(found), line: line)
        case .alias: throw YAMLError(file: file, line: line, "an alias that names nothing, expected a value")
        }
    }

    private static func line(of error: YamlError) -> Int? {
        switch error {
        case .reader: nil
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: nil
        }
    }

    private static func message(of error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _): problem
        case .duplicatedKeysInMapping(let duplicates, _):
            "the key '\(duplicates.first ?? "?")' stands twice"
        case .reader(let problem, let offset, _, _): "\(problem)\(offset.map { " at byte \($0)" } ?? "")"
        default: "\(error)".split(separator: "\n").first.map(String.init) ?? "unreadable"
        }
    }
}
