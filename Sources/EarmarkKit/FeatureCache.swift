import Cache
import Ledger

/// A cache: the folder in which runs store their rows, and the ledger that records what is done.
public struct FeatureCache: Sendable, Hashable {
    /// The state of a cache's clips for one pipeline: `done`, `failed` and `pending` add up to `clips`.
    public struct Counts: Sendable, Hashable {
        /// The number of clips in the list of the last run.
        public let clips: Int
        public let done: Int
        public let failed: Int
        public var pending: Int { clips - done - failed }
    }

    public let folder: String

    /// Creates a reference to a cache without opening it: the folder need not exist before a run.
    public init(folder: String) { self.folder = folder }

    var cacheFolder: CacheFolder { CacheFolder(folder: folder) }

    /// Whether a run has created the cache.
    public var exists: Bool { cacheFolder.exists }

    /// The names of the pipelines that have run on the cache, the most recent one first.
    ///
    /// - Throws: ``EarmarkKitError`` if there is no cache or its ledger is damaged.
    public func pipelines() throws(EarmarkKitError) -> [String] {
        try EarmarkKitError.translating { try cacheFolder.reading().pipelines().map(\.name) }
    }

    /// Counts the clips by state, even while a run is in progress.
    ///
    /// - Parameter pipeline: the pipeline's name; nil for the one that ran last.
    /// - Throws: ``EarmarkKitError`` if there is no such pipeline or no cache, or if its ledger is damaged.
    public func counts(pipeline: String? = nil) throws(EarmarkKitError) -> Counts {
        try EarmarkKitError.translating {
            let ledger = try cacheFolder.reading()
            return try ledger.consistently {
                let counts = try ledger.counts(for: PipelineChoice.find(ledger, name: pipeline))
                return Counts(clips: counts.clips, done: counts.done, failed: counts.failed)
            }
        }
    }

    /// Returns the clips recorded as failed, in the order of the clips.
    ///
    /// - Parameter pipeline: the pipeline's name; nil for the one that ran last.
    /// - Throws: ``EarmarkKitError`` if there is no such pipeline or no cache, or if its ledger is damaged.
    public func failures(pipeline: String? = nil) throws(EarmarkKitError) -> [FailedClip] {
        try EarmarkKitError.translating {
            let ledger = try cacheFolder.reading()
            return try ledger.consistently {
                try FailureLine.all(ledger, pipeline: PipelineChoice.find(ledger, name: pipeline)).map(FailedClip.init)
            }
        }
    }

    /// Opens a pipeline's results for reading.
    ///
    /// - Parameter pipeline: the pipeline's name; nil for the one that ran last.
    /// - Throws: ``EarmarkKitError`` if there is no such pipeline or no cache, or if its ledger is damaged.
    public func results(of pipeline: String? = nil) throws(EarmarkKitError) -> PipelineResults {
        try EarmarkKitError.translating { try PipelineResults(cacheFolder, pipeline: pipeline) }
    }
}
