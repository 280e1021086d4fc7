import Cache
import Corpora
import Errors
import Ledger
import Stages

/// How far a part of a plan is, from what its process last said and whether its lock is held. Opens the ledger only of a part
/// whose process is gone without a word.
package struct PartOverview: Sendable {
    /// How far it is.
    package enum Phase: Sendable, Equatable {
        /// Never begun, or its cache is gone.
        case absent
        /// A process works on it; nil for one that has not written its name yet.
        case running(CacheLock.Holder?)
        /// Its process ended without a word.
        case killed
        case interrupted
        case done
        /// Its process ended with an error, in its words.
        case fault(String)

        /// In one word or a few.
        package var word: String {
            switch self {
            case .absent: "never started"
            case .running: "running"
            case .killed: "killed"
            case .interrupted: "interrupted"
            case .done: "done"
            case .fault: "failed"
            }
        }
    }

    package let part: Int
    package let share: PartPlan.Share
    package let phase: Phase
    /// What its process last wrote, with what was done and failed by then, or by its ledger if it was killed; nil if it was
    /// never begun.
    package let state: PartState?

    /// The parts of a plan that have clips.
    ///
    /// - Throws: `FileError` or `CacheError` if what a part says of itself cannot be read.
    package static func all(_ plan: PartPlan, in folder: PartFolder) throws -> [PartOverview] {
        try plan.shares.enumerated().compactMap { part, share in
            guard share.clips > 0 else { return nil }
            let own = folder.part(part, of: plan.job.parts)
            let (said, lock) = try current(own, plan)
            let phase = phase(said, lock, own)
            var state = said
            if phase == .killed, let counts = counts(own, plan) {
                state?.done = counts.done
                state?.failed = counts.failed
            }
            return PartOverview(part: part, share: share, phase: phase, state: state)
        }
    }

    /// What a part has done by its ledger, which knows more than `part.json` after a kill. No process writes to it: the part's
    /// lock is free.
    ///
    /// - Returns: nil if it has no ledger, its pipeline did not run, or the ledger cannot be read, which `merge` and `verify`
    ///   report; `part.json` then tells what is known.
    private static func counts(_ own: CacheFolder, _ plan: PartPlan) -> ClipCounts? {
        guard own.exists, let ledger = try? own.reading() else { return nil }
        defer { try? ledger.close() }
        guard let record = try? ledger.pipelines().first(where: { $0.fingerprint == plan.job.fingerprint }) else {
            return nil
        }
        return try? ledger.counts(for: record)
    }

    /// What a part last said of itself, and whether its lock was held then.
    ///
    /// A process writes how it ended before it releases the lock. So where the lock is found free after a state of running
    /// was read, that state is read again: only one that is still the same is of a process that was killed.
    private static func current(_ own: CacheFolder, _ plan: PartPlan) throws -> (PartState?, CacheLock.State) {
        func read() throws -> PartState? {
            try PartState.read(own).flatMap { plan.merged.contains($0.plan) ? nil : $0 }
        }
        var state = try read()
        while true {
            let lock = CacheLock.state(folder: own.folder)
            guard lock == .free, state?.phase == .running else { return (state, lock) }
            let again = try read()
            if again == state { return (state, lock) }
            state = again
        }
    }

    private static func phase(_ state: PartState?, _ lock: CacheLock.State, _ own: CacheFolder) -> Phase {
        guard let state else { return .absent }
        if case .held(let holder) = lock { return .running(holder) }
        switch state.phase {
        case .running: return .killed
        case .interrupted: return .interrupted
        case .done: return own.exists ? .done : .absent
        case .fault: return .fault(state.fault ?? "")
        }
    }

    /// Finds out which parts still have clips to do, from their ledgers, each under its part's lock.
    ///
    /// - Returns: those that nobody works on, and those that are being worked on.
    /// - Throws: `CacheError` for a part that was computed from something else than the plan says or is damaged;
    ///   `LedgerError` or `FileError` if it cannot be read.
    package static func unfinished(
        _ plan: PartPlan, pipeline: LoadedPipeline, manifest: Manifest, cache: CacheFolder
    ) throws -> (idle: [Int], running: [Int]) {
        var (idle, running): ([Int], [Int]) = ([], [])
        try PartFolder(cache).removeMerged(plan)
        let manifest = try plan.clips(of: manifest)
        for (part, rows) in plan.rowsOfParts().enumerated() where !rows.isEmpty {
            do {
                let survey = try PartSurvey(
                    part, plan: plan, rows: rows, manifest: manifest, graph: pipeline.graph, target: cache)
                if !survey.missing.isEmpty { idle.append(part) }
            } catch let error as LedgerError where error.kind == .busy {
                running.append(part)
            }
        }
        return (idle, running)
    }
}
