import Errors
import Engines
import Features
import Pipeline

/// A kind of stage. A value of it is one node of a pipeline, checked and made ready to run.
///
/// A kind is one file, with its definition, its preparation and its operator, and one line in `StageCatalog`. What a node
/// must know of those above it stands in their `facts`, so that no kind knows another by name.
protocol StageKind: Sendable {
    static var definition: StageDefinition { get }

    /// Whether a node with these parameters reads an optional input.
    ///
    /// - Throws: where that hangs on a model file that cannot be used.
    static func reads(input: Int, _ parameters: [String: String], _ models: ModelCache) throws -> Bool

    /// Whether the rows that a node with these parameters keeps equal what came in, bit for bit.
    static func isLossless(_ parameters: [String: String]) -> Bool

    /// Checks a node against what comes in, and makes what the operators of all workers share.
    ///
    /// - Throws: `PipelineError` with the node's line, what was found and what was expected; for a model file that cannot be
    ///   used, what its engine has to say.
    static func prepare(_ node: Graph.Node, _ context: PreparationContext) throws -> Self

    /// What is known of the rows that it gives on, or keeps.
    var facts: StreamFacts { get }

    /// What it keeps in the cache; nil where it keeps nothing.
    var kept: EdgeType? { get }

    /// The model file that its results hang on: SHA-256 and absolute path.
    var modelFile: (digest: String, path: String)? { get }

    /// The working side of the node, for one worker.
    ///
    /// - Parameter outlets: one for each of the node's outputs.
    /// - Throws: where what it needs cannot be had.
    func makeOperator(outlets: [Outlet], _ resources: RunResources) throws -> any Operator
}

extension StageKind {
    static func reads(input: Int, _ parameters: [String: String], _ models: ModelCache) throws -> Bool { true }
    static func isLossless(_ parameters: [String: String]) -> Bool { false }
    var kept: EdgeType? { nil }
    var modelFile: (digest: String, path: String)? { nil }
}

/// What a node is prepared against: the graph, the nodes above it and the models.
struct PreparationContext {
    let graph: Graph
    let models: ModelCache
    /// The nodes prepared so far, by index; those above a node are among them.
    private(set) var stages: [any StageKind] = []

    init(graph: Graph, models: ModelCache) {
        self.graph = graph
        self.models = models
    }

    mutating func append(_ stage: any StageKind) { stages.append(stage) }

    /// What is known of the rows that come in; empty where nothing does.
    ///
    /// - Parameter input: nil for the first that is connected.
    func facts(above node: Graph.Node, input: Int? = nil) -> StreamFacts {
        let edge = input.map { node.inputs[$0] } ?? node.inputs.lazy.compactMap { $0 }.first
        return edge.map { stages[$0.node].facts } ?? StreamFacts()
    }

    /// An error with the node's name and line.
    func error(_ node: Graph.Node, _ message: String) -> PipelineError { graph.error(node, message) }
}
