import CSndfile
import Foundation

/// Files of integer samples, written past the module's own writer, which takes floats only.
enum IntegerFile {
    enum Format: String, CaseIterable {
        case flac16, flac24, aiff16, aiff24, w64, rf64, wavExtensible24

        var code: Int32 {
            let value: Int =
                switch self {
                case .flac16: SF_FORMAT_FLAC | SF_FORMAT_PCM_16
                case .flac24: SF_FORMAT_FLAC | SF_FORMAT_PCM_24
                case .aiff16: SF_FORMAT_AIFF | SF_FORMAT_PCM_16
                case .aiff24: SF_FORMAT_AIFF | SF_FORMAT_PCM_24
                case .w64: SF_FORMAT_W64 | SF_FORMAT_PCM_16
                case .rf64: SF_FORMAT_RF64 | SF_FORMAT_PCM_16
                case .wavExtensible24: SF_FORMAT_WAVEX | SF_FORMAT_PCM_24
                }
            return Int32(value)
        }

        var bits: Int { [.flac24, .aiff24, .wavExtensible24].contains(self) ? 24 : 16 }
    }

    struct Refused: Error {}

    /// - Parameter samples: interleaved, as 32-bit integers whose highest `bits` bits are kept.
    static func write(_ path: String, _ format: Format, channels: Int, rate: Int = 16000, _ samples: [Int32]) throws {
        var info = SF_INFO()
        info.samplerate = Int32(rate)
        info.channels = Int32(channels)
        info.format = format.code
        guard let handle = sf_open(path, Int32(SFM_WRITE), &info) else { throw Refused() }
        defer { sf_close(handle) }
        guard sf_write_int(handle, samples, sf_count_t(samples.count)) == samples.count else { throw Refused() }
    }
}
