import Errors
import Wording

/// Resolves a specification against the known stage kinds. Pure: files are digested through a closure.
package struct GraphBuilder {
    private let spec: PipelineSpec
    private let definitions: [String: StageDefinition]
    private let locate: (FileReference) throws -> String
    private let digestOfFile: (String) throws -> String
    private let usesInput: (StageDefinition, [String: String], Int, [Bool]) throws -> Bool
    private let advice: (StageDefinition, [String: String]) throws -> String?
    private let resolve: (StageDefinition, [String: String]) throws -> [String: String]

    /// - Parameters:
    ///   - definitions: the stage kinds, by the name that `uses` gives.
    ///   - locate: the path of the file that a parameter names. A `FileReference.NotFound` becomes a `PipelineError`;
    ///     any other error is passed on.
    ///   - digestOfFile: content digest of a file parameter; its error becomes a `PipelineError`.
    ///   - usesInput: whether a stage with these parameters reads an optional input at all, where some of its inputs are
    ///     given. An unread input is left unconnected, so that nothing upstream runs for it.
    ///   - advice: what to tell where an input that a stage reads is not given: what would fit its parameters.
    ///   - resolve: what a stage's parameters mean where that depends on more than their values, such as a model's file:
    ///     further marks by key, which are part of the fingerprint.
    package init(
        _ spec: PipelineSpec, definitions: [StageDefinition],
        locate: @escaping (FileReference) throws -> String = { $0.path },
        digestOfFile: @escaping (String) throws -> String,
        usesInput: @escaping (StageDefinition, [String: String], Int, _ given: [Bool]) throws -> Bool = {
            _, _, _, _ in true
        },
        advice: @escaping (StageDefinition, [String: String]) throws -> String? = { _, _ in nil },
        resolve: @escaping (StageDefinition, [String: String]) throws -> [String: String] = { _, _ in [:] }
    ) {
        self.spec = spec
        self.definitions = Dictionary(uniqueKeysWithValues: definitions.map { ($0.name, $0) })
        self.locate = locate
        self.digestOfFile = digestOfFile
        self.usesInput = usesInput
        self.advice = advice
        self.resolve = resolve
    }

    /// - Throws: `PipelineError` naming the line, what was found and what was expected.
    package func build() throws -> Graph {
        guard spec.stages.count <= Graph.maximumNodes else {
            throw PipelineError(
                file: spec.file, "\(counted(spec.stages.count, "stage")), expected at most \(Graph.maximumNodes)")
        }
        let order = try topologicalOrder()
        var place: [String: Int] = [:]
        var nodes: [Graph.Node] = []
        for stage in order {
            let node = try makeNode(stage, index: nodes.count, nodes: nodes, place: place)
            place[stage.name] = node.index
            nodes.append(node)
        }
        guard nodes.contains(where: \.persists) else {
            let kinds = definitions.values.filter(\.persists).map(\.name).sorted().joined(separator: " or ")
            throw PipelineError(file: spec.file, "no stage keeps anything: expected at least one that uses \(kinds)")
        }
        return Graph(name: spec.name, file: spec.file, nodes: nodes)
    }

    private func topologicalOrder() throws(PipelineError) -> [PipelineSpec.Stage] {
        let names = Set(spec.stages.map(\.name))
        for stage in spec.stages {
            for reference in stage.from where !names.contains(reference.stage) {
                throw fault(
                    reference.line ?? stage.line,
                    "stage '\(stage.name)' takes from '\(reference.stage)', which is not a stage; expected one of "
                        + names.sorted().joined(separator: ", "))
            }
        }
        var placed: Set<String> = []
        var order: [PipelineSpec.Stage] = []
        while order.count < spec.stages.count {
            let ready = spec.stages.filter { stage in
                !placed.contains(stage.name) && stage.from.allSatisfy { placed.contains($0.stage) }
            }
            guard !ready.isEmpty else {
                let stuck = spec.stages.filter { !placed.contains($0.name) }
                throw fault(
                    stuck.first?.line,
                    "these stages feed one another in a cycle: " + stuck.map(\.name).joined(separator: ", "))
            }
            order += ready
            placed.formUnion(ready.map(\.name))
        }
        return order
    }

    private func makeNode(
        _ stage: PipelineSpec.Stage, index: Int, nodes: [Graph.Node], place: [String: Int]
    ) throws -> Graph.Node {
        guard let definition = definitions[stage.uses.text] else {
            throw fault(
                stage.uses.line ?? stage.line,
                "stage '\(stage.name)' uses '\(stage.uses.text)', expected one of "
                    + definitions.keys.sorted().joined(separator: ", "))
        }
        let (given, types) = try connect(stage, definition, nodes: nodes, place: place)
        var inputs = given
        var identity = ["stage", definition.name, String(definition.codeVersion)]
        var soundIdentity = identity
        var (parameters, marks) = try settle(stage, definition, identity: &identity, sound: &soundIdentity)
        for (key, mark) in try resolve(definition, parameters).sorted(by: { $0.key < $1.key }) {
            marks[key] = mark
            identity.append("\(key)=\(mark)")
            soundIdentity.append("\(key)=\(mark)")
        }
        for (slot, input) in definition.inputs.enumerated() where input.isOptional {
            let isUsed = try usesInput(definition, parameters, slot, given.map { $0 != nil })
            if !isUsed {
                inputs[slot] = nil
            } else if inputs[slot] == nil {
                let advice = try advice(definition, parameters).map { "; \($0)" } ?? ""
                throw fault(
                    stage.line,
                    "stage '\(stage.name)' needs \(input.types.map(\.rawValue).joined(separator: " or ")) in 'from' "
                        + "with these parameters\(advice)")
            }
        }
        for (slot, input) in definition.inputs.enumerated() {
            let edge = input.marksUnread ? given[slot] : inputs[slot]
            if edge == nil, input.isLater { continue }
            identity.append(edge.map { "\(nodes[$0.node].fingerprint.hex).\($0.port)" } ?? "-")
            soundIdentity.append(edge.map { "\(nodes[$0.node].soundFingerprint.hex).\($0.port)" } ?? "-")
        }
        // Only where a companion is given, so that every other fingerprint is what it was before there were any.
        var companions: UInt64 = 0
        for case let edge? in inputs { companions |= nodes[edge.node].companions }
        if definition.readsCompanions {
            for node in nodes where companions & 1 << UInt64(node.index) != 0 {
                guard let key = node.definition.companionKey, let value = node.parameters[key] else { continue }
                identity.append("\(node.fingerprint.hex).\(key)=\(value)")
                soundIdentity.append("\(node.soundFingerprint.hex).\(key)=\(value)")
            }
            companions = 0
        }
        if let key = definition.companionKey, parameters[key] != nil { companions |= 1 << UInt64(index) }
        return Graph.Node(
            index: index, name: stage.name, definition: definition, parameters: parameters, inputs: inputs,
            outputTypes: definition.outputs.map { $0.type ?? types.first ?? .audio },
            fingerprint: Fingerprint(fields: identity), soundFingerprint: Fingerprint(fields: soundIdentity),
            marks: marks, companions: companions, line: stage.line)
    }

    /// Connects each reference to the first free input that accepts its type.
    private func connect(
        _ stage: PipelineSpec.Stage, _ definition: StageDefinition, nodes: [Graph.Node], place: [String: Int]
    ) throws(PipelineError) -> ([Graph.Edge?], [EdgeType]) {
        var edges = [Graph.Edge?](repeating: nil, count: definition.inputs.count)
        var types: [EdgeType] = []
        for reference in stage.from {
            guard let from = place[reference.stage] else { continue }
            let node = nodes[from]
            var port = 0
            if let name = reference.port {
                guard let found = node.definition.outputs.firstIndex(where: { $0.port == name }) else {
                    throw fault(
                        reference.line,
                        "stage '\(node.name)' has no output '\(name)', expected one of "
                            + node.definition.outputs.map(\.port).joined(separator: ", "))
                }
                port = found
            }
            guard port < node.outputTypes.count else {
                throw fault(reference.line, "stage '\(node.name)' gives nothing on, so '\(stage.name)' cannot follow")
            }
            let type = node.outputTypes[port]
            guard
                let slot = definition.inputs.indices.first(where: {
                    edges[$0] == nil && definition.inputs[$0].types.contains(type)
                })
            else {
                throw fault(
                    reference.line ?? stage.line,
                    "stage '\(stage.name)' (\(definition.name)) takes \(wanted(definition)), "
                        + "but '\(reference.stage)' gives \(type.rawValue)")
            }
            edges[slot] = Graph.Edge(node: from, port: port)
            types.append(type)
        }
        for (slot, input) in definition.inputs.enumerated() where edges[slot] == nil && !input.isOptional {
            throw fault(
                stage.line,
                "stage '\(stage.name)' (\(definition.name)) needs 'from' with "
                    + input.types.map(\.rawValue).joined(separator: " or "))
        }
        return (edges, types)
    }

    private func wanted(_ definition: StageDefinition) -> String {
        if definition.inputs.isEmpty { return "nothing" }
        return definition.inputs.map { $0.types.map(\.rawValue).joined(separator: " or ") }.joined(separator: " and ")
    }

    private func settle(
        _ stage: PipelineSpec.Stage, _ definition: StageDefinition, identity: inout [String], sound: inout [String]
    ) throws -> (parameters: [String: String], marks: [String: String]) {
        let known = Dictionary(uniqueKeysWithValues: definition.parameters.map { ($0.key, $0) })
        for (key, value) in stage.parameters.sorted(by: { $0.key < $1.key }) where known[key] == nil {
            let expected = definition.parameters.map(\.key).sorted().joined(separator: ", ")
            throw fault(
                value.line ?? stage.line,
                "stage '\(stage.name)' (\(definition.name)) has no parameter '\(key)', expected "
                    + (expected.isEmpty ? "none" : expected))
        }
        var settled: [String: String] = [:]
        var marks: [String: String] = [:]
        for parameter in definition.parameters.sorted(by: { $0.key < $1.key }) {
            let given = stage.parameters[parameter.key]
            guard let text = given?.text ?? parameter.fallback else {
                if parameter.isOptional { continue }
                throw fault(
                    stage.line,
                    "stage '\(stage.name)' (\(definition.name)) needs '\(parameter.key)', \(parameter.expectation)")
            }
            guard var value = parameter.canonical(text) else {
                if let given, given.line == nil {
                    throw PipelineError(
                        .usage, "--set \(stage.name).\(parameter.key)=\(text): expected \(parameter.expectation)")
                }
                throw fault(
                    given?.line ?? stage.line,
                    "'\(parameter.key)' of stage '\(stage.name)' is '\(text)', expected \(parameter.expectation)")
            }
            var mark = value
            if case .file = parameter.kind {
                value = try place(of: value, key: parameter.key, stage: stage, line: given?.line)
                mark = try digest(of: value, key: parameter.key, stage: stage, line: given?.line)
            }
            settled[parameter.key] = value
            guard parameter.affectsResult, !(parameter.omitsDefault && value == parameter.fallback) else { continue }
            marks[parameter.key] = mark
            guard definition.identity == nil, parameter.key != definition.companionKey else { continue }
            identity.append("\(parameter.key)=\(mark)")
            sound.append("\(parameter.key)=\(parameter.acceptsFaults ? parameter.fallback ?? mark : mark)")
        }
        do {
            let own = try definition.identity?(settled) ?? []
            identity += own
            sound += own
        } catch {
            throw fault(stage.line, "stage '\(stage.name)' (\(definition.name)): \(error)")
        }
        return (settled, marks)
    }

    private func digest(of path: String, key: String, stage: PipelineSpec.Stage, line: Int?) throws -> String {
        do {
            return try digestOfFile(path)
        } catch {
            throw fault(line ?? stage.line, "'\(key)' of stage '\(stage.name)': \(error)")
        }
    }

    /// A path in the pipeline file is relative to that file's folder; one given by `--set` is relative to the working
    /// folder.
    private func place(of text: String, key: String, stage: PipelineSpec.Stage, line: Int?) throws -> String {
        let folder = spec.file.lastIndex(of: "/").map { String(spec.file[...$0]) } ?? ""
        let reference = FileReference(text: text, origin: line == nil ? .commandLine : .pipeline(folder: folder))
        do {
            return try locate(reference)
        } catch let error as FileReference.NotFound {
            throw fault(line ?? stage.line, "'\(key)' of stage '\(stage.name)': \(error)")
        }
    }

    private func fault(_ line: Int?, _ message: String) -> PipelineError {
        PipelineError(file: spec.file, line: line, message)
    }
}
