import Errors
import Engines
import Features
import Pipeline

/// A kind of stage. Each value is one node of a pipeline, checked and ready to run.
///
/// Each kind is one file, with its definition, its preparation and its operator, and one line in `StageCatalog`. What a
/// node must know about the nodes above it is in their `facts`, so that no kind refers to another by name.
protocol StageKind: Sendable {
    static var definition: StageDefinition { get }

    /// Whether a node with these parameters reads an optional input.
    ///
    /// - Parameter given: for each input, whether the pipeline's file gives it.
    /// - Throws: an error if this depends on a model file that cannot be used.
    static func reads(
        input: Int, given: [Bool], _ parameters: [String: String], _ models: ModelCache
    ) throws -> Bool

    /// What to tell where an input that a node with these parameters reads is not given; nil for nothing.
    ///
    /// - Throws: an error if this depends on a model file that cannot be used.
    static func advice(_ parameters: [String: String], _ models: ModelCache) throws -> String?

    /// What parameters mean where that depends on a model file: marks by key, which become part of the fingerprint.
    ///
    /// - Throws: an error if the model file cannot be used.
    static func resolve(_ parameters: [String: String], _ models: ModelCache) throws -> [String: String]

    /// Whether the rows that a node with these parameters stores equal its input, bit for bit.
    static func isLossless(_ parameters: [String: String]) -> Bool

    /// Checks a node against its inputs, and creates what the operators of all workers share.
    ///
    /// - Throws: `PipelineError` with the node's line, what was found and what was expected; the engine's error for a
    ///   model file that cannot be used.
    static func prepare(_ node: Graph.Node, _ context: PreparationContext) throws -> Self

    /// What is known about the rows that it passes on or stores.
    var facts: StreamFacts { get }

    /// The type of the rows that it stores in the cache; nil if it stores none.
    var kept: EdgeType? { get }

    /// The model file that its results depend on, by SHA-256 and absolute path; nil if there is none.
    var modelFile: (digest: String, path: String)? { get }

    /// The precision of its model, as a model's description gives it; nil if it has none.
    var precision: String? { get }

    /// Creates the operator that does the node's work for one worker.
    ///
    /// - Parameter outlets: one for each of the node's outputs.
    /// - Throws: an error if something that it needs is not available.
    func makeOperator(outlets: [Outlet], _ resources: RunResources) throws -> any Operator
}

extension StageKind {
    static func reads(
        input: Int, given: [Bool], _ parameters: [String: String], _ models: ModelCache
    ) throws -> Bool { true }
    static func advice(_ parameters: [String: String], _ models: ModelCache) throws -> String? { nil }
    static func resolve(_ parameters: [String: String], _ models: ModelCache) throws -> [String: String] { [:] }
    static func isLossless(_ parameters: [String: String]) -> Bool { false }
    var kept: EdgeType? { nil }
    var modelFile: (digest: String, path: String)? { nil }
    var precision: String? { nil }
}

/// What a node is checked against and prepared with: the graph, the nodes above it and the models.
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

    /// What is known about a node's incoming rows; empty if the input is not connected.
    ///
    /// - Parameter input: index of the input; nil for the first one that is connected.
    func facts(above node: Graph.Node, input: Int? = nil) -> StreamFacts {
        let edge = input.map { node.inputs[$0] } ?? node.inputs.lazy.compactMap { $0 }.first
        return edge.map { stages[$0.node].facts } ?? StreamFacts()
    }

    /// An error with the node's name and line.
    func error(_ node: Graph.Node, _ message: String) -> PipelineError { graph.error(node, message) }
}
