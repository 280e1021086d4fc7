import Errors

/// A pipeline with every name resolved: typed nodes in topological order, each with its fingerprint.
package struct Graph: Sendable {
    /// Where an input comes from.
    package struct Edge: Sendable, Hashable {
        /// Index of the node that it comes from.
        package let node: Int
        /// Which of that node's outputs.
        package let port: Int

        package init(node: Int, port: Int) {
            self.node = node
            self.port = port
        }
    }

    /// A stage of the pipeline, resolved.
    package struct Node: Sendable {
        package let index: Int
        package let name: String
        package let definition: StageDefinition
        /// Canonical values of every parameter of the definition; files as resolved paths.
        package let parameters: [String: String]
        /// One entry per input of the definition; nil if an optional input is not connected.
        package let inputs: [Edge?]
        /// The type of each output, in the definition's order.
        package let outputTypes: [EdgeType]
        /// What its results depend on; see `Fingerprint`.
        package let fingerprint: Fingerprint
        /// The fingerprint that it would have if no parameter accepted a fault of a file, here and above. Results with that
        /// fingerprint are also results with this one: a file that passed without a fault has none to accept.
        package let soundFingerprint: Fingerprint
        /// The parameters that affect results; files are given by the digest of their bytes.
        package let marks: [String: String]
        /// The nodes whose companion rows belong to its output, itself perhaps among them, as a bit mask.
        package let companions: UInt64
        package let line: Int?

        /// Whether it stores companion rows.
        package var hasCompanion: Bool { definition.companionKey.map { parameters[$0] != nil } ?? false }
        /// Whether it leaves something in the cache.
        package var persists: Bool { definition.persists || hasCompanion }
    }

    /// More nodes than this do not fit the bit masks of a `Route`.
    package static let maximumNodes = 64

    package let name: String
    package let file: String
    /// In topological order.
    package let nodes: [Node]

    /// The nodes that leave something in the cache, as a bit mask.
    package var persistent: UInt64 {
        nodes.reduce(0) { $1.persists ? $0 | 1 << UInt64($1.index) : $0 }
    }

    /// The identity of the whole pipeline: what a clip must have reached to be done.
    package var fingerprint: Fingerprint {
        Fingerprint(fields: ["pipeline"] + nodes.filter(\.persists).map(\.fingerprint.hex).sorted())
    }

    /// An error in one of its stages, with its line if the file gives one.
    package func error(_ node: Node, _ message: String) -> PipelineError {
        PipelineError(file: file, line: node.line, stage: node.name, message)
    }

    /// The node that feeds an input, or nil if it is not connected.
    package func source(of node: Node, input: Int) -> Node? {
        node.inputs[input].map { nodes[$0.node] }
    }
}
