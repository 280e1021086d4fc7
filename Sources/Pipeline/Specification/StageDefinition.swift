/// What a stage kind promises to the graph: its inputs, outputs and parameters. The work itself is elsewhere.
package struct StageDefinition: Sendable {
    /// One place where an edge comes in.
    package struct Input: Sendable {
        /// Edge types that it takes.
        package let types: [EdgeType]
        /// Whether a stage works without it.
        package let isOptional: Bool

        package init(_ types: [EdgeType], optional: Bool = false) {
            self.types = types
            self.isOptional = optional
        }
    }

    /// What comes out, under the name that `from: STAGE.PORT` uses.
    package struct Output: Sendable {
        package let port: String
        /// nil: the type of the first input.
        package let type: EdgeType?

        package init(_ port: String, _ type: EdgeType?) {
            self.port = port
            self.type = type
        }
    }

    package let name: String
    /// Raised whenever the stage's results change for the same parameters: it is part of the fingerprint.
    package let codeVersion: Int
    package let inputs: [Input]
    /// The first is the one that `from: STAGE` means.
    package let outputs: [Output]
    /// Every parameter that it has.
    package let parameters: [ParameterDefinition]
    /// True where the rows it leaves can be read back in place of its input or output.
    package let isReplayable: Bool
    /// True where the stage leaves something in the cache: those stages are what a run is for.
    package let persists: Bool
    /// What of the parameters' values goes into the fingerprint, where it is not simply each of them.
    ///
    /// For stages that have got parameters since caches were made: what means the same must be spelled the same. Throws
    /// where the values do not go together; the description is shown with the stage's name and line.
    package let identity: (@Sendable ([String: String]) throws -> [String])?

    package init(
        name: String, codeVersion: Int = 1, inputs: [Input], outputs: [Output],
        parameters: [ParameterDefinition] = [], persists: Bool = false, isReplayable: Bool = false,
        identity: (@Sendable ([String: String]) throws -> [String])? = nil
    ) {
        self.name = name
        self.codeVersion = codeVersion
        self.inputs = inputs
        self.outputs = outputs
        self.parameters = parameters
        self.persists = persists
        self.isReplayable = isReplayable
        self.identity = identity
    }
}
