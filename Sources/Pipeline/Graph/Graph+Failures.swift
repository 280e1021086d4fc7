import Errors

/// What a failure is tied to: the stage that failed, with everything that could have made it succeed, and nothing
/// downstream.
///
/// A clip that failed stays failed while that is the same, whatever else in the pipeline changes. The whole pipeline's
/// fingerprint would not do as a key: with another model or overlap, clips whose files cannot be read would be "new"
/// again.
extension Graph {
    /// The identity of a failure of one class at one node.
    ///
    /// - Parameter node: nil for a failure of the file itself, which has the identity of one in the first source.
    package func failureTarget(node: Int?, failureClass: FailureClass) -> Fingerprint {
        let source = nodes.first { $0.inputs.isEmpty } ?? nodes[0]
        return failureTarget(node.map { nodes[$0] } ?? source, failureClass)
    }

    /// Every identity that a failure of this pipeline can have.
    package var failureTargets: [Fingerprint] {
        nodes.flatMap { node in
            let named = Set(node.definition.parameters.flatMap { $0.decidesFailures ?? [] })
            // All classes that no parameter names share one identity.
            return (named.sorted { $0.rawValue < $1.rawValue } + [nil]).map { failureTarget(node, $0) }
        }
    }

    private func failureTarget(_ node: Node, _ failureClass: FailureClass?) -> Fingerprint {
        let deciding = node.definition.parameters.filter { parameter in
            guard let decided = parameter.decidesFailures else { return true }
            return failureClass.map(decided.contains) ?? false
        }
        let inputs = zip(node.inputs, node.definition.inputs).filter { $0 != nil || !$1.isLater }.map { edge, _ in
            edge.map { "\(nodes[$0.node].fingerprint.hex).\($0.port)" } ?? "-"
        }
        return Fingerprint(
            fields: ["failure", node.definition.name, String(node.definition.codeVersion)]
                + deciding.map(\.key).sorted().compactMap { key in node.marks[key].map { "\(key)=\($0)" } } + inputs)
    }
}
