import Audio
import Errors
import Features

/// The log-mel frames of a stretch of a recording, decoded, resampled and computed as in a pipeline.
struct RecordingFrames {
    /// The latest start of a stretch, in seconds, for which decoding begins at the recording's start. The resampler's
    /// output then equals the pipeline's bit for bit.
    private static let exactSeconds = 30
    /// The seconds resampled before a later stretch so that the filter settles: many times the filter's length.
    private static let leadSeconds = 1
    /// The number of sample frames read at a time.
    private static let block = 16_384

    private let frontEnd: FrontEnd
    private let converter: Converter
    /// The number of samples at the front-end's rate, without padding.
    private let samples: Int
    /// The number of samples including the zeros that the pipeline appends up to the end of the last chunk.
    private let padded: Int

    /// - Parameters:
    ///   - chunkHop: samples from one chunk to the next.
    ///   - samples: the recording's length in samples at the front-end's rate, at least 1.
    init(frontEnd: FrontEnd, chunkHop: Int, converter: Converter, samples: Int) {
        self.frontEnd = frontEnd
        self.converter = converter
        self.samples = samples
        let plan = try? ChunkPlan(
            frontEnd: frontEnd, overlap: 1 - Double(chunkHop) / Double(frontEnd.chunk), step: 1)
        padded = plan?.paddedLength(samples: samples) ?? max(samples, frontEnd.span)
    }

    /// The number of frames of the padded recording.
    var count: Int { frontEnd.frames(samples: padded) }

    /// Reads a range of frames.
    ///
    /// - Parameter recording: at its start.
    /// - Returns: the frames, shape (frames, bands).
    /// - Throws: `ExcerptError` if the recording cannot be decoded; `AudioError` if a system resource has run out.
    func read(_ frames: Range<Int>, of recording: Recording) throws -> [Float] {
        // The first centred frames computed are based on zeros or a mirror image, and are dropped.
        let isPlain = frontEnd.framing == .left
        let first = isPlain ? frames.lowerBound : max(0, frames.lowerBound - frontEnd.fft / frontEnd.hop - 2)
        let start = first * frontEnd.hop
        let end = min(padded, (frames.upperBound - 1) * frontEnd.hop + max(frontEnd.fft, frontEnd.window) + 1)
        var wave = try resampled(start..<max(start, min(end, samples)), of: recording)
        wave += repeatElement(0, count: max(0, end - start - wave.count))
        var values: [Float] = []
        var next = first
        let logMel = try LogMel(frontEnd: frontEnd)
        func take(_ rows: UnsafeBufferPointer<Float>, _ count: Int) {
            for row in 0..<count {
                if frames.contains(next) { values += rows[row * frontEnd.bands..<(row + 1) * frontEnd.bands] }
                next += 1
            }
        }
        try wave.withUnsafeBufferPointer { try logMel.process($0, emit: take) }
        if end == padded { try logMel.finish(emit: take) }
        return values
    }

    /// Reads samples at the front-end's rate, averaged over the channels.
    private func resampled(_ range: Range<Int>, of recording: Recording) throws -> [Float] {
        let (from, to) = (recording.rate, frontEnd.rate)
        var place = 0
        if range.lowerBound > Self.exactSeconds * to {
            // Start at a frame of the file that coincides with a sample of the output.
            let step = from / Self.divisor(from, to)
            let own = (range.lowerBound / to - Self.leadSeconds) * from / step * step
            recording.skip(to: Int64(own))
            place = own / step * (to / Self.divisor(from, to))
        }
        let resampler = try Resampler(from: from, to: to, converter: converter)
        var wave: [Float] = []
        wave.reserveCapacity(range.count)
        func take(_ made: UnsafeBufferPointer<Float>) {
            let (first, end) = (max(range.lowerBound - place, 0), min(range.upperBound - place, made.count))
            if first < end { wave += made[first..<end] }
            place += made.count
        }
        var mono = [Float](repeating: 0, count: Self.block)
        try withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.block * recording.channels) { buffer in
            while place < range.upperBound {
                let count = recording.read(into: buffer)
                Self.mix(buffer, frames: count, channels: recording.channels, into: &mono)
                try mono.withUnsafeBufferPointer {
                    try resampler.process(UnsafeBufferPointer(rebasing: $0[..<count]), end: count == 0, emit: take)
                }
                if count > 0 { continue }
                if let fault = recording.fault, place < range.upperBound {
                    throw ExcerptError(.undecodable, path: recording.path, "cannot be decoded: \(fault)")
                }
                break
            }
        }
        return wave
    }

    /// Averages over the channels, with the same summation as `AudioFile`; sums that are not finite count as 0.
    private static func mix(
        _ samples: UnsafeMutableBufferPointer<Double>, frames: Int, channels: Int, into out: inout [Float]
    ) {
        let scale = 1 / Float(channels)
        for frame in 0..<frames {
            var sum: Float = 0
            for channel in 0..<channels { sum += Float(samples[frame * channels + channel]) }
            out[frame] = sum.isFinite ? (channels == 1 ? sum : sum * scale) : 0
        }
    }

    private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
}
