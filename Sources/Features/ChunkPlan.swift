import Errors

/// The chunks of a clip. Chunk i begins at sample i * hop; the last one is the first that reaches the clip's end.
///
/// The hop is a whole number of samples, and of frames where there are frames, so every chunk is a view of the clip's
/// frames and samples, and overlap costs neither computation nor storage.
package struct ChunkPlan: Sendable, Hashable {
    /// An overlap whose hop is not a whole number of samples or frames, or a front-end that does not fit the chunks.
    package struct Misfit: EarmarkError {
        package let message: String
        package var category: ErrorCategory { .badInput }
        /// The code that read the settings knows their location.
        package var place: ErrorPlace? { nil }
    }

    package let frontEnd: FrontEnd
    /// The number of samples from one chunk to the next.
    package let hop: Int
    /// The length in samples to which a clip of one chunk is padded: that of the chunk, or more if its patch reaches
    /// beyond it.
    package let span: Int

    /// - Parameters:
    ///   - overlap: the share of a chunk that the next one repeats, 0 to below 1.
    ///   - step: what the hop is a multiple of, in samples: by default the frame hop. Chunks of which only samples are
    ///     read need 1; `serving` checks those of which frames are read after all.
    /// - Throws: `Misfit` if the hop would not be such a multiple.
    package init(frontEnd: FrontEnd, overlap: Double, step: Int? = nil) throws(Misfit) {
        let step = step ?? frontEnd.hop
        let exact = Double(frontEnd.chunk) * (1 - overlap)
        // The hop of an overlap that is out of range or NaN may not fit into an integer.
        let hop = overlap >= 0 && overlap < 1 ? Int(exact.rounded()) : 0
        guard hop > 0, hop % step == 0, abs(exact - Double(hop)) < 1e-6 * Double(frontEnd.chunk)
        else {
            let milliseconds = 1000 / Double(frontEnd.rate)
            let wanted = step == 1 ? "a whole number of samples" : "a multiple of \(Double(step) * milliseconds) ms"
            throw Misfit(
                message: "an overlap of \(overlap) gives a hop of \(exact * milliseconds) ms, expected \(wanted)")
        }
        self.frontEnd = frontEnd
        self.hop = hop
        span = frontEnd.span
    }

    private init(frontEnd: FrontEnd, hop: Int, span: Int) {
        self.frontEnd = frontEnd
        self.hop = hop
        self.span = span
    }

    /// Returns the same chunks as seen through the frames of another front-end.
    ///
    /// - Throws: `Misfit` if its frames do not fit the chunks.
    package func serving(_ other: FrontEnd) throws(Misfit) -> ChunkPlan {
        guard other.rate == frontEnd.rate else {
            throw Misfit(message: "made for \(other.rate) Hz, but the chunks are at \(frontEnd.rate) Hz")
        }
        guard other.chunk == frontEnd.chunk else {
            throw Misfit(
                message: "made for chunks of \(other.chunk) samples, but here they have \(frontEnd.chunk)")
        }
        guard hop % other.hop == 0 else {
            throw Misfit(
                message:
                    "a chunk begins every \(hop) samples, expected a multiple of the \(other.hop) from frame to "
                    + "frame")
        }
        guard other.span <= span else {
            throw Misfit(
                message: "a patch of \(other.patchFrames) frames takes \(other.span) samples, but a lone chunk has "
                    + "\(span)")
        }
        return ChunkPlan(frontEnd: other, hop: hop, span: span)
    }

    /// Returns the number of chunks in a clip of this many samples, at least one.
    package func count(samples: Int) -> Int {
        samples <= frontEnd.chunk ? 1 : (samples - frontEnd.chunk + hop - 1) / hop + 1
    }

    /// Returns the number of samples up to the end of the last chunk.
    package func paddedLength(samples: Int) -> Int { (count(samples: samples) - 1) * hop + span }

    /// Returns the number of frames from the start up to the last frame that belongs to a chunk's patch and contains
    /// samples of the clip.
    package func soundingFrames(samples: Int) -> Int {
        let used = (count(samples: samples) - 1) * hop / frontEnd.hop + frontEnd.patchFrames
        return min(used, (samples + frontEnd.lead + frontEnd.hop - 1) / frontEnd.hop)
    }

    /// Returns the number of frames in the padded clip.
    package func frameCount(samples: Int) -> Int { frontEnd.frames(samples: paddedLength(samples: samples)) }

    /// The number of frames in a lone chunk; its patch is the first of them.
    package var chunkFrames: Int { frontEnd.frames(samples: span) }
}
