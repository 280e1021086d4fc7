import Cache
import Results

/// The cache, events and reviewer of a review.
package struct ReviewSettings: Sendable {
    package let cache: CacheFolder
    /// The name of the pipeline whose events are judged; nil for the most recently run one that keeps chunk scores.
    package var pipeline: String?
    /// The request that selects the events to find.
    package var request: SelectionRequest
    /// A table of events to judge instead of those that are found, in the form of `EventFile`; nil for those that are found.
    package var events: String?
    /// The gap in seconds, as in `EventRule`; so is `least`.
    package var gap = 0.0
    package var least = 0.0
    /// The reviewer's name, unless the page gives another.
    package var reviewer: String

    /// The number of the generation before the first one that this process finds. It differs from start to start, unless a
    /// test needs to know it; far below 1e9, the most that a request may name.
    package var generationsBefore = 0

    package init(cache: CacheFolder, request: SelectionRequest, reviewer: String) {
        self.cache = cache
        self.request = request
        self.reviewer = reviewer
    }
}
