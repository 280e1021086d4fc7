/// Where training takes its chunks from.
package protocol ChunkSource: Sendable {
    var chunkCount: Int { get }

    /// A chunk's classes, rising.
    func labels(_ chunk: Int) -> [Int]

    /// True for a chunk in which there is nothing but silence.
    ///
    /// - Throws: `FileError` where the rows cannot be read.
    func isSilent(_ chunk: Int) throws -> Bool

    /// Writes a chunk's normalised patch (96, 64) and its samples (16000), each where it is asked for.
    ///
    /// - Parameter gain: what the sound is multiplied by first.
    /// - Throws: `FileError` where the rows cannot be read.
    func fill(
        _ chunk: Int, mel: UnsafeMutablePointer<Float>?, wave: UnsafeMutablePointer<Float>?, gain: Float
    ) throws
}
