/// What is subtracted from a log-mel patch before the network sees it.
package enum ModelNormalization: String, Sendable, CaseIterable {
    /// Nothing.
    case none
    /// The one mean over all frames and bands of the patch.
    case chunkMean = "chunk-mean"
    /// Each band's mean over the patch's frames.
    case bandMean = "band-mean"
}
