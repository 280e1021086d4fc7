import Audio
import Errors
import Files

/// A stretch of a recording, encoded so that a browser can play it.
package struct EncodedSound: Sendable {
    /// A property in which the sound has less than the recording.
    package enum Reduction: String, Sendable, CaseIterable { case channels, rate, bits }

    /// The bytes of a complete file.
    package let bytes: [UInt8]
    package let encoding: SoundEncoding
    /// The start of the sound, in seconds of the recording.
    package let first: Double
    /// The length in seconds.
    package let duration: Double
    /// Sample frames per second.
    package let rate: Int
    package let channels: Int
    /// The properties that were reduced; Opus always reduces bits.
    package let reduced: Set<Reduction>
    /// The number of samples beyond full scale, which were clipped to it.
    package let clipped: Int64

    package var mediaType: String { encoding.mediaType }
}

/// Cuts a stretch out of a recording and encodes it for a browser.
struct SoundCutter {
    /// The rates that browsers play, in Hz. A rate outside this range is resampled to the nearer limit.
    private static let rates = 8_000...48_000
    private static let mostChannels = 2
    /// The number of sample frames read at a time.
    private static let block = 16_384

    let path: String
    /// The channel to cut from, of the whole length; nil for all channels.
    let part: RecordingPart?
    let scans: ScanCache
    /// The number of the audio stream that the pipeline reads; nil for FFmpeg's choice.
    let stream: Int?

    /// Cuts out and encodes a stretch.
    ///
    /// - Parameter window: the stretch in seconds of the recording, not empty.
    /// - Throws: `ExcerptError`; `AudioError` if a system resource has run out.
    func cut(_ window: Range<Double>, as encoding: SoundEncoding) throws -> EncodedSound {
        let recording = try openRecording(path, part: part, scans: scans, stream: stream)
        let own = Double(recording.rate)
        let first = Int64((window.lowerBound * own).rounded())
        let end = max(first + 1, Int64((window.upperBound * own).rounded()))
        var channels = try read(first..<end, recording)
        var reduced: Set<EncodedSound.Reduction> = []
        let most = encoding == .opus ? 1 : Self.mostChannels
        if channels.count > most {
            // The mean over all channels, as in the pipeline. If two of six were picked, both could be silent.
            channels = [Self.mean(channels)]
            reduced.insert(.channels)
        }
        let rate =
            encoding == .opus
            ? SoundEncoder.opusRate : min(max(recording.rate, Self.rates.lowerBound), Self.rates.upperBound)
        if recording.rate > rate { reduced.insert(.rate) }
        if encoding == .opus || ![.int8, .int16].contains(recording.sampleFormat) { reduced.insert(.bits) }
        if rate != recording.rate { channels = try channels.map { try Self.resampled($0, recording.rate, to: rate) } }
        let frames = channels[0].count
        let encoded = try SoundEncoder.encode(
            channels.count == 1 ? channels[0] : (0..<frames).flatMap { frame in channels.map { $0[frame] } },
            rate: rate, channels: channels.count, as: encoding)
        return EncodedSound(
            bytes: encoded.bytes, encoding: encoding, first: Double(first) / own,
            duration: Double(frames) / Double(rate), rate: rate, channels: channels.count, reduced: reduced,
            clipped: encoded.clipped)
    }

    /// The samples of each channel.
    private func read(_ frames: Range<Int64>, _ recording: Recording) throws -> [[Double]] {
        recording.skip(to: frames.lowerBound)
        var channels = [[Double]](repeating: [], count: recording.channels)
        try withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.block * recording.channels) { buffer in
            while recording.position < frames.upperBound {
                let wanted = Int(min(Int64(Self.block), frames.upperBound - recording.position))
                let count = recording.read(
                    into: UnsafeMutableBufferPointer(rebasing: buffer[..<(wanted * recording.channels)]))
                // The ledger stores the number of decoded samples, so a recording that ends earlier is damaged.
                guard count > 0 else {
                    throw ExcerptError(
                        .undecodable, path: path,
                        "cannot be decoded: \(recording.fault ?? "it ends at frame \(recording.position)")")
                }
                for channel in channels.indices {
                    channels[channel].reserveCapacity(frames.count)
                    for frame in 0..<count { channels[channel].append(buffer[frame * channels.count + channel]) }
                }
            }
        }
        return channels
    }

    private static func mean(_ channels: [[Double]]) -> [Double] {
        let scale = 1 / Double(channels.count)
        return channels[0].indices.map { frame in
            channels.reduce(0) { $0 + ($1[frame].isFinite ? $1[frame] : 0) } * scale
        }
    }

    private static func resampled(_ samples: [Double], _ from: Int, to rate: Int) throws -> [Double] {
        let resampler = try Resampler(from: from, to: rate, converter: .soxrHQ)
        var out: [Double] = []
        let input = samples.map { $0.isFinite ? Float($0) : 0 }
        try input.withUnsafeBufferPointer {
            try resampler.process($0, end: true) { out += $0.lazy.map(Double.init) }
        }
        // The resampler may round the length up or down.
        let count = max(1, Int((Double(samples.count) * Double(rate) / Double(from)).rounded()))
        if out.count < count { out += repeatElement(0, count: count - out.count) }
        return Array(out.prefix(count))
    }
}

/// Opens a recording or a part of one.
///
/// - Throws: `ExcerptError` if something is wrong with the recording; `AudioError` if a system resource has run out.
func openRecording(_ path: String, part: RecordingPart?, scans: ScanCache, stream: Int?) throws -> Recording {
    do throws(AudioError) {
        return try Recording(path: path, bytes: PathText.bytes(path), part: part, scans: scans, stream: stream)
    } catch {
        // Running out of descriptors or memory is not the recording's fault.
        if error.systemCode != nil { throw error }
        throw ExcerptError(.undecodable, path: path, "cannot be decoded: \(error.reason)")
    }
}
