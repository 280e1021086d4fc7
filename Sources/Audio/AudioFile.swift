import Errors

/// An audio file being read: mono samples, the mean over the channels, in blocks.
///
/// Reads WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF and what else libsndfile knows, at any rate; integers of any width
/// come out in [-1, 1). The decoded length is checked against every other count in the file: the chunks of its container, the
/// frames of MPEG and FLAC, the pages of Ogg.
package final class AudioFile {
    /// Frames that are decoded at a time where channels have to be mixed.
    private static let mixFrames = 8192

    package let path: String
    /// Sample frames per second.
    package let rate: Int
    /// Of the first sample.
    package let channels: Int
    /// Frames that are expected; nil: not known, as for some streams.
    package let declaredFrames: Int64?
    private let decoder: any Decoder
    private let truncation: Truncation
    private let nonFinite: NonFinite
    private let mix: UnsafeMutableBufferPointer<Float>
    private var framesRead: Int64 = 0
    private var finiteFrames: Int64 = 0
    /// Samples that were not finite and were taken as 0, where that is asked for.
    package private(set) var zeroed: Int64 = 0
    /// What is missing or damaged, where it is accepted; nil: nothing that was met.
    package private(set) var accepted: String?

    /// - Parameter bytes: the path's bytes, for names that are not UTF-8; nil: the text's own.
    /// - Throws: `AudioError` where the file is missing, no regular file, no audio, cut short or of zero samples.
    package init(
        path: String, bytes: [UInt8]? = nil, truncation: Truncation = .fail, nonFinite: NonFinite = .fail
    ) throws(AudioError) {
        let raw = (bytes ?? Array(path.utf8)).map(CChar.init(bitPattern:)) + [0]
        let decoder = try Codecs.open(raw, path: path)
        self.decoder = decoder
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

    /// The next samples; 0 at the end.
    ///
    /// - Throws: `AudioError` with the frame where decoding fails, a sample is not finite or the file ends too soon.
    package func read(into buffer: UnsafeMutableBufferPointer<Float>) throws(AudioError) -> Int {
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

    /// - Parameter count: sample frames of this read before the fault.
    private func checkFault(_ count: Int) throws(AudioError) {
        guard let fault = decoder.fault else { return }
        let place = framesRead + Int64(count)
        let reason = "decoding stopped at \(Damage.length(place, rate)): \(fault)"
        guard truncation == .accept else { throw AudioError(.truncated, path: path, reason, offset: place) }
        accepted = accepted ?? reason
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
                zeroed += 1
            }
        }
    }

    private func end() throws(AudioError) {
        if let found = decoder.shortfall(heard: framesRead) {
            guard truncation == .accept else {
                throw AudioError(.truncated, path: path, found, offset: framesRead)
            }
            accepted = accepted ?? found
        }
        if framesRead == 0 { throw AudioError(.empty, path: path, "it has no samples") }
        if finiteFrames == 0 { throw AudioError(.invalid, path: path, "it has no finite sample") }
    }
}
