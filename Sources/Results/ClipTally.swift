import Evaluation
import Ledger

/// Counts the clips that an export covers, and those that it lacks.
struct ClipTally {
    /// A clip's state in the pipeline; `skipped` is one that is done, but has no scores because of its level.
    enum State: String { case done, skipped, failed, pending }

    /// By position in the manifest.
    private var isDone: [Bool] = []
    private(set) var done = 0

    mutating func note(_ clip: ClipRecord) {
        let place = Int(clip.position)
        if place >= isDone.count {
            isDone.reserveCapacity(max(place + 1, isDone.capacity))
            isDone += repeatElement(false, count: place + 1 - isDone.count)
        }
        isDone[place] = true
        done += 1
    }

    /// Passes the chosen clips that were not noted to `missing`, in manifest order.
    ///
    /// - Returns: the coverage of the chosen clips.
    /// - Throws: `LedgerError`, and anything `missing` throws.
    func finish(
        _ ledger: Ledger, _ pipeline: PipelineRecord, _ selection: ClipSelection,
        missing: (ClipRecord, State) throws -> Void = { _, _ in }
    ) throws -> Coverage {
        let failing = Set(try ledger.failures(of: pipeline).map(\.clip))
        var (clips, failed) = (0, 0)
        try ledger.forEachClip { clip in
            guard selection.contains(clip) else { return }
            clips += 1
            let place = Int(clip.position)
            if place < isDone.count, isDone[place] { return }
            let state = failing.contains(clip.id) ? State.failed : .pending
            if state == .failed { failed += 1 }
            try missing(clip, state)
        }
        return Coverage(clips: clips, done: done, failed: failed)
    }
}
