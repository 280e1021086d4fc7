/// Decodes a whole file or a part of one with libsndfile.
final class SndfileDecoder: Decoder {
    let rate: Int
    let channels: Int
    let declaredFrames: Int64?
    let damage: Damage?
    private let file: Sndfile
    /// The number of sample frames according to an independent count, and the name of that count; nil if there is none.
    private let counted: (frames: Int64, by: String)?

    var mostChannels: Int { channels }
    private(set) var fault: String?

    /// - Parameter counted: the number of sample frames according to a count other than libsndfile's, and the name of
    ///   that count.
    init(_ file: Sndfile, damage: Damage? = nil, counted: (frames: Int64, by: String)? = nil) {
        self.file = file
        self.damage = damage
        self.counted = counted
        rate = file.rate
        channels = file.channels
        declaredFrames = file.frames ?? counted?.frames
    }

    func read(into buffer: UnsafeMutablePointer<Float>, frames: Int) -> Int {
        let count = file.read(into: buffer, frames: frames)
        fault = file.fault
        return count
    }

    func read(into buffer: UnsafeMutablePointer<Double>, frames: Int) -> Int {
        let count = file.read(into: buffer, frames: frames)
        fault = file.fault
        return count
    }

    var sampleFormat: SampleFormat { file.sampleFormat }

    /// Seeks only in undamaged files: after a seek that fails, a decoder's position is undefined.
    func seek(to frame: Int64) -> Bool { damage == nil && file.seek(to: frame) }

    func shortfall(heard: Int64) -> String? {
        if let counted, heard < counted.frames {
            return "ends at \(Damage.length(heard, rate)), \(counted.by) say \(counted.frames)"
        }
        if let frames = file.frames, heard < frames {
            return "ends at \(Damage.length(heard, rate)), its header says \(frames)"
        }
        return nil
    }
}
