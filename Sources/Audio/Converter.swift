/// The resampling algorithms, by the names a pipeline uses.
package enum Converter: String, CaseIterable, Sendable {
    /// libsamplerate, best to fastest.
    case sincBest = "sinc-best"
    case sincMedium = "sinc-medium"
    case sincFastest = "sinc-fastest"
    case linear
    /// libsoxr at 20 and 28 bits of precision.
    case soxrHQ = "soxr-hq"
    case soxrVHQ = "soxr-vhq"
}
