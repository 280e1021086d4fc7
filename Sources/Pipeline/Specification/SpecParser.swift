import YAML

/// Reads a pipeline's YAML into a `PipelineSpec`, keeping the line of every value for messages.
package enum SpecParser {
    /// - Parameters:
    ///   - yaml: the text of the file.
    ///   - file: its path, for messages.
    /// - Throws: `PipelineError` with file and line for broken YAML, a wrong shape or an unknown key.
    package static func parse(yaml: String, file: String) throws(PipelineError) -> PipelineSpec {
        let root = try compose(yaml, file: file)
        guard case .mapping(let top) = root.content else {
            throw PipelineError(file: file, line: line(root), "expected a mapping with 'name' and 'stages'")
        }
        var name: String?
        var stages: [PipelineSpec.Stage]?
        var settings: [String: PipelineSpec.Value] = [:]
        for entry in top {
            let (key, value) = (entry.key, entry.value)
            switch key.scalar {
            case "name":
                guard let text = value.scalar, !text.isEmpty else {
                    throw PipelineError(file: file, line: line(value), "'name' must be text")
                }
                name = text
            case "stages": stages = try parseStages(value, file: file)
            case "train": settings = try parseSettings(value, file: file)
            case "description": continue
            default:
                let found = key.scalar ?? "?"
                throw PipelineError(
                    file: file, line: line(key), "unknown key '\(found)', expected name, description, stages or train")
            }
        }
        guard let name else { throw PipelineError(file: file, line: 1, "'name' is missing") }
        guard let stages, !stages.isEmpty else { throw PipelineError(file: file, line: 1, "'stages' is missing") }
        return PipelineSpec(name: name, stages: stages, train: settings, file: file)
    }

    private static func compose(_ yaml: String, file: String) throws(PipelineError) -> YAMLNode {
        let node: YAMLNode?
        do { node = try YAMLNode.read(yaml, file: file) } catch {
            throw PipelineError(file: file, line: error.line, error.message)
        }
        guard let node else { throw PipelineError(file: file, line: 1, "the file is empty, expected a pipeline") }
        return node
    }

    /// Training settings, kept as text for the command that trains.
    private static func parseSettings(
        _ node: YAMLNode, file: String
    ) throws(PipelineError) -> [String: PipelineSpec.Value] {
        guard case .mapping(let mapping) = node.content else {
            throw PipelineError(file: file, line: line(node), "'train' must be a mapping from settings to values")
        }
        var settings: [String: PipelineSpec.Value] = [:]
        for entry in mapping {
            let (key, value) = (entry.key, entry.value)
            guard let word = key.scalar, let text = value.scalar else {
                throw PipelineError(file: file, line: line(key), "a setting of 'train' must be a single value")
            }
            settings[word] = PipelineSpec.Value(text, line: line(value))
        }
        return settings
    }

    private static func parseStages(_ node: YAMLNode, file: String) throws(PipelineError) -> [PipelineSpec.Stage] {
        guard case .mapping(let mapping) = node.content else {
            throw PipelineError(file: file, line: line(node), "'stages' must be a mapping from names to stages")
        }
        var stages: [PipelineSpec.Stage] = []
        for entry in mapping {
            let (key, value) = (entry.key, entry.value)
            guard let name = key.scalar, isName(name) else {
                throw PipelineError(
                    file: file, line: line(key), "a stage's name must be letters, digits, '-' and '_'")
            }
            stages.append(try parseStage(name, value, at: line(key), file: file))
        }
        return stages
    }

    private static func parseStage(
        _ name: String, _ node: YAMLNode, at start: Int?, file: String
    ) throws(PipelineError) -> PipelineSpec.Stage {
        guard case .mapping(let mapping) = node.content else {
            throw PipelineError(file: file, line: start, "stage '\(name)' must be a mapping with 'uses'")
        }
        var uses: PipelineSpec.Value?
        var from: [PipelineSpec.Reference] = []
        var parameters: [String: PipelineSpec.Value] = [:]
        for entry in mapping {
            let (key, value) = (entry.key, entry.value)
            guard let word = key.scalar else {
                throw PipelineError(file: file, line: line(key), "a key of stage '\(name)' is not text")
            }
            if word == "from" {
                let nodes = if case .sequence(let list) = value.content { list } else { [value] }
                for item in nodes { from.append(try reference(item, stage: name, file: file)) }
                continue
            }
            guard let text = value.scalar else {
                throw PipelineError(
                    file: file, line: line(value), "'\(word)' of stage '\(name)' must be a single value")
            }
            let parsed = PipelineSpec.Value(text, line: line(value))
            if word == "uses" { uses = parsed } else { parameters[word] = parsed }
        }
        guard let uses else {
            throw PipelineError(file: file, line: start, "stage '\(name)' does not say what it 'uses'")
        }
        return PipelineSpec.Stage(name: name, uses: uses, from: from, parameters: parameters, line: start)
    }

    private static func reference(
        _ node: YAMLNode, stage: String, file: String
    ) throws(PipelineError) -> PipelineSpec.Reference {
        guard let text = node.scalar else {
            throw PipelineError(file: file, line: line(node), "'from' of stage '\(stage)' must name stages")
        }
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        return PipelineSpec.Reference(
            stage: String(parts[0]), port: parts.count > 1 ? String(parts[1]) : nil, line: line(node))
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "-" || $0 == "_")
            }
    }

    private static func line(_ node: YAMLNode) -> Int? { node.line }
}
