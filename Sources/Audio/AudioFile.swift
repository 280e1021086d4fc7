import Errors

/// An audio file, or a part of one, being read block by block as mono samples: the mean over the channels, or one of them.
///
/// Reads WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF and the other formats that libsndfile supports, and with FFmpeg's
/// libraries AAC, ALAC, WMA, AC-3 and other codings, also from films, at any rate; integers of any width are scaled to [-1, 1). The decoded length is checked against every other count in the file: the chunks
/// of its container, the frames of MPEG and FLAC, the pages of Ogg.
package final class AudioFile {
    /// The number of frames decoded at a time if channels have to be mixed.
    private static let mixFrames = 8192

    package let path: String
    /// The sample rate, in Hz.
    package let rate: Int
    /// The number of channels of the first sample.
    package let channels: Int
    /// The expected number of frames, of the part if it is one; nil if it is not known, as for some streams.
    package let declaredFrames: Int64?
    private let decoder: any Decoder
    /// The decoder again, if only a part of the recording is read.
    private let part: PartDecoder?
    private let truncation: Truncation
    private let nonFinite: NonFinite
    private let mix: UnsafeMutableBufferPointer<Float>
    private var framesRead: Int64 = 0
    private var finiteFrames: Int64 = 0
    /// The number of samples that were not finite and were replaced with 0, if that was requested.
    package private(set) var zeroed: Int64 = 0
    /// A description of accepted damage or missing audio; nil if there was none so far.
    package private(set) var accepted: String?

    /// - Parameters:
    ///   - bytes: the path's bytes, for names that are not UTF-8; nil for those of `path`.
    ///   - part: the part to read; nil for the whole recording.
    ///   - scans: keeps what checking the whole file found, for other parts of it; nil to check it anew.
    ///   - stream: the number of the stream among the file's audio streams, from 0; nil for the one that FFmpeg takes for
    ///     the best.
    /// - Throws: `AudioError` if the file is missing, not a regular file, not audio, cut short or without samples; if it
    ///   ends before the part begins or lacks its channel.
    package init(
        path: String, bytes: [UInt8]? = nil, truncation: Truncation = .fail, nonFinite: NonFinite = .fail,
        part: RecordingPart? = nil, scans: ScanCache? = nil, stream: Int? = nil
    ) throws(AudioError) {
        let raw = (bytes ?? Array(path.utf8)).map(CChar.init(bitPattern:)) + [0]
        let whole = try Codecs.open(raw, path: path, scans: scans, stream: stream)
        var piece: PartDecoder?
        if let part { piece = try PartDecoder(whole, part, path: path) }
        let decoder: any Decoder = piece ?? whole
        self.decoder = decoder
        self.part = piece
        self.path = path
        self.truncation = truncation
        self.nonFinite = nonFinite
        rate = decoder.rate
        channels = decoder.channels
        declaredFrames = decoder.declaredFrames
        let most = decoder.mostChannels
        let isSane = (100...10_000_000).contains(rate) && (1...1024).contains(most)
        mix = .allocate(capacity: most > 1 && isSane ? Self.mixFrames * most : 1)
        guard isSane else { throw AudioError(.invalid, path: path, "found \(rate) Hz and \(channels) channels") }
        guard declaredFrames != 0 || decoder.damage != nil else {
            throw AudioError(.empty, path: path, "it has no samples")
        }
        if let damage = decoder.damage {
            let reason = damage.description(rate: rate)
            guard truncation == .accept else {
                throw AudioError(.truncated, path: path, reason, offset: damage.frames)
            }
            accepted = reason
        }
    }

    deinit { mix.deallocate() }

    /// The number of channels of a file; nil if it cannot be read. Of a FLAC file only the header is read.
    ///
    /// - Parameters:
    ///   - bytes: the path's bytes, for names that are not UTF-8; nil for those of `path`.
    ///   - stream: the number of the stream among the file's audio streams, from 0; nil for the one that FFmpeg takes for
    ///     the best.
    package static func channels(path: String, bytes: [UInt8]? = nil, stream: Int? = nil) -> Int? {
        let raw = (bytes ?? Array(path.utf8)).map(CChar.init(bitPattern:)) + [0]
        return try? Codecs.channels(raw, path: path, stream: stream)
    }

    /// The number of frames that are decoded and dropped before the part begins, because the codec cannot seek there.
    package var framesBefore: Int64 { part?.framesBefore ?? 0 }

    /// Decodes and drops some of what comes before the part. Calling it is optional: `read` drops all of it at once.
    ///
    /// - Parameter most: the maximum number of frames.
    /// - Returns: whether there is more of it.
    /// - Throws: `AudioError`, with the frame, if decoding fails.
    package func approach(most: Int64) throws(AudioError) -> Bool {
        guard let part else { return false }
        let isBefore = part.approach(most: most)
        if let fault = part.fault { try note(fault, at: part.first - part.framesBefore) }
        return isBefore
    }

    /// Reads the next samples and returns their number, 0 at the end.
    ///
    /// - Throws: `AudioError`, with the frame, if decoding fails, a sample is not finite or the file ends too soon.
    package func read(into buffer: UnsafeMutableBufferPointer<Float>) throws(AudioError) -> Int {
        // Accepted damage before the part must not be taken for the end of it.
        if framesBefore > 0 { while try approach(most: .max) {} }
        var count = 0
        if decoder.mostChannels == 1 {
            count = decoder.read(into: buffer.baseAddress!, frames: buffer.count)
            try checkFault(count)
        } else {
            while count < buffer.count {
                let wanted = min(Self.mixFrames, buffer.count - count)
                let got = decoder.read(into: mix.baseAddress!, frames: wanted)
                try checkFault(count + got)
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
        let channels = decoder.channels
        let scale = 1 / Float(channels)
        for frame in 0..<frames {
            var sum: Float = 0
            for channel in 0..<channels { sum += mix[frame * channels + channel] }
            out[frame] = sum * scale
        }
    }

    /// - Parameter count: the sample frames of the current read that precede the fault.
    private func checkFault(_ count: Int) throws(AudioError) {
        guard let fault = decoder.fault else { return }
        try note(fault, at: place(Int64(count)) - framesBefore)
    }

    /// The place in the recording of a frame of the current read.
    private func place(_ frame: Int64) -> Int64 { (part?.first ?? 0) + framesRead + frame }

    private func note(_ fault: String, at place: Int64) throws(AudioError) {
        let reason = "decoding stopped at \(Damage.length(place, rate)): \(fault)"
        guard truncation == .accept else { throw AudioError(.truncated, path: path, reason, offset: place) }
        accepted = accepted ?? reason
    }

    private func check(_ samples: UnsafeMutableBufferPointer<Float>) throws(AudioError) {
        // x - x is 0 if x is finite and NaN otherwise, so the sum stays 0 exactly if all samples are finite.
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
                let frame = self.place(Int64(place))
                throw AudioError(
                    .invalid, path: path, "found \(samples[place]) at frame \(frame), expected finite samples",
                    offset: frame)
            } else {
                samples[place] = 0
                zeroed += 1
            }
        }
    }

    private func end() throws(AudioError) {
        if let found = decoder.shortfall(heard: framesRead) {
            guard truncation == .accept else {
                throw AudioError(.truncated, path: path, found, offset: place(0) - framesBefore)
            }
            accepted = accepted ?? found
        }
        if let part, framesRead == 0, part.isPastEnd { throw AudioError(.invalid, path: path, part.pastEnd) }
        if framesRead == 0 { throw AudioError(.empty, path: path, "it has no samples") }
        if finiteFrames == 0 { throw AudioError(.invalid, path: path, "it has no finite sample") }
    }
}
