/// One clip on its way through the graph.
package final class ClipJob {
    /// Place in the manifest.
    package let index: Int
    /// The ledger's id.
    package let id: Int64
    package let name: String
    package let path: String
    /// What is to be done for the clip.
    package let route: Route
    /// Content digest, size in bytes and modification time in ns of the file that was read; nil where nothing was.
    package var source: SourceFile?
    /// Rows that its persistent stages have delivered.
    package private(set) var products: [Product] = []
    /// What ended its work, where something did.
    package private(set) var failure: ClipFailure?
    /// True once every source has given its last block.
    package internal(set) var isDrained = false
    /// Seconds of audio that went through, for progress.
    package var seconds = 0.0 {
        didSet { meter?.heard = seconds }
    }
    /// Samples of the clip before padding, at the pipeline's rate, by the node that pads it.
    package private(set) var samples: [Int: Int] = [:]

    package init(index: Int, id: Int64, name: String, path: String, route: Route) {
        self.index = index
        self.id = id
        self.name = name
        self.path = path
        self.route = route
    }

    /// Of the worker that has it; nil where nobody watches.
    var watch: WorkerWatch?

    /// Makes a call that may never come back, such as a decoder's. Inside, nothing may be touched that others see.
    ///
    /// - Throws: what `call` throws, and `WorkerAbandoned` where the worker was given up meanwhile.
    package func watched<Value>(_ call: () throws -> Value) throws -> Value {
        guard let watch else { return try call() }
        watch.enter()
        let result = Swift.Result { try call() }
        guard watch.leave() else { throw WorkerAbandoned() }
        return try result.get()
    }

    /// Shows others how far the clip is; nil where nobody looks.
    var meter: ClipMeter?

    /// Tells how long the clip is, in seconds: so much longer its decoding may take.
    package func expect(seconds: Double) {
        meter?.length = seconds
        watch?.extend(by: seconds.isFinite ? Int(min(max(seconds, 0), 1e9)) : 0)
    }

    /// Called by the node that pads the clip, or by a cache node that stands in for it, before the rows' end goes on.
    package func note(samples count: Int, of node: Int) { samples[node] = count }

    /// What the pipeline's settings let pass in the clip's file.
    package var accepted = Accepted()

    /// Called by a persistent stage when its rows of this clip are all written.
    package func deliver(_ product: Product) { products.append(product) }

    /// Lets the chain drop what its operators hold of this clip.
    var onFailure: (() -> Void)?

    /// The first failure stands.
    package func fail(_ failure: ClipFailure) {
        guard self.failure == nil else { return }
        self.failure = failure
        onFailure?()
    }

    var isComplete: Bool { products.count == route.targets.nonzeroBitCount }
}

/// What a file was when it was read.
package struct SourceFile: Sendable, Equatable {
    package let content: String
    package let size: Int64
    package let modified: Int64
    /// Its own length; nil before it was read to its end.
    package var length: Length?

    /// How long a recording is by its own samples.
    package struct Length: Sendable, Equatable {
        /// Sample frames that were decoded.
        package let frames: Int64
        /// Hz.
        package let rate: Int64

        /// - Parameters:
        ///   - frames: sample frames of the file.
        ///   - rate: of the file, per second.
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

/// What a clip's file had that its pipeline was told to accept.
package struct Accepted: Sendable, Equatable {
    /// The file is cut or damaged, and what there was of it was taken.
    package var isDamaged = false
    /// Samples that were not finite and were taken as 0.
    package var zeroed: Int64 = 0

    package init(isDamaged: Bool = false, zeroed: Int64 = 0) {
        self.isDamaged = isDamaged
        self.zeroed = zeroed
    }
}
