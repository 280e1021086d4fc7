import Audio
import Corpora
import Errors
import Files
import Foundation

/// Cuts stretches out of one recording in one pass, seeking if the codec allows it and otherwise decoding straight through.
struct RecordingCutter {
    /// A stretch in sample frames, and the file it is written to.
    struct Cut {
        let first: Int64
        /// One past the last frame.
        let end: Int64
        /// Absolute path.
        let file: String
    }

    /// The outcome of a cut.
    enum Outcome: Equatable {
        /// Written up to this frame, with this many samples clipped to full scale.
        case written(end: Int64, clipped: Int64)
        /// Not written, with the reason.
        case lost(String)
    }

    /// Most files open at a time. If more cuts overlap, the rest need another pass.
    private static let mostOpen = 32
    /// Samples read at a time, over all channels.
    private static let blockSamples = 65_536

    private struct Open {
        let number: Int
        let cut: Cut
        let partial: PartialFile
        let file: CutFile
    }

    let path: String
    /// The channel to cut from; nil for all.
    private let part: RecordingPart?
    private let stream: Int?
    let container: CutFile.Container
    /// Open, at its start.
    private var recording: Recording

    /// Sample frames per second.
    var rate: Int { recording.rate }
    var sampleFormat: SampleFormat { recording.sampleFormat }

    /// - Parameters:
    ///   - part: the channel to cut from, of the whole length; nil for all channels.
    ///   - stream: the number of the audio stream to cut from; nil for FFmpeg's choice.
    /// - Throws: `AudioError` if the recording cannot be read.
    init(
        path: String, part: RecordingPart? = nil, stream: Int? = nil, container: CutFile.Container
    ) throws(AudioError) {
        self.stream = stream
        self.path = path
        self.part = part
        self.container = container
        recording = try Recording(path: path, bytes: PathText.bytes(path), part: part, stream: stream)
    }

    /// - Parameter cuts: ordered by first frame; none is empty.
    /// - Returns: an outcome for each cut.
    /// - Throws: `FileError` if a cut cannot be written.
    mutating func cut(_ cuts: [Cut]) throws -> [Outcome] {
        var outcomes = [Outcome](repeating: .lost("it was not reached"), count: cuts.count)
        var waiting = Array(cuts.indices)
        var isFirst = true
        while !waiting.isEmpty {
            if !isFirst {
                do throws(AudioError) {
                    recording = try Recording(path: path, bytes: PathText.bytes(path), part: part, stream: stream)
                } catch {
                    for number in waiting { outcomes[number] = .lost(error.reason) }
                    return outcomes
                }
            }
            isFirst = false
            waiting = try pass(cuts, waiting, &outcomes)
        }
        return outcomes
    }

    /// - Returns: the cuts that wait for another pass.
    private func pass(_ cuts: [Cut], _ numbers: [Int], _ outcomes: inout [Outcome]) throws -> [Int] {
        let block = max(1, Self.blockSamples / recording.channels)
        let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: block * recording.channels)
        defer { buffer.deallocate() }
        var open: [Open] = []
        var deferred: [Int] = []
        var next = 0
        while next < numbers.count || !open.isEmpty {
            if open.isEmpty { recording.skip(to: cuts[numbers[next]].first) }
            let start = recording.position
            while next < numbers.count, cuts[numbers[next]].first < start + Int64(block) {
                if open.count < Self.mostOpen {
                    switch try begin(cuts[numbers[next]], numbers[next]) {
                    case .success(let one): open.append(one)
                    case .failure(let reason): outcomes[numbers[next]] = .lost(reason.text)
                    }
                } else {
                    deferred.append(numbers[next])
                }
                next += 1
            }
            if open.isEmpty { continue }
            let count = recording.read(into: buffer)
            if count == 0 {
                for one in open { outcomes[one.number] = try end(one, at: start) }
                for number in numbers[next...] { outcomes[number] = .lost(ended(at: start)) }
                return deferred
            }
            let samples = UnsafeBufferPointer(rebasing: buffer[..<(count * recording.channels)])
            var left: [Open] = []
            for one in open {
                try put(samples, from: start, count, into: one)
                if one.cut.end <= start + Int64(count) {
                    outcomes[one.number] = try end(one, at: one.cut.end)
                } else {
                    left.append(one)
                }
            }
            open = left
        }
        return deferred
    }

    private struct Refusal: Error { let text: String }

    private func begin(_ cut: Cut, _ number: Int) throws -> Result<Open, Refusal> {
        let partial = try PartialFile(PathText.bytes(cut.file))
        do throws(CutFile.Failure) {
            let file = try CutFile(
                descriptor: partial.descriptor, container: container, rate: recording.rate,
                channels: recording.channels, frames: cut.end - cut.first, own: recording.sampleFormat)
            return .success(Open(number: number, cut: cut, partial: partial, file: file))
        } catch {
            guard case .refused(let reason) = error else { throw Self.fault(error, cut) }
            let kind = "\(recording.rate) Hz and \(recording.channels) channels as \(container.rawValue)"
            return .failure(Refusal(text: "cannot be written with \(kind): \(reason)"))
        }
    }

    private func put(_ samples: UnsafeBufferPointer<Double>, from start: Int64, _ count: Int, into one: Open) throws {
        let first = max(one.cut.first - start, 0)
        let end = min(one.cut.end - start, Int64(count))
        guard first < end else { return }
        let channels = recording.channels
        do throws(CutFile.Failure) {
            try one.file.write(UnsafeBufferPointer(rebasing: samples[Int(first) * channels..<Int(end) * channels]))
        } catch {
            throw Self.fault(error, one.cut)
        }
    }

    /// Ends a cut at a frame: its own end or the end of the recording.
    private func end(_ one: Open, at frame: Int64) throws -> Outcome {
        // If a recording ends without a fault, there is no more of it: its length was not known when the cut was made.
        if frame < one.cut.end, recording.fault != nil || frame <= one.cut.first { return .lost(ended(at: frame)) }
        do throws(CutFile.Failure) { try one.file.finish() } catch { throw Self.fault(error, one.cut) }
        try one.partial.commit()
        return .written(end: frame, clipped: one.file.clipped)
    }

    private func ended(at frame: Int64) -> String {
        recording.fault ?? "it ends at frame \(frame), before the event"
    }

    private static func fault(_ failure: CutFile.Failure, _ cut: Cut) -> FileError {
        switch failure {
        case .refused(let reason): FileError(path: cut.file, "cannot write: \(reason)", category: .inputOutput)
        case .system(let code): FileError(path: cut.file, "cannot write", code: code)
        }
    }
}
