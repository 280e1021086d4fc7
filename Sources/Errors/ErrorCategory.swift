/// Who can act on an error, and how. The program's exit status follows from this alone.
package enum ErrorCategory: String, Sendable, CaseIterable {
    /// What was typed makes no sense.
    case usage
    /// A file, a folder or a cache is not what was expected.
    case badInput
    /// The system refused to read or to write.
    case inputOutput
    /// Another process holds what is needed, or a host does not answer: trying later may work.
    case busy
    /// Memory, open files or space have run out: what was done so far is sound, and a later run goes on.
    case shortage
    /// Somebody asked to stop before the end.
    case interrupted
    /// The work reached its end, but not all of it could be done.
    case incomplete
    /// A fault of this program.
    case `internal`
}
