/// One clip on its way through the graph.
package final class ClipJob {
    /// Place in the manifest.
    package let index: Int
    /// The ledger's id.
    package let id: Int64
    package let name: String
    package let path: String
    /// The part of the recording that the clip is, as `RecordingPart` writes it; nil for all of it.
    package let part: String?
    /// What is to be done for the clip.
    package let route: Route
    /// Content digest, size in bytes and modification time in ns of the file that was read; nil if none was read.
    package var source: SourceFile?
    /// Rows that its persistent stages have delivered.
    package private(set) var products: [Product] = []
    /// What ended the clip's work early, if anything did.
    package private(set) var failure: ClipFailure?
    /// True once every source has given its last block.
    package internal(set) var isDrained = false
    /// Seconds of audio processed, for progress.
    package var seconds = 0.0 {
        didSet { meter?.heard = seconds }
    }
    /// The clip's length in samples before padding, at the pipeline's rate, by the node that pads it.
    package private(set) var samples: [Int: Int] = [:]

    package init(index: Int, id: Int64, name: String, path: String, part: String? = nil, route: Route) {
        self.index = index
        self.id = id
        self.name = name
        self.path = path
        self.part = part
        self.route = route
    }

    /// Watch of the worker that has the clip; nil if nothing is watching.
    var watch: WorkerWatch?

    /// Makes a call that may never return, such as a decoder's. The call must touch nothing that others can see.
    ///
    /// - Throws: what `call` throws, and `WorkerAbandoned` if the worker was given up in the meantime.
    package func watched<Value>(_ call: () throws -> Value) throws -> Value {
        guard let watch else { return try call() }
        watch.enter()
        let result = Swift.Result { try call() }
        guard watch.leave() else { throw WorkerAbandoned() }
        return try result.get()
    }

    /// Makes the calls of models for the worker that has the clip; nil if nothing is watching.
    var caller: ModelCaller?

    /// Makes a call of a model for this clip and others of the same worker. The call must touch nothing that others can
    /// see.
    ///
    /// - Parameter clips: all clips whose chunks are in it, this one too.
    /// - Throws: what `body` throws, and `WorkerAbandoned` if the worker was given up in the meantime.
    package func calling<Value>(_ call: ModelCall, for clips: [ClipJob], _ body: () throws -> Value) throws -> Value {
        guard let caller else { return try body() }
        return try caller.make(call, for: clips, body)
    }

    /// Shows others the clip's progress; nil if nothing displays it.
    var meter: ClipMeter?

    /// Says how long the clip is, in seconds: its decoding may take that much longer.
    ///
    /// - Parameters:
    ///   - seconds: `greatestFiniteMagnitude` if it is not known.
    ///   - dropped: seconds of the recording that are decoded before the clip begins.
    package func expect(seconds: Double, dropping dropped: Double = 0) {
        meter?.length = seconds < .greatestFiniteMagnitude ? seconds : 0
        let whole = seconds + dropped
        watch?.extend(by: whole.isFinite ? Int(min(max(whole, 0), 1e9)) : 0)
    }

    /// Lets reading a file take as long as it may on a slow disk or network, besides what decoding may take.
    ///
    /// - Parameter bytes: what is read, at 10 MB a second or more.
    package func allow(bytes: Int64) { watch?.extend(by: Int(max(0, bytes) / 10_000_000)) }

    /// Called by the node that pads the clip, or by a cache node that stands in for it, before the end of the rows is
    /// passed on.
    package func note(samples count: Int, of node: Int) { samples[node] = count }

    /// The chunks that are left out of inference, by the node that decides it.
    package private(set) var skipped: [Int: ChunkMask] = [:]
    /// How much that leaves out, by the same node; only where a stage has left anything out.
    package private(set) var skippedAudio: [Int: SkippedAudio] = [:]

    /// Called by the node that decides it for each chunk, or by a cache node that stands in for it, before the chunk's
    /// last rows are passed on.
    package func note(isSkipped: Bool, chunk: Int, of node: Int) {
        skipped[node, default: ChunkMask()].set(chunk, to: isSkipped)
    }

    /// Called by a stage that left chunks out, at the end of the clip. Several stages that go by one node say the same.
    package func note(skipped audio: SkippedAudio, of node: Int) { skippedAudio[node] = audio }

    /// Faults in the clip's file that the pipeline's settings let pass.
    package var accepted = Accepted()

    /// Called by a persistent stage when its rows of this clip are all written.
    package func deliver(_ product: Product) { products.append(product) }

    /// Lets the chain drop what its operators hold of this clip.
    var onFailure: (() -> Void)?

    /// Records a failure; only the first one counts.
    package func fail(_ failure: ClipFailure) {
        guard self.failure == nil else { return }
        self.failure = failure
        onFailure?()
    }

    var isComplete: Bool { products.count == route.targets.nonzeroBitCount }
}

/// What a file was like when it was read.
package struct SourceFile: Sendable, Equatable {
    package let content: String
    package let size: Int64
    package let modified: Int64
    /// The recording's length; nil until the file has been read to its end.
    package var length: Length?

    /// How long a recording is by the samples decoded from it.
    package struct Length: Sendable, Equatable {
        /// Sample frames that were decoded.
        package let frames: Int64
        /// Hz.
        package let rate: Int64

        /// - Parameters:
        ///   - frames: sample frames of the file.
        ///   - rate: sample rate of the file, in Hz.
        package init(frames: Int64, rate: Int64) {
            self.frames = frames
            self.rate = rate
        }
    }

    package init(content: String, size: Int64, modified: Int64, length: Length? = nil) {
        self.content = content
        self.size = size
        self.modified = modified
        self.length = length
    }
}

/// Faults in a clip's file that its pipeline was told to accept.
package struct Accepted: Sendable, Equatable {
    /// The file is cut off or damaged, and the part that could be read was used.
    package var isDamaged = false
    /// Samples that were not finite and were replaced by 0.
    package var zeroed: Int64 = 0

    package init(isDamaged: Bool = false, zeroed: Int64 = 0) {
        self.isDamaged = isDamaged
        self.zeroed = zeroed
    }
}
