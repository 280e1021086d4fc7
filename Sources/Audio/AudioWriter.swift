import Errors

/// Writes a whole clip of interleaved samples to a file.
package enum AudioWriter {
    /// The container and sample type to write.
    package enum Format: String, Sendable, CaseIterable {
        case wav16, wavFloat, wav24, wav32, wavU8, flac, ogg, opus, mp3, aiff, w64, rf64
    }

    /// Writes all samples.
    ///
    /// - Parameter samples: interleaved, in [-1, 1]; values beyond that are clipped in integer formats.
    /// - Throws: `AudioError` if the file cannot be written or the format does not support the rate or the number of
    ///   channels.
    package static func write(
        _ path: String, rate: Int, channels: Int, format: Format = .wav16, samples: [Float]
    ) throws(AudioError) {
        let file: Sndfile
        do throws(Sndfile.Refusal) {
            file = try Sndfile(writing: path, rate: rate, channels: channels, format: format)
        } catch {
            throw AudioError(.unreadable, path: path, "cannot write: \(error.reason)", isOutput: true)
        }
        let frames = samples.count / channels
        var done = 0
        // Vorbis encodes a block on the stack, and long blocks would overflow it.
        while done < frames {
            let count = min(frames - done, 4096)
            let put = samples.withUnsafeBufferPointer {
                file.write($0.baseAddress! + done * channels, frames: count)
            }
            guard put == count else {
                throw AudioError(.unreadable, path: path, "cannot write frame \(done + put)", isOutput: true)
            }
            done += count
        }
    }
}
