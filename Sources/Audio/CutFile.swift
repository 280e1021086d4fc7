import Foundation

/// An audio file being written piece by piece: WAV or FLAC, with any rate and number of channels.
///
/// The same samples give the same bytes.
package final class CutFile {
    /// The container of the written file.
    package enum Container: String, Sendable, CaseIterable {
        case wav, flac

        /// Returns the format that samples get in this container: their own, or the widest available, which is 24 bits
        /// in FLAC.
        package func format(for own: SampleFormat) -> SampleFormat {
            self == .wav || [.int8, .int16, .int24].contains(own) ? own : .int24
        }
    }

    /// The reason that a file cannot be written.
    package enum Failure: Error {
        /// The container does not support the rate or the number of channels, in libsndfile's words.
        case refused(String)
        /// The system's error number.
        case system(Int32)
    }

    /// The maximum number of bytes of samples in a plain WAV file, leaving space for its header.
    private static let longestWAV: Int64 = 0xFFFF_0000
    /// The number of frames converted at a time.
    private static let block = 4096

    /// The format of the samples as stored.
    package let format: SampleFormat
    /// The number of samples outside full scale that were clipped to it, which only integer formats require.
    package private(set) var clipped: Int64 = 0
    private let channels: Int
    private let sink: FileSink
    private let file: Sndfile
    private var integers: [Int32] = []

    /// - Parameters:
    ///   - descriptor: the descriptor of an empty file open for writing; it stays open.
    ///   - frames: the maximum number of frames to be written.
    ///   - own: the format that holds the samples exactly.
    /// - Throws: `Failure`.
    package convenience init(
        descriptor: Int32, container: Container, rate: Int, channels: Int, frames: Int64, own: SampleFormat
    ) throws(Failure) {
        try self.init(
            FileSink(descriptor: descriptor), container: container, rate: rate, channels: channels, frames: frames,
            own: own)
    }

    /// Writes through a sink, which outlives the file.
    init(
        _ sink: FileSink, container: Container, rate: Int, channels: Int, frames: Int64, own: SampleFormat
    ) throws(Failure) {
        format = container.format(for: own)
        self.channels = channels
        self.sink = sink
        let isLong = frames > Self.longestWAV / Int64(channels * format.size)
        guard let code = container.code(format, channels: channels, isLong: isLong) else {
            throw .refused("no \(format.rawValue) in \(container.rawValue)")
        }
        do throws(Sndfile.Refusal) {
            file = try Sndfile(writing: sink, rate: rate, channels: channels, code: code)
        } catch {
            if let failure = sink.failure { throw .system(failure) }
            throw .refused(error.reason)
        }
    }

    /// Appends samples.
    ///
    /// - Parameter samples: interleaved, whole frames; full scale is 1.
    /// - Throws: `Failure`.
    package func write(_ samples: UnsafeBufferPointer<Double>) throws(Failure) {
        let frames = samples.count / channels
        var done = 0
        while done < frames {
            let count = min(frames - done, Self.block)
            let part = UnsafeBufferPointer(rebasing: samples[done * channels..<(done + count) * channels])
            guard let start = part.baseAddress else { return }
            let put: Int
            if let bits = format.integerBits {
                convert(part, bits: bits)
                put = file.write(integers, frames: count)
            } else {
                put = file.write(start, frames: count)
            }
            if put != count { throw fault }
            done += count
        }
    }

    /// Writes the header. The file is then complete, but not yet synced to disk.
    ///
    /// - Throws: `Failure`.
    package func finish() throws(Failure) {
        let isClosed = file.close()
        if let failure = sink.failure { throw .system(failure) }
        if !isClosed { throw .refused("libsndfile cannot finish it") }
    }

    private var fault: Failure {
        sink.failure.map { .system($0) } ?? .refused(file.fault ?? "libsndfile cannot write it")
    }

    /// Converts samples to integers of this many bits, in the upper bits of 32, rounding halves to even. Samples that
    /// were stored with this many bits are not rounded.
    private func convert(_ samples: UnsafeBufferPointer<Double>, bits: Int) {
        let scale = Double(Int64(1) << (bits - 1))
        integers.removeAll(keepingCapacity: true)
        for sample in samples {
            // NaN becomes silence.
            let value = sample.isNaN ? 0 : (sample * scale).rounded(.toNearestOrEven)
            let kept = min(max(value, -scale), scale - 1)
            // 1.0, and what rounds to it, is one step above the largest integer, but does not count as clipped.
            if kept != value, abs(sample) > 1 { clipped += 1 }
            integers.append(Int32(kept) << Int32(32 - bits))
        }
    }
}
