/// A kind of work in a run, for a table of where the time goes.
package enum Work: String, Sendable, CaseIterable {
    // The stages, each by its name in a pipeline.
    case decode, resample, chunk
    case logMel = "log-mel"
    case infer, aggregate
    case cache
    /// The network's forward pass, which `infer` prepares.
    case forward
    /// Digests of files and of rows, where a file is read for it included.
    case hashing
    case ledger
    /// Loading the manifest and the model, planning, and what is done once at the end.
    case run
    /// What a thread does between the others.
    case other
}
