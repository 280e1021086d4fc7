import Errors
import Audio
import Cache
import Files
import Pipeline

/// Reads a clip's file in blocks of mono samples at its own rate.
struct DecodeStage: StageKind {
    static let definition = StageDefinition(
        name: "decode", codeVersion: 3, inputs: [], outputs: [.init("audio", .audio)],
        parameters: [
            ParameterDefinition(
                "truncated", .choice(["fail", "accept"]), default: "fail",
                decidesFailures: [.truncated],
                help: "what becomes of a file that ends before its header says"),
            ParameterDefinition(
                "non-finite", .choice(["fail", "zero"]), default: "fail",
                decidesFailures: [.invalid],
                help: "what becomes of NaN and infinite samples"),
        ])

    let facts = StreamFacts()
    private let truncation: Truncation
    private let nonFinite: NonFinite

    static func prepare(_ node: Graph.Node, _ context: PreparationContext) -> DecodeStage {
        DecodeStage(
            truncation: node.parameters["truncated"] == "accept" ? .accept : .fail,
            nonFinite: node.parameters["non-finite"] == "zero" ? .zero : .fail)
    }

    func makeOperator(outlets: [Outlet], _ resources: RunResources) -> any Operator {
        DecodeOperator(truncation: truncation, nonFinite: nonFinite, outlet: outlets[0])
    }
}

private final class DecodeOperator: Source {
    /// Sample frames a read; a step is several.
    private static let blockFrames = 32_768
    /// Seconds of audio a step.
    private static let stepSeconds = 10

    private let outlet: Outlet
    private let truncation: Truncation
    private let nonFinite: NonFinite
    private let buffer: UnsafeMutableBufferPointer<Float>
    private let digester = FileDigester()
    private var file: AudioFile?
    private var before: SourceStat?
    private var frames = 0

    init(truncation: Truncation, nonFinite: NonFinite, outlet: Outlet) {
        self.outlet = outlet
        self.truncation = truncation
        self.nonFinite = nonFinite
        buffer = .allocate(capacity: Self.blockFrames)
    }

    deinit { buffer.deallocate() }

    func begin(_ job: ClipJob) throws {
        file = nil
        frames = 0
        let path = job.path
        let stat = try job.watched { try SourceStat.of(path) }
        before = stat
        // Known before anything can fail, so that a failure is of this very file and not tried again until it changes.
        job.source = SourceFile(content: "", size: stat.size, modified: stat.modified)
        // The digest reads the file once through; the decoder then finds it in the page cache.
        let digester = digester
        let content = try job.watched { try stat.digest(path, digester) }
        job.source = SourceFile(content: content, size: stat.size, modified: stat.modified)
        do {
            let (truncation, nonFinite) = (truncation, nonFinite)
            let file = try job.watched {
                try AudioFile(path: path, bytes: PathText.bytes(path), truncation: truncation, nonFinite: nonFinite)
            }
            // A length that is not known may be any.
            job.expect(seconds: file.declaredFrames.map { Double($0) / Double(file.rate) } ?? .greatestFiniteMagnitude)
            self.file = file
        } catch let error as AudioError {
            throw fault(error)
        }
    }

    func step(_ job: ClipJob) throws -> Bool {
        guard let file else { return false }
        var left = Self.stepSeconds * file.rate
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
            throw ClipFailure(
                failureClass: .changed, reason: "the file changed while it was being read")
        }
        job.source?.length = SourceFile.Length(frames: Int64(frames), rate: Int64(rate))
    }

    /// What the system ran out of is no fault of the clip: it ends the run.
    private func fault(_ error: AudioError) -> any Error {
        if let code = error.systemCode { return FileError(path: error.path, "cannot open", code: code) }
        return ClipFailure(failureClass: error.failureClass, reason: error.reason, offset: error.offset)
    }
}
