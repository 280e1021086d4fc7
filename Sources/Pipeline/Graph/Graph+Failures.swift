/// What a failure is tied to: the stage that failed, with all that could have made it succeed, and nothing below it.
///
/// A clip that failed stays failed while that is the same, whatever else of the pipeline changes. The whole pipeline's
/// fingerprint is no such key: another model or overlap would make clips whose files cannot be read "new" again.
extension Graph {
    /// The identity of a failure of one class at one node.
    ///
    /// - Parameter node: nil for a failure that is the file's own: then it is that of the first source.
    package func failureTarget(node: Int?, failureClass: String) -> Fingerprint {
        let source = nodes.first { $0.inputs.isEmpty } ?? nodes[0]
        return failureTarget(node.map { nodes[$0] } ?? source, failureClass)
    }

    /// Every identity that a failure of this pipeline can have.
    package var failureTargets: [Fingerprint] {
        nodes.flatMap { node in
            let named = Set(node.definition.parameters.flatMap { $0.decidesFailures ?? [] }).sorted()
            // Classes that no parameter names have one identity in common.
            return (named + [""]).map { failureTarget(node, $0) }
        }
    }

    private func failureTarget(_ node: Node, _ failureClass: String) -> Fingerprint {
        let deciding = node.definition.parameters.filter { $0.decidesFailures?.contains(failureClass) ?? true }
        let inputs = node.inputs.map { edge in edge.map { "\(nodes[$0.node].fingerprint.hex).\($0.port)" } ?? "-" }
        return Fingerprint(
            fields: ["failure", node.definition.name, String(node.definition.codeVersion)]
                + deciding.map(\.key).sorted().compactMap { key in node.marks[key].map { "\(key)=\($0)" } } + inputs)
    }
}
