/// Where a run is written down: a ledger in life, an array in a test.
package protocol RunRecorder: Sendable {
    /// Records clips whose rows are durable already, in one transaction.
    func commit(_ outcomes: [Outcome]) throws
    /// A worker starts on a clip. Cheap: called for every clip, on the worker's thread.
    func noteStart(clip: Int64, worker: Int)
    /// A worker has no clip any more.
    func noteIdle(worker: Int)
}

extension RunRecorder {
    package func noteStart(clip: Int64, worker: Int) {}
    package func noteIdle(worker: Int) {}
}
