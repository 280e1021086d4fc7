/// A source of training chunks.
package protocol ChunkSource: Sendable {
    var chunkCount: Int { get }

    /// Returns a chunk's classes, in ascending order.
    func labels(_ chunk: Int) -> [Int]

    /// Returns the index of a chunk's clip, and the chunk's number in the clip.
    func place(of chunk: Int) -> (clip: Int, chunk: Int)

    /// Returns true if a chunk contains only silence.
    ///
    /// - Throws: `FileError` if the rows cannot be read.
    func isSilent(_ chunk: Int) throws -> Bool

    /// Writes a chunk's normalised patch (96, 64) and its samples (16000), each only if requested.
    ///
    /// - Parameter gain: the factor applied to the sound first.
    /// - Throws: `FileError` if the rows cannot be read.
    func fill(
        _ chunk: Int, mel: UnsafeMutablePointer<Float>?, wave: UnsafeMutablePointer<Float>?, gain: Float
    ) throws
}
