import Errors

/// A recording, or a part of one, with all its channels or one of them, at its own rate, with every sample as decoded.
///
/// The pipeline reads through `AudioFile`; this type is for cutting clips from a file. A damaged file is read as far as
/// possible, and `fault` tells what stopped it.
package final class Recording {
    /// The number of samples skipped at a time.
    private static let skipSamples = 32_768
    /// Up to this many frames, reading is faster than seeking.
    private static let nearFrames: Int64 = 65_536

    package let path: String
    /// The sample rate, in Hz.
    package let rate: Int
    package let channels: Int
    /// The format that holds each sample exactly.
    package let sampleFormat: SampleFormat
    /// The frame at which the next read begins, counted from the part's start if it is one.
    package private(set) var position: Int64 = 0
    /// The reason that the last read returned less than the file should hold; nil if there is none.
    package private(set) var fault: String?
    private let decoder: any Decoder
    /// The frame of the recording at which the part begins.
    private let first: Int64

    /// - Parameters:
    ///   - bytes: the path's bytes, for names that are not UTF-8; nil for those of `path`.
    ///   - part: the part to read; nil for the whole recording.
    ///   - scans: keeps what checking the whole file found, for the next time; nil to check it anew.
    ///   - stream: the number of the stream among the file's audio streams, from 0; nil for the one that FFmpeg takes for
    ///     the best.
    /// - Throws: `AudioError` if the file is missing, not a regular file or not audio; if it ends before the part
    ///   begins or lacks its channel.
    package init(
        path: String, bytes: [UInt8]? = nil, part: RecordingPart? = nil, scans: ScanCache? = nil, stream: Int? = nil
    ) throws(AudioError) {
        let raw = (bytes ?? Array(path.utf8)).map(CChar.init(bitPattern:)) + [0]
        let whole = try Codecs.open(raw, path: path, scans: scans, stream: stream)
        var piece: PartDecoder?
        if let part { piece = try PartDecoder(whole, part, path: path) }
        decoder = piece ?? whole
        first = piece?.first ?? 0
        self.path = path
        rate = decoder.rate
        channels = decoder.mostChannels
        sampleFormat = decoder.sampleFormat
        guard (100...10_000_000).contains(rate), (1...1024).contains(channels) else {
            throw AudioError(.invalid, path: path, "found \(rate) Hz and \(channels) channels")
        }
    }

    /// Reads the next samples, interleaved.
    ///
    /// - Parameter buffer: space for whole frames of `channels`.
    /// - Returns: the number of frames, 0 at the end or if decoding fails.
    package func read(into buffer: UnsafeMutableBufferPointer<Double>) -> Int {
        guard fault == nil, let start = buffer.baseAddress, buffer.count >= channels else { return 0 }
        let count = decoder.read(into: start, frames: buffer.count / channels)
        if let found = decoder.fault {
            fault = "decoding stopped at \(Damage.length(first + position, rate)): \(found)"
        }
        guard count > 0 else {
            fault = fault ?? decoder.shortfall(heard: position)
            return 0
        }
        if decoder.channels < channels { widen(start, count, from: decoder.channels) }
        position += Int64(count)
        return count
    }

    /// Moves forward to a frame, or to the end if that comes first.
    package func skip(to frame: Int64) {
        if frame - position > Self.nearFrames, decoder.seek(to: frame) {
            position = frame
            return
        }
        let most = max(1, Self.skipSamples / channels)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: most * channels) { buffer in
            while position < frame {
                let wanted = Int(min(Int64(most), frame - position))
                if read(into: UnsafeMutableBufferPointer(rebasing: buffer[..<(wanted * channels)])) == 0 { return }
            }
        }
    }

    /// Fills missing channels, because a stream may change from two channels to one within a file: a single channel is
    /// copied to all others; missing channels next to several are silent.
    private func widen(_ samples: UnsafeMutablePointer<Double>, _ frames: Int, from own: Int) {
        for frame in (0..<frames).reversed() {
            for channel in (0..<channels).reversed() {
                let value = channel < own ? samples[frame * own + channel] : own == 1 ? samples[frame] : 0
                samples[frame * channels + channel] = value
            }
        }
    }
}
