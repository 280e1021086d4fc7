/// What a stage kind promises to the graph: its inputs, outputs and parameters. The work itself is elsewhere.
package struct StageDefinition: Sendable {
    /// One input of a stage.
    package struct Input: Sendable {
        /// Edge types that it accepts.
        package let types: [EdgeType]
        /// Whether the stage works without it.
        package let isOptional: Bool
        /// True if an edge that is given but not read stays in the fingerprint, as it did when the input was mandatory.
        package let marksUnread: Bool
        /// True if the stage did not always have this input: where it is not connected, it leaves no mark in the
        /// fingerprint, which stays what it was before.
        package let isLater: Bool

        package init(
            _ types: [EdgeType], optional: Bool = false, marksUnread: Bool = false, isLater: Bool = false
        ) {
            self.types = types
            self.isOptional = optional
            self.marksUnread = marksUnread
            self.isLater = isLater
        }
    }

    /// One output, under the name that `from: STAGE.PORT` uses.
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
    /// The first is the one that `from: STAGE` refers to.
    package let outputs: [Output]
    /// Every parameter of the stage.
    package let parameters: [ParameterDefinition]
    /// True if the rows it leaves can be read back in place of its input or output.
    package let isReplayable: Bool
    /// True if the stage leaves something in the cache: a run exists for the sake of those stages.
    package let persists: Bool
    /// Key of an optional parameter; nil if there is none such. Where it is given, the stage also stores companion rows, one
    /// set per clip, which stages below read together with its output or with a cached copy of it.
    ///
    /// Its value changes neither the output nor the companion rows, only what the reading stages make of them. So it goes
    /// into the fingerprints of those alone, and everything in between stays valid if it is given or changed.
    package let companionKey: String?
    /// Whether the stage reads the companion rows of the stages above it. What it passes on no longer needs them.
    package let readsCompanions: Bool
    /// What goes into the fingerprint in place of the parameters' values, if it is not simply each of them.
    ///
    /// For stages that have gained parameters since caches were first made: settings that mean the same must be spelled
    /// the same. Throws if the values do not go together; the description is shown with the stage's name and line.
    package let identity: (@Sendable ([String: String]) throws -> [String])?

    package init(
        name: String, codeVersion: Int = 1, inputs: [Input], outputs: [Output],
        parameters: [ParameterDefinition] = [], persists: Bool = false, isReplayable: Bool = false,
        companionKey: String? = nil, readsCompanions: Bool = false,
        identity: (@Sendable ([String: String]) throws -> [String])? = nil
    ) {
        self.name = name
        self.codeVersion = codeVersion
        self.inputs = inputs
        self.outputs = outputs
        self.parameters = parameters
        self.persists = persists
        self.isReplayable = isReplayable
        self.companionKey = companionKey
        self.readsCompanions = readsCompanions
        self.identity = identity
    }
}
