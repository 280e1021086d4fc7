/// Which chunks a clip has. Chunk i begins at sample i * hop; the last is the first that reaches the clip's end.
///
/// With a hop that is a whole number of frames every chunk is a view of the clip's frames and samples, so that overlap
/// costs nothing to compute or to keep.
package struct ChunkPlan: Sendable, Hashable {
    /// An overlap whose hop no frame begins on.
    package struct Misfit: Error, CustomStringConvertible {
        package let description: String
    }

    package let frontEnd: FrontEnd
    /// Samples from one chunk to the next.
    package let hop: Int

    /// - Parameter overlap: share of a chunk that the next one repeats, 0 to below 1.
    /// - Throws: `Misfit` where the hop would not be a multiple of the frame hop.
    package init(frontEnd: FrontEnd, overlap: Double) throws(Misfit) {
        let exact = Double(frontEnd.chunk) * (1 - overlap)
        // An overlap out of range, NaN among them, may give a hop that is no integer.
        let hop = overlap >= 0 && overlap < 1 ? Int(exact.rounded()) : 0
        guard hop > 0, hop % frontEnd.hop == 0, abs(exact - Double(hop)) < 1e-6 * Double(frontEnd.chunk)
        else {
            let step = Double(frontEnd.hop) * 1000 / Double(frontEnd.rate)
            throw Misfit(
                description: "an overlap of \(overlap) gives a hop of \(exact * 1000 / Double(frontEnd.rate)) ms, "
                    + "expected a multiple of \(step) ms")
        }
        self.frontEnd = frontEnd
        self.hop = hop
    }

    /// Chunks of a clip with so many samples, at least one.
    package func count(samples: Int) -> Int {
        samples <= frontEnd.chunk ? 1 : (samples - frontEnd.chunk + hop - 1) / hop + 1
    }

    /// Samples up to the end of the last chunk.
    package func paddedLength(samples: Int) -> Int { (count(samples: samples) - 1) * hop + frontEnd.chunk }

    /// Frames from the start up to the last one that a chunk's patch has and that has some of the clip's samples in it.
    package func soundingFrames(samples: Int) -> Int {
        let used = (count(samples: samples) - 1) * hop / frontEnd.hop + frontEnd.patchFrames
        return min(used, (samples + frontEnd.hop - 1) / frontEnd.hop)
    }

    /// Frames of the padded clip.
    package func frameCount(samples: Int) -> Int {
        (paddedLength(samples: samples) - frontEnd.window) / frontEnd.hop + 1
    }
}
