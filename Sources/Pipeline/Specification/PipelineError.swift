/// A fault in a pipeline's specification or in a command's settings.
package struct PipelineError: Error, CustomStringConvertible, Sendable {
    /// Where a fault belongs: what the user typed, what a file holds, or a state that another run gets past.
    package enum Kind: Sendable { case usage, input, busy }

    package let kind: Kind
    /// The file, if the fault is in one.
    package let file: String?
    /// 1-based line in `file`, where known.
    package let line: Int?
    package let message: String

    package init(_ kind: Kind = .input, file: String? = nil, line: Int? = nil, _ message: String) {
        self.kind = kind
        self.file = file
        self.line = line
        self.message = message
    }

    package var description: String {
        switch (file, line) {
        case (let file?, let line?): "\(file):\(line): \(message)"
        case (let file?, nil): "\(file): \(message)"
        default: message
        }
    }
}
