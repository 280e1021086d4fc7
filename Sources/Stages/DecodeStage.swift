import Errors
import Audio
import Cache
import Files
import Pipeline
import Timing

/// Reads a clip's file, or the part of it that the clip is, in blocks of mono samples at the file's own rate.
struct DecodeStage: StageKind {
    static let definition = StageDefinition(
        name: "decode", codeVersion: 3, inputs: [], outputs: [.init("audio", .audio)],
        parameters: [
            ParameterDefinition(
                "truncated", .choice(["fail", "accept"]), default: "fail",
                decidesFailures: [.truncated],
                help: "what to do with a file that ends before its header says"),
            ParameterDefinition(
                "non-finite", .choice(["fail", "zero"]), default: "fail",
                decidesFailures: [.invalid],
                help: "what to do with NaN and infinite samples"),
            ParameterDefinition(
                "stream", .integerOr("auto", 0...999), default: "auto", omitsDefault: true,
                help: "which of a file's audio streams: a number from 0, or the one that FFmpeg takes for the best"),
        ])

    /// Digests kept for clips that are parts of one recording.
    private static let keptDigests = 4096

    let facts = StreamFacts()
    // Shared by the workers: clips that are parts of one recording need its digest and its checks once.
    private let digests = PerFileCache<String>(limit: keptDigests)
    private let scans = ScanCache()
    private let truncation: Truncation
    private let nonFinite: NonFinite
    /// nil for the one that FFmpeg takes for the best.
    private let stream: Int?

    static func prepare(_ node: Graph.Node, _ context: PreparationContext) -> DecodeStage {
        DecodeStage(
            truncation: node.parameters["truncated"] == "accept" ? .accept : .fail,
            nonFinite: node.parameters["non-finite"] == "zero" ? .zero : .fail,
            stream: node.parameters["stream"].flatMap(Int.init))
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) -> any Operator {
        DecodeOperator(
            truncation: truncation, nonFinite: nonFinite, stream: stream, digests: digests, scans: scans,
            outlet: outlets[0])
    }
}

private final class DecodeOperator: Source {
    /// Sample frames per read; a step makes several reads.
    private static let blockFrames = 32_768
    /// Seconds of audio per step.
    private static let stepSeconds = 10
    /// Seconds of audio before a part that a step drops, where the codec cannot seek: a second's work or so, after which
    /// a run that is asked to stop does.
    private static let dropSeconds = 300

    private let outlet: Outlet
    private let truncation: Truncation
    private let nonFinite: NonFinite
    private let stream: Int?
    private let buffer: UnsafeMutableBufferPointer<Float>
    private let digester = FileDigester()
    private let digests: PerFileCache<String>
    private let scans: ScanCache
    private var file: AudioFile?
    private var before: SourceStat?
    private var frames = 0

    init(
        truncation: Truncation, nonFinite: NonFinite, stream: Int?, digests: PerFileCache<String>, scans: ScanCache,
        outlet: Outlet
    ) {
        self.outlet = outlet
        self.digests = digests
        self.scans = scans
        self.truncation = truncation
        self.nonFinite = nonFinite
        self.stream = stream
        buffer = .allocate(capacity: Self.blockFrames)
    }

    deinit { buffer.deallocate() }

    func begin(_ job: ClipJob) throws {
        file = nil
        frames = 0
        let path = job.path
        let stat = try job.watched { try SourceStat.of(path) }
        before = stat
        // Set before anything can fail, so that a failure is tied to this version of the file and the clip is not tried
        // again until the file changes.
        job.source = SourceFile(content: "", size: stat.size, modified: stat.modified)
        job.allow(bytes: stat.size)
        // Computing the digest reads the whole file once; the decoder then finds it in the page cache.
        let (digester, digests) = (digester, digests)
        let content = try WorkTimer.measure(.hashing) {
            try job.watched {
                try stat.digest(path, part: job.part, digester, keptIn: digests, isOpenedNext: true)
            }
        }
        job.source = SourceFile(content: content, size: stat.size, modified: stat.modified)
        do {
            let (truncation, nonFinite, scans, stream) = (truncation, nonFinite, scans, stream)
            let part = try job.part.map { text in
                guard let part = RecordingPart(text) else {
                    throw ClipFailure(failureClass: .internal, reason: "'\(text)' is no part of a recording")
                }
                return part
            }
            let file = try job.watched {
                // A whole recording is decoded once, so nothing is kept of it.
                try AudioFile(
                    path: path, bytes: PathText.bytes(path), truncation: truncation, nonFinite: nonFinite, part: part,
                    scans: part == nil ? nil : scans, stream: stream)
            }
            // A file of unknown length may be arbitrarily long.
            job.expect(
                seconds: file.declaredFrames.map { Double($0) / Double(file.rate) } ?? .greatestFiniteMagnitude,
                dropping: Double(file.framesBefore) / Double(file.rate))
            self.file = file
        } catch let error as AudioError {
            throw fault(error)
        }
    }

    func step(_ job: ClipJob) throws -> Bool {
        guard let file else { return false }
        var left = Self.stepSeconds * file.rate
        if file.framesBefore > 0 {
            do {
                if try job.watched({ try file.approach(most: Int64(Self.dropSeconds * file.rate)) }) { return true }
            } catch let error as AudioError {
                throw fault(error)
            }
        }
        while left > 0 {
            let count: Int
            do {
                let buffer = buffer
                count = try job.watched { try file.read(into: buffer) }
            } catch let error as AudioError {
                throw fault(error)
            }
            if count == 0 {
                job.accepted = Accepted(isDamaged: file.accepted != nil, zeroed: file.zeroed)
                try end(job, rate: file.rate)
                return false
            }
            frames += count
            job.seconds = Double(frames) / Double(file.rate)
            try outlet.emit(Block(UnsafeBufferPointer(rebasing: buffer[..<count]), rate: file.rate), job)
            left -= count
        }
        return true
    }

    func abandon(_ job: ClipJob) { file = nil }

    func consume(_ block: Block, input: Int, job: ClipJob) {}
    func finish(input: Int, job: ClipJob) {}

    private func end(_ job: ClipJob, rate: Int) throws {
        file = nil
        let path = job.path
        guard let before, try job.watched({ try SourceStat.of(path) }) == before else {
            throw SourceStat.changedWhileRead(path)
        }
        job.source?.length = SourceFile.Length(frames: Int64(frames), rate: Int64(rate))
    }

    /// The error to throw for an error of the decoder. If the system ran out of something, the clip is not to blame,
    /// and the error ends the run.
    private func fault(_ error: AudioError) -> any Error {
        if let code = error.systemCode { return FileError(path: error.path, "cannot open", code: code) }
        return ClipFailure(failureClass: error.failureClass, reason: error.reason, offset: error.offset)
    }
}
