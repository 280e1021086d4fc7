import Foundation

/// How long the work of a plan would take and how much room it needs, as far as that can be told without doing it.
package struct WorkEstimate: Sendable, Equatable {
    /// What a speed was taken from.
    package enum Basis: Sendable, Equatable {
        /// Earlier runs on the cache that did the same with their clips.
        case runs(Int)
        /// A trial by one worker that kept nothing: clips that it began, and seconds that it took.
        case probe(clips: Int, seconds: Double)
    }

    /// Clips with work to do, by what is known of their lengths: read before, told by the headers of files like theirs, or
    /// nothing.
    package struct Lengths: Sendable, Equatable {
        package var known = 0
        package var estimated = 0
        package var unknown = 0
    }

    /// Seconds of audio that would go through; nil where no length is known.
    package var audio: Double?
    package var lengths = Lengths()
    /// How long it would take; nil where no speed is known.
    package var seconds: Double?
    /// One for each kind of work whose speed is known.
    package var bases: [Basis] = []
    /// That the speed is reckoned for.
    package var workers: Int
    /// Of the rows that would be written; nil where no length is known.
    package var bytes: Int64?
    /// Free on the cache's disk for this user; nil where that cannot be asked.
    package var free: Int64?

    package init(workers: Int) { self.workers = workers }

    /// Seconds of audio in a second.
    package var speed: Double? {
        guard let audio, let seconds, seconds > 0 else { return nil }
        return audio / seconds
    }

    /// Whether the rows would not fit on the disk.
    package var isShortOfSpace: Bool {
        guard let bytes, let free else { return false }
        return bytes > free
    }
}
