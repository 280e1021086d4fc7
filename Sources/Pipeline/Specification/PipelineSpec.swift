import Errors

/// A pipeline as it was written: names and text, nothing resolved yet.
package struct PipelineSpec: Sendable, Equatable {
    /// A value with the line it is on; nil for one given on the command line.
    package struct Value: Sendable, Equatable {
        package var text: String
        package var line: Int?

        package init(_ text: String, line: Int? = nil) {
            self.text = text
            self.line = line
        }
    }

    /// `STAGE` or `STAGE.PORT`.
    package struct Reference: Sendable, Equatable {
        package var stage: String
        /// Name of one of the stage's outputs; nil: the first.
        package var port: String?
        package var line: Int?
    }

    /// A stage as written in the file.
    package struct Stage: Sendable, Equatable {
        package var name: String
        /// Name of the stage's kind.
        package var uses: Value
        /// Where its inputs come from, in order.
        package var from: [Reference]
        /// By key, as written.
        package var parameters: [String: Value]
        package var line: Int?
    }

    package var name: String
    package var stages: [Stage]
    /// Settings for training on what the pipeline caches; a run ignores them.
    package var train: [String: Value]
    /// The file it came from, for messages and for paths relative to it.
    package var file: String

    package init(name: String, stages: [Stage], train: [String: Value] = [:], file: String) {
        self.name = name
        self.stages = stages
        self.train = train
        self.file = file
    }

    /// Replaces one parameter, as `--set stage.key=value` does.
    ///
    /// - Throws: `PipelineError` of kind usage if the text has another form or names no stage.
    package mutating func set(_ assignment: String) throws(PipelineError) {
        guard let equals = assignment.firstIndex(of: "="),
            let dot = assignment[..<equals].lastIndex(of: "."), dot != assignment.startIndex
        else { throw PipelineError(.usage, "--set \(assignment): expected stage.key=value") }
        let stageName = String(assignment[..<dot])
        let key = String(assignment[assignment.index(after: dot)..<equals])
        guard let index = stages.firstIndex(where: { $0.name == stageName }) else {
            let names = stages.map(\.name).joined(separator: ", ")
            throw PipelineError(.usage, "--set \(assignment): no stage '\(stageName)' in \(file), which has \(names)")
        }
        let value = Value(String(assignment[assignment.index(after: equals)...]))
        switch key {
        case "uses", "from":
            throw PipelineError(.usage, "--set \(assignment): only a stage's parameters can be set, not '\(key)'")
        default: stages[index].parameters[key] = value
        }
    }
}
