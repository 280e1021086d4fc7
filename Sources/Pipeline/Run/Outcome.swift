/// How a clip ended, as the committer records it.
package struct Outcome: Sendable {
    package let index: Int
    package let clip: Int64
    package let source: SourceFile?
    package let products: [Product]
    package let failure: ClipFailure?
    package let accepted: Accepted
    /// What was left out of inference in this run.
    package let skipped: SkippedAudio
    /// Seconds of audio that were processed.
    package let seconds: Double

    /// - Parameter failure: for a clip that could not report it itself; nil to use the job's own.
    package init(_ job: ClipJob, failure given: ClipFailure? = nil) {
        let failure = given ?? job.failure
        index = job.index
        clip = job.id
        source = job.source
        products = failure == nil ? job.products : []
        self.failure = failure
        accepted = failure == nil ? job.accepted : Accepted()
        skipped = failure == nil ? job.skippedAudio.values.reduce(into: SkippedAudio()) { $0 += $1 } : SkippedAudio()
        seconds = job.seconds
    }
}
