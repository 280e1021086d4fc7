/// A pipeline that was run on this cache, as its last run had it.
package struct PipelineRecord: Sendable, Equatable {
    package let name: String
    /// Of the whole graph, in hexadecimal digits.
    package let fingerprint: String
    /// The stages a clip must have results of to be done.
    package let stages: [Int64]
    /// Where its specification was read.
    package let file: String
    /// Seconds since 1970.
    package let updated: Double
    /// The identities that failures of this pipeline can have, its fingerprint among them.
    package let targets: [String]
    /// Its stages and their parameters as JSON text; empty in rows of before these were kept.
    package let settings: String

    package init(
        name: String, fingerprint: String, stages: [Int64], file: String, updated: Double, targets: [String] = [],
        settings: String = ""
    ) {
        self.name = name
        self.fingerprint = fingerprint
        self.stages = stages
        self.file = file
        self.updated = updated
        // Failures were once kept under the whole pipeline's fingerprint.
        self.targets = targets.contains(fingerprint) ? targets : targets + [fingerprint]
        self.settings = settings
    }
}
