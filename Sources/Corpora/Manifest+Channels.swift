import Audio
import Files

extension Manifest {
    /// The same manifest with a clip per channel for each row whose channel is `each`. The headers of these rows' files
    /// are read; a file that cannot be read is one clip, which will fail with the reason.
    ///
    /// - Throws: `TableError` if the name of such a clip is also that of another row.
    package func countingChannels() throws -> Manifest {
        try withChannels { AudioFile.channels(path: $0, bytes: PathText.bytes($0)) }
    }
}
