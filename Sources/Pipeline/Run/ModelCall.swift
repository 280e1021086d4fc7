/// A forward pass of a model for chunks of one or more clips: a call into an engine that may crash the process or never
/// return.
package struct ModelCall: Sendable, Equatable {
    /// The model and what computes it, for messages, such as `birdnet by LiteRT 2.3.0`.
    package let name: String
    /// Seconds that one call may take.
    package let limit: Int

    package init(name: String, limit: Int) {
        self.name = name
        self.limit = limit
    }
}

/// Makes a worker's calls of models: who was in a call is on record if the process dies in it, and the run sees it if it
/// does not return.
final class ModelCaller {
    private let watch: WorkerWatch
    private let recorder: any RunRecorder
    private let worker: Int
    /// The call that is under way, with its clips; nil if none is. Others may read it only after the worker was given up.
    private(set) var current: (call: ModelCall, clips: [ClipJob])?

    init(watch: WorkerWatch, recorder: any RunRecorder, worker: Int) {
        self.watch = watch
        self.recorder = recorder
        self.worker = worker
    }

    /// - Throws: what `body` throws, and `WorkerAbandoned` if the worker was given up in the meantime.
    func make<Value>(_ call: ModelCall, for clips: [ClipJob], _ body: () throws -> Value) throws -> Value {
        recorder.noteCall(call, clips: clips.map(\.id), worker: worker)
        current = (call, clips)
        watch.enter(limit: call.limit)
        let result = Swift.Result { try body() }
        guard watch.leave() else { throw WorkerAbandoned() }
        current = nil
        recorder.noteReturn(worker: worker)
        return try result.get()
    }
}
