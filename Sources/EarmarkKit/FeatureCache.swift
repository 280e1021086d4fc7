import Cache
import Ledger

/// A cache: the folder that runs leave their rows in, and the ledger that says what is done.
public struct FeatureCache: Sendable, Hashable {
    /// How the clips of a cache stand with one pipeline; done, failed and pending ones add up to all.
    public struct Counts: Sendable, Hashable {
        /// Clips of the list that was run last.
        public let clips: Int
        public let done: Int
        public let failed: Int
        public var pending: Int { clips - done - failed }
    }

    public let folder: String

    /// Opens nothing yet: the folder need not exist before a run.
    public init(folder: String) { self.folder = folder }

    var cacheFolder: CacheFolder { CacheFolder(folder: folder) }

    /// Whether a run has made it.
    public var exists: Bool { cacheFolder.exists }

    /// The names of the pipelines that were run on it, the last one first.
    ///
    /// - Throws: ``EarmarkKitError`` where there is no cache, or its ledger is damaged.
    public func pipelines() throws(EarmarkKitError) -> [String] {
        try EarmarkKitError.translating { try cacheFolder.reading().pipelines().map(\.name) }
    }

    /// How its clips stand, also while a run goes on.
    ///
    /// - Parameter pipeline: its name; nil for the one that ran last.
    /// - Throws: ``EarmarkKitError`` where there is no such pipeline or no cache, or its ledger is damaged.
    public func counts(pipeline: String? = nil) throws(EarmarkKitError) -> Counts {
        try EarmarkKitError.translating {
            let ledger = try cacheFolder.reading()
            return try ledger.consistently {
                let counts = try ledger.counts(for: PipelineChoice.find(ledger, name: pipeline))
                return Counts(clips: counts.clips, done: counts.done, failed: counts.failed)
            }
        }
    }

    /// The clips that stand as failed, in their order.
    ///
    /// - Parameter pipeline: its name; nil for the one that ran last.
    /// - Throws: ``EarmarkKitError`` where there is no such pipeline or no cache, or its ledger is damaged.
    public func failures(pipeline: String? = nil) throws(EarmarkKitError) -> [FailedClip] {
        try EarmarkKitError.translating {
            let ledger = try cacheFolder.reading()
            return try ledger.consistently {
                try FailureLine.all(ledger, pipeline: PipelineChoice.find(ledger, name: pipeline)).map(FailedClip.init)
            }
        }
    }

    /// What a pipeline has left in the cache, ready to be read.
    ///
    /// - Parameter pipeline: its name; nil for the one that ran last.
    /// - Throws: ``EarmarkKitError`` where there is no such pipeline or no cache, or its ledger is damaged.
    public func results(of pipeline: String? = nil) throws(EarmarkKitError) -> PipelineResults {
        try EarmarkKitError.translating { try PipelineResults(cacheFolder, pipeline: pipeline) }
    }
}
