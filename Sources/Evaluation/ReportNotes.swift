import Wording

extension SummaryReport {
    /// A note on the clips without chunk scores, which the hours above the thresholds leave out; nil if there are none.
    package var withoutChunkScores: String? {
        clipsWithoutChunkScores == 0
            ? nil
            : "the hours above the thresholds leave out \(counted(clipsWithoutChunkScores, "clip")): the pipeline keeps no "
                + "chunk scores of them, as a cache stage behind 'infer' would"
    }

    /// A note on the clips without a length, which the hours leave out; nil if there are none.
    package var withoutLength: String? {
        clipsWithoutLength == 0
            ? nil
            : "the hours leave out \(counted(clipsWithoutLength, "clip")): the version of Earmark that read them kept no lengths, "
                + "run the pipeline again"
    }

    /// A note on what was assumed about the ends of clips; nil if nothing was.
    package var silencedEnd: String? {
        clipsWithSilencedEnd == 0
            ? nil
            : "the last 20 ms of \(counted(clipsWithSilencedEnd, "clip")) are taken for silence: the cache was made with another "
                + "overlap, and keeps no samples to make those frames of"
    }
}
