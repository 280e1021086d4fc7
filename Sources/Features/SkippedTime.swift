/// Adds up how many of a clip's chunks are skipped, and how much of the clip no other chunk covers.
package struct SkippedTime: Sendable {
    private let hop: Int
    private let length: Int
    private var place = 0
    /// The sample up to which the clip is covered by chunks that are not skipped, or is counted as skipped.
    private var reached = 0
    /// Chunks that are skipped.
    package private(set) var chunks = 0
    /// Samples that only skipped chunks cover.
    package private(set) var samples = 0

    /// - Parameters:
    ///   - hop: samples from the start of a chunk to the start of the next.
    ///   - length: samples in a chunk.
    package init(hop: Int, length: Int) {
        self.hop = hop
        self.length = length
    }

    /// Takes the next chunk.
    package mutating func add(isSkipped: Bool) {
        let start = place * hop
        place += 1
        guard !isSkipped else { return chunks += 1 }
        samples += max(0, start - reached)
        reached = start + length
    }

    /// Ends the clip.
    ///
    /// - Parameter total: its samples without padding; nil if not known, and then its last chunk counts whole.
    package mutating func finish(samples total: Int?) {
        let total = total ?? (place - 1) * hop + length
        samples += max(0, total - reached)
        reached = max(reached, total)
    }
}
