/// What a wave encoder does to the samples of each chunk before its first layer.
package enum WaveScale: String, Sendable, Codable, CaseIterable {
    /// Nothing: the samples are in [-1, 1], and a quiet recording stays quiet.
    case none
    /// Divides them by their root mean square, which is taken for -60 dBFS (`floor`) where it is less.
    case rms

    /// The root mean square below which samples are not raised further: what is near silence is left near silence.
    package static let floor = 1e-3
}
