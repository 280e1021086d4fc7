/// A pipeline as it was last run on this cache.
package struct PipelineRecord: Sendable, Equatable {
    package let name: String
    /// Fingerprint of the whole graph, in hexadecimal digits.
    package let fingerprint: String
    /// Ids of the stages that a clip must have results from to count as done.
    package let stages: [Int64]
    /// Path of the file that its specification was read from.
    package let file: String
    /// When its last run began, in seconds since 1970.
    package let updated: Double
    /// The identities that this pipeline's failures can have, including its fingerprint.
    package let targets: [String]
    /// Its stages and their parameters as JSON text; empty in rows from before this was recorded.
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
        // Earlier versions recorded failures under the whole pipeline's fingerprint.
        self.targets = targets.contains(fingerprint) ? targets : targets + [fingerprint]
        self.settings = settings
    }
}
