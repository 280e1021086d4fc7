/// A pipeline that was run on this cache, as its last run had it.
package struct PipelineRecord: Sendable, Equatable {
    package let name: String
    package let fingerprint: String
    /// The stages a clip must have results of to be done.
    package let stages: [Int64]
    /// Where its specification was read.
    package let file: String
    /// Seconds since 1970.
    package let updated: Double

    package init(name: String, fingerprint: String, stages: [Int64], file: String, updated: Double) {
        self.name = name
        self.fingerprint = fingerprint
        self.stages = stages
        self.file = file
        self.updated = updated
    }
}
