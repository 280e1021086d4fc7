import Errors

/// An error in a pipeline's specification or in a command's settings.
package struct PipelineError: EarmarkError {
    /// Whether the cause is what the user typed, what a file holds, or a state that another run gets past.
    package let category: ErrorCategory
    /// The file, if the error is in one.
    package let file: String?
    /// 1-based line in `file`, where known.
    package let line: Int?
    /// The stage that has the error, if it belongs to one.
    package let stage: String?
    package let message: String

    package init(
        _ category: ErrorCategory = .badInput, file: String? = nil, line: Int? = nil, stage: String? = nil,
        _ message: String
    ) {
        self.category = category
        self.file = file
        self.line = line
        self.stage = stage
        self.message = message
    }

    package var place: ErrorPlace? {
        file == nil && stage == nil ? nil : ErrorPlace(file, line: line, part: stage.map { .stage($0) })
    }
}
