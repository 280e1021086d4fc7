/// One run of a pipeline.
package struct RunRecord: Sendable, Equatable {
    package let id: Int64
    package let pipeline: String
    /// Seconds since 1970.
    package let started: Double
    /// nil while it runs, or where it was killed.
    package let finished: Double?
    package let workers: Int64
    /// complete, interrupted, stopped by a fault; nil while it runs, or where it was killed.
    package let outcome: String?
    package let done: Int64
    package let failed: Int64
}
