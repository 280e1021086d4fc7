/// Which of a clip's chunks are skipped: one bit per chunk, so that ten hours in steps of half a second take 9 kB.
package struct ChunkMask: Sendable, Equatable {
    private var words: [UInt64] = []
    /// Chunks that are decided so far, from the clip's start.
    package private(set) var count = 0

    package init() {}

    /// Whether a chunk is skipped; nil if that is not decided yet.
    package subscript(chunk: Int) -> Bool? {
        chunk < count ? words[chunk / 64] & 1 << UInt64(chunk % 64) != 0 : nil
    }

    /// Decides about a chunk: the next one, or one that is decided already, in the same way.
    package mutating func set(_ chunk: Int, to isSkipped: Bool) {
        precondition(chunk <= count, "chunks are decided in order")
        if chunk / 64 == words.count { words.append(0) }
        if isSkipped { words[chunk / 64] |= 1 << UInt64(chunk % 64) }
        count = max(count, chunk + 1)
    }
}

/// Chunks that no model heard, because they are below the level of `skip-below`.
package struct SkippedAudio: Sendable, Equatable {
    package var chunks: Int
    /// Seconds of audio that only such chunks cover.
    package var seconds: Double

    package init(chunks: Int = 0, seconds: Double = 0) {
        self.chunks = chunks
        self.seconds = seconds
    }

    package static func += (sum: inout SkippedAudio, other: SkippedAudio) {
        sum.chunks += other.chunks
        sum.seconds += other.seconds
    }
}
