import Foundation

/// How long a plan's work would take and how much disk space it needs, as far as can be estimated without doing it.
package struct WorkEstimate: Sendable, Equatable {
    /// What a speed is based on.
    package enum Basis: Sendable, Equatable {
        /// The number of earlier runs on the cache that did the same work.
        case runs(Int)
        /// A trial by one worker that stored nothing: the clips that it began, and the seconds that it took.
        case probe(clips: Int, seconds: Double)
    }

    /// Clips with work to do, by how their lengths are known: from when they were read before, estimated from similar
    /// files, or not at all.
    package struct Lengths: Sendable, Equatable {
        package var known = 0
        package var estimated = 0
        package var unknown = 0
    }

    /// Seconds of audio to be processed; nil if no length is known.
    package var audio: Double?
    package var lengths = Lengths()
    /// Seconds that the work would take; nil if no speed is known.
    package var seconds: Double?
    /// One for each kind of work whose speed is known.
    package var bases: [Basis] = []
    /// Number of workers that the estimate is for.
    package var workers: Int
    /// Bytes of the rows that would be written; nil if no length is known.
    package var bytes: Int64?
    /// Bytes free for this user on the cache's disk; nil if unknown.
    package var free: Int64?

    package init(workers: Int) { self.workers = workers }

    /// Seconds of audio processed per second; nil if unknown.
    package var speed: Double? {
        guard let audio, let seconds, seconds > 0 else { return nil }
        return audio / seconds
    }

    /// Whether the rows are known not to fit on the disk.
    package var isShortOfSpace: Bool {
        guard let bytes, let free else { return false }
        return bytes > free
    }
}
