/// Where a run is recorded: a ledger in real use, an array in a test.
package protocol RunRecorder: Sendable {
    /// Records clips whose rows are already durable, in one transaction.
    func commit(_ outcomes: [Outcome]) throws
    /// A worker starts on a clip. Must be cheap: called for every clip, on the worker's thread.
    func noteStart(clip: Int64, worker: Int)
    /// A worker no longer has a clip.
    func noteIdle(worker: Int)
    /// A worker calls a model for these clips. Must be cheap: called for every forward pass, on the worker's thread.
    func noteCall(_ call: ModelCall, clips: [Int64], worker: Int)
    /// The worker's call has returned.
    func noteReturn(worker: Int)
    /// The worker's call has not returned within its limit, and the run ends for it.
    func noteHang(worker: Int)
}

extension RunRecorder {
    package func noteStart(clip: Int64, worker: Int) {}
    package func noteIdle(worker: Int) {}
    package func noteCall(_ call: ModelCall, clips: [Int64], worker: Int) {}
    package func noteReturn(worker: Int) {}
    package func noteHang(worker: Int) {}
}
