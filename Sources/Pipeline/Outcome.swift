/// How a clip ended, as the committer records it.
package struct Outcome: Sendable {
    package let index: Int
    package let clip: Int64
    package let source: SourceFile?
    package let products: [Product]
    package let failure: ClipFailure?
    /// Seconds of audio that went through.
    package let seconds: Double

    package init(_ job: ClipJob) {
        index = job.index
        clip = job.id
        source = job.source
        products = job.failure == nil ? job.products : []
        failure = job.failure
        seconds = job.seconds
    }
}
