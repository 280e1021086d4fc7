/// The resampling algorithms, by the names that pipelines use.
package enum Converter: String, CaseIterable, Sendable {
    /// libsamplerate's, best to fastest.
    case sincBest = "sinc-best"
    case sincMedium = "sinc-medium"
    case sincFastest = "sinc-fastest"
    case linear
    /// libsoxr's, with 20 and 28 bits of precision.
    case soxrHQ = "soxr-hq"
    case soxrVHQ = "soxr-vhq"
}
