import Errors
import Audio

/// A file heard to its end.
struct DecodedAudio {
    let rate: Int
    let channels: Int
    let samples: [Float]
    /// The frames decoded and dropped before the part.
    let framesBefore: Int64

    /// - Parameter blocks: lengths of the reads, in turn.
    init(
        _ path: String, blocks: [Int] = [65_536], truncation: Truncation = .fail, nonFinite: NonFinite = .fail,
        part: RecordingPart? = nil, scans: ScanCache? = nil
    ) throws(AudioError) {
        let file = try AudioFile(
            path: path, truncation: truncation, nonFinite: nonFinite, part: part, scans: scans)
        framesBefore = file.framesBefore
        rate = file.rate
        channels = file.channels
        var samples: [Float] = []
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: blocks.max() ?? 1)
        defer { buffer.deallocate() }
        var turn = 0
        while true {
            let count = try file.read(
                into: UnsafeMutableBufferPointer(rebasing: buffer[..<blocks[turn % blocks.count]]))
            if count == 0 { break }
            samples += buffer[..<count]
            // No file of these tests is a hundredth of that: a decoder that never ends must not hang the tests.
            guard samples.count < 50_000_000 else { throw AudioError(.internal, path: path, "it never ends") }
            turn += 1
        }
        self.samples = samples
    }

    /// What hearing the file ends in: nil where it goes well.
    static func fault(
        _ path: String, truncation: Truncation = .fail, nonFinite: NonFinite = .fail, part: RecordingPart? = nil
    ) -> AudioError? {
        do throws(AudioError) {
            _ = try DecodedAudio(path, truncation: truncation, nonFinite: nonFinite, part: part)
            return nil
        } catch {
            return error
        }
    }
}
