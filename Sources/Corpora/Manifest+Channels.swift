import Audio
import Files

extension Manifest {
    /// The same manifest with a clip per channel for each row whose channel is `each`. The headers of these rows' files
    /// are read; a file that cannot be read is one clip, which will fail with the reason.
    ///
    /// - Parameter stream: the audio stream of the files, from 0, whose channels count; nil for FFmpeg's choice.
    /// - Throws: `TableError` if the name of such a clip is also that of another row.
    package func countingChannels(stream: Int? = nil) throws -> Manifest {
        try withChannels { AudioFile.channels(path: $0, bytes: PathText.bytes($0), stream: stream) }
    }
}
