import Errors

/// The format in which a short sound is sent to a browser; Chromium and Firefox play all of them.
package enum SoundEncoding: String, Sendable, CaseIterable {
    /// 16 bits, uncompressed.
    case wav
    /// 16 bits, lossless.
    case flac
    /// Ogg Opus at about 40 kbit/s: one channel, 48 kHz.
    case opus

    /// The MIME type.
    package var mediaType: String {
        switch self {
        case .wav: "audio/wav"
        case .flac: "audio/flac"
        case .opus: "audio/ogg; codecs=opus"
        }
    }

    /// The file name extension, without the dot.
    package var ending: String { rawValue }
}

/// Encodes a short sound in memory.
package enum SoundEncoder {
    /// The only rate at which Opus does not resample again, in samples per second.
    package static let opusRate = 48_000
    /// The compression level that gives 40 kbit/s. In libsndfile, level 1 is 6 kbit/s, and level 0 is 250 kbit/s more
    /// per channel.
    private static let opusCompression = 1 - (40_000.0 - 6_000) / 250_000
    /// The number of frames passed to libsndfile at a time.
    private static let block = 4096

    /// - Parameters:
    ///   - samples: interleaved, whole frames; full scale is 1. For WAV and FLAC, they are rounded to 16 bits, ties to
    ///     even.
    ///   - rate: samples per second; `opusRate` for Opus.
    ///   - channels: 1 for Opus.
    /// - Returns: the file's bytes, and the number of samples beyond full scale, which were clipped to it.
    /// - Throws: `AudioError` if the format does not support the rate or the number of channels.
    package static func encode(
        _ samples: [Double], rate: Int, channels: Int, as encoding: SoundEncoding
    ) throws(AudioError) -> (bytes: [UInt8], clipped: Int64) {
        switch encoding {
        case .wav: try lossless(samples, rate, channels, .wav)
        case .flac: try lossless(samples, rate, channels, .flac)
        case .opus: try opus(samples, rate, channels)
        }
    }

    private static func lossless(
        _ samples: [Double], _ rate: Int, _ channels: Int, _ container: CutFile.Container
    ) throws(AudioError) -> (bytes: [UInt8], clipped: Int64) {
        let sink = FileSink()
        do throws(CutFile.Failure) {
            let file = try CutFile(
                sink, container: container, rate: rate, channels: channels, frames: Int64(samples.count / channels),
                own: .int16)
            try samples.withUnsafeBufferPointer { buffer throws(CutFile.Failure) in try file.write(buffer) }
            try file.finish()
            return (sink.bytes, file.clipped)
        } catch {
            throw refused(rate, channels, container.rawValue, reason(error))
        }
    }

    private static func reason(_ failure: CutFile.Failure) -> String {
        switch failure {
        case .refused(let reason): reason
        case .system(let code): "error \(code)"
        }
    }

    private static func opus(
        _ samples: [Double], _ rate: Int, _ channels: Int
    ) throws(AudioError) -> (bytes: [UInt8], clipped: Int64) {
        let sink = FileSink()
        let file: Sndfile
        do throws(Sndfile.Refusal) {
            file = try Sndfile(writing: sink, rate: rate, channels: channels, code: Sndfile.oggOpus)
        } catch {
            throw refused(rate, channels, "opus", error.reason)
        }
        guard file.compress(opusCompression) else { throw refused(rate, channels, "opus", "bit rate not accepted") }
        var clipped: Int64 = 0
        var floats: [Float] = []
        floats.reserveCapacity(samples.count)
        for sample in samples {
            // NaN samples become silence.
            let value = sample.isNaN ? 0 : min(max(sample, -1), 1)
            if value != sample, !sample.isNaN { clipped += 1 }
            floats.append(Float(value))
        }
        let frames = floats.count / channels
        var done = 0
        while done < frames {
            let count = min(block, frames - done)
            let put = floats.withUnsafeBufferPointer { file.write($0.baseAddress! + done * channels, frames: count) }
            guard put == count else {
                throw refused(rate, channels, "opus", file.fault ?? "libsndfile cannot write it")
            }
            done += count
        }
        guard file.close() else { throw refused(rate, channels, "opus", "libsndfile cannot finish it") }
        var bytes = sink.bytes
        OggSerial.set(1, in: &bytes)
        return (bytes, clipped)
    }

    private static func refused(_ rate: Int, _ channels: Int, _ name: String, _ reason: String) -> AudioError {
        AudioError(
            .internal, path: "", "cannot write \(rate) Hz and \(channels) channels as \(name): \(reason)",
            isOutput: true)
    }
}
