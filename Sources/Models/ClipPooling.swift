/// How a model's chunk scores become a clip's score, as the model was trained.
package enum ClipPooling: String, Sendable, CaseIterable {
    /// The mean over the clip's chunks.
    case mean
    /// The largest chunk score.
    case max
    /// A mean weighted by the softmax, over the clip's chunks, of a second output of each class (Kong et al., "Audio Set
    /// classification with attention model", ICASSP 2018).
    case attention
}
