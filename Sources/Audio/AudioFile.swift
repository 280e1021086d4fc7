import CSndfile
import Foundation

/// An audio file being read: mono samples, the mean over the channels, in blocks.
///
/// Reads WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF and what else libsndfile knows, at any rate; integers of any width
/// come out in [-1, 1).
package final class AudioFile {
    /// Frames that are decoded at a time where channels have to be mixed.
    private static let mixFrames = 8192

    package let path: String
    /// Sample frames per second.
    package let rate: Int
    package let channels: Int
    /// Frames that the decoder expects; may be unknown for streams.
    package let declaredFrames: Int64
    private let handle: OpaquePointer
    private let truncation: Truncation
    private let nonFinite: NonFinite
    private let mix: UnsafeMutableBufferPointer<Float>
    private var framesRead: Int64 = 0
    private var finiteFrames: Int64 = 0

    /// - Parameter bytes: the path's bytes, for names that are not UTF-8; nil: the text's own.
    /// - Throws: `AudioError` where the file is missing, no regular file, no audio, cut short or of zero samples.
    package init(
        path: String, bytes: [UInt8]? = nil, truncation: Truncation = .fail, nonFinite: NonFinite = .fail
    ) throws(AudioError) {
        let raw = (bytes ?? Array(path.utf8)).map(CChar.init(bitPattern:)) + [0]
        try Self.checkKind(raw, path)
        var info = SF_INFO()
        guard let handle = sf_open(raw, Int32(SFM_READ), &info) else {
            let reason = String(cString: sf_strerror(nil)).trimmingCharacters(in: .whitespacesAndNewlines)
            var error = AudioError(.unsupported, path: path, "no audio that can be read: \(reason)")
            if sf_error(nil) == SF_ERR_SYSTEM {
                error.systemCode = AudioError.shortages.first { reason.contains(String(cString: strerror($0))) }
            }
            throw error
        }
        self.handle = handle
        self.path = path
        self.truncation = truncation
        self.nonFinite = nonFinite
        rate = Int(info.samplerate)
        channels = Int(info.channels)
        declaredFrames = info.frames
        mix = .allocate(capacity: info.channels > 1 ? Self.mixFrames * Int(info.channels) : 1)
        guard rate >= 100, rate <= 10_000_000, channels >= 1, channels <= 1024 else {
            throw AudioError(.invalid, path: path, "found \(rate) Hz and \(channels) channels")
        }
        guard declaredFrames != 0 else { throw AudioError(.empty, path: path, "it has no samples") }
        if truncation == .fail, let found = Self.cut(raw, handle) {
            throw AudioError(.truncated, path: path, found)
        }
    }

    deinit {
        sf_close(handle)
        mix.deallocate()
    }

    /// The next samples; 0 at the end.
    ///
    /// - Throws: `AudioError` with the frame where decoding fails, a sample is not finite or the file ends too soon.
    package func read(into buffer: UnsafeMutableBufferPointer<Float>) throws(AudioError) -> Int {
        var count = 0
        if channels == 1 {
            count = Int(sf_readf_float(handle, buffer.baseAddress, sf_count_t(buffer.count)))
        } else {
            while count < buffer.count {
                let wanted = min(Self.mixFrames, buffer.count - count)
                let got = Int(sf_readf_float(handle, mix.baseAddress, sf_count_t(wanted)))
                if got <= 0 { break }
                mean(got, into: UnsafeMutableBufferPointer(rebasing: buffer[count..<count + got]))
                count += got
            }
        }
        if count <= 0 {
            try end()
            return 0
        }
        try check(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        framesRead += Int64(count)
        return count
    }

    private func mean(_ frames: Int, into out: UnsafeMutableBufferPointer<Float>) {
        let scale = 1 / Float(channels)
        for frame in 0..<frames {
            var sum: Float = 0
            for channel in 0..<channels { sum += mix[frame * channels + channel] }
            out[frame] = sum * scale
        }
    }

    private func check(_ samples: UnsafeMutableBufferPointer<Float>) throws(AudioError) {
        // x - x is 0 for every finite x and NaN else; the sum stays 0 exactly when all are finite.
        var odd = SIMD8<Float>.zero
        var index = 0
        while index + 8 <= samples.count {
            let values = UnsafeRawPointer(samples.baseAddress! + index).loadUnaligned(as: SIMD8<Float>.self)
            odd += values - values
            index += 8
        }
        var isOdd = odd != .zero
        while index < samples.count {
            isOdd = isOdd || !samples[index].isFinite
            index += 1
        }
        guard isOdd else {
            finiteFrames += Int64(samples.count)
            return
        }
        for place in samples.indices {
            if samples[place].isFinite {
                finiteFrames += 1
            } else if nonFinite == .fail {
                let frame = framesRead + Int64(place)
                throw AudioError(
                    .invalid, path: path, "found \(samples[place]) at frame \(frame), expected finite samples",
                    offset: frame)
            } else {
                samples[place] = 0
            }
        }
    }

    private func end() throws(AudioError) {
        let code = sf_error(handle)
        if truncation == .fail, code != SF_ERR_NO_ERROR {
            throw AudioError(
                .truncated, path: path,
                "decoding stopped at frame \(framesRead): \(String(cString: sf_error_number(code)))",
                offset: framesRead)
        }
        if framesRead == 0 { throw AudioError(.empty, path: path, "it has no samples") }
        if finiteFrames == 0 { throw AudioError(.invalid, path: path, "it has no finite sample") }
        let isKnown = declaredFrames > 0 && declaredFrames < Int64.max / 2
        if truncation == .fail, isKnown, framesRead < declaredFrames {
            throw AudioError(
                .truncated, path: path, "ends at frame \(framesRead), its header says \(declaredFrames)",
                offset: framesRead)
        }
    }

    private static func checkKind(_ raw: [CChar], _ path: String) throws(AudioError) {
        var status = stat()
        guard stat(raw, &status) == 0 else {
            throw AudioError(
                .unreadable, path: path, errno == ENOENT ? "no such file" : String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw AudioError(.unreadable, path: path, isFolder ? "it is a folder, not a file" : "no regular file")
        }
        guard access(raw, R_OK) == 0 else {
            throw AudioError(.unreadable, path: path, String(cString: strerror(errno)))
        }
        guard status.st_size > 0 else { throw AudioError(.empty, path: path, "the file is empty") }
    }

    /// How a file is cut short, where that can be told from its bytes: libsndfile itself clamps a length in silence.
    private static func cut(_ raw: [CChar], _ handle: OpaquePointer) -> String? {
        if let found = ContainerCheck.shortfall(raw) { return found }
        var log = [CChar](repeating: 0, count: 16_384)
        let length = sf_command(handle, Int32(SFC_GET_LOG_INFO), &log, Int32(log.count))
        let text = String(decoding: log.prefix(max(0, Int(length))).map(UInt8.init(bitPattern:)), as: UTF8.self)
        for line in text.split(separator: "\n") where line.contains("data") && line.contains("(should be") {
            return "cut short: " + line.trimmingCharacters(in: .whitespaces)
        }
        return nil
    }
}

/// Writes a whole clip of interleaved samples to a file.
package enum AudioWriter {
    package enum Format: String, Sendable, CaseIterable {
        case wav16, wavFloat, wav24, wav32, wavU8, flac, ogg, opus, mp3, aiff, w64, rf64

        fileprivate var code: Int32 {
            let value: Int =
                switch self {
                case .wav16: SF_FORMAT_WAV | SF_FORMAT_PCM_16
                case .wavFloat: SF_FORMAT_WAV | SF_FORMAT_FLOAT
                case .wav24: SF_FORMAT_WAV | SF_FORMAT_PCM_24
                case .wav32: SF_FORMAT_WAV | SF_FORMAT_PCM_32
                case .wavU8: SF_FORMAT_WAV | SF_FORMAT_PCM_U8
                case .flac: SF_FORMAT_FLAC | SF_FORMAT_PCM_16
                case .ogg: SF_FORMAT_OGG | SF_FORMAT_VORBIS
                case .opus: SF_FORMAT_OGG | SF_FORMAT_OPUS
                case .mp3: SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III
                case .aiff: SF_FORMAT_AIFF | SF_FORMAT_PCM_16
                case .w64: SF_FORMAT_W64 | SF_FORMAT_PCM_16
                case .rf64: SF_FORMAT_RF64 | SF_FORMAT_PCM_16
                }
            return Int32(value)
        }
    }

    /// - Parameter samples: interleaved, in [-1, 1]; beyond that they are clipped in integer formats.
    /// - Throws: `AudioError` where the file cannot be written or the format does not take the rate or the channels.
    package static func write(
        _ path: String, rate: Int, channels: Int, format: Format = .wav16, samples: [Float]
    ) throws(AudioError) {
        var info = SF_INFO()
        info.samplerate = Int32(rate)
        info.channels = Int32(channels)
        info.format = format.code
        guard let handle = sf_open(path, Int32(SFM_WRITE), &info) else {
            throw AudioError(.unreadable, path: path, "cannot write: \(String(cString: sf_strerror(nil)))")
        }
        sf_command(handle, Int32(SFC_SET_CLIPPING), nil, 1)
        let frames = sf_count_t(samples.count / channels)
        var done: sf_count_t = 0
        // Vorbis encodes a block on the stack: long blocks would overflow it.
        while done < frames {
            let count = min(frames - done, 4096)
            let put = samples.withUnsafeBufferPointer {
                sf_writef_float(handle, $0.baseAddress! + Int(done) * channels, count)
            }
            guard put == count else {
                sf_close(handle)
                throw AudioError(.unreadable, path: path, "cannot write frame \(done + put)")
            }
            done += count
        }
        sf_close(handle)
    }
}
