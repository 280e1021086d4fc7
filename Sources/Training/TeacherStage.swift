import Cache
import Errors
import Features
import Foundation
import Ledger
import Wording

/// A stage of the cache whose chunk scores a student learns from.
package struct TeacherStage: Sendable {
    /// `PIPELINE.STAGE`, for messages.
    package let name: String
    let id: Int64
    let fingerprint: String
    /// Class names in the order of its scores.
    package let classes: [String]
    /// Their identifiers, in the same order; empty if they are not known.
    package let identifiers: [String]
    /// The front-end that its chunks are cut for, and the samples from one chunk to the next at that front-end's rate; nil
    /// if an earlier version made the cache and the ledger does not tell.
    private let timing: (frontEnd: FrontEnd, hop: Int)?

    /// - Parameters:
    ///   - identifiers: of its classes, as many as there are classes, or none.
    /// - Throws: `TrainingError` if the stage keeps no chunk scores; `LedgerError`.
    package init(name: String, stage: StageRecord, identifiers: [String], ledger: Ledger) throws {
        classes = ClassList.decode(stage.classes)
        guard stage.kind == "scores", !classes.isEmpty else {
            throw TrainingError(
                .usage, at: ErrorPlace(ledger.path),
                "stage '\(name)' keeps \(stage.kind), expected the scores of chunks to learn from")
        }
        self.name = name
        id = stage.id
        fingerprint = stage.fingerprint
        self.identifiers = identifiers.count == classes.count ? identifiers : []
        let told = try ledger.frontEnds()[stage.id]
        timing = told.flatMap { told -> (frontEnd: FrontEnd, hop: Int)? in
            guard told.rate > 0, told.chunkHop > 0,
                let frontEnd = try? JSONDecoder().decode(FrontEnd.self, from: Data(told.settings.utf8))
            else { return nil }
            return (frontEnd, told.chunkHop)
        }
    }

    /// Checks that its chunks are the student's: as long, and as far apart. The two sampling rates may differ.
    ///
    /// - Throws: `TrainingError` naming both.
    func check(_ plan: ChunkPlan, ledger: String) throws {
        guard let timing else {
            throw TrainingError(
                .badInput, at: ErrorPlace(ledger),
                "it does not tell how far the chunks of stage '\(name)' lie apart, as an earlier version made it; run its "
                    + "pipeline again, which does nothing anew and notes it")
        }
        func seconds(_ samples: Int, _ frontEnd: FrontEnd) -> Double { Double(samples) / Double(frontEnd.rate) }
        let found = (
            hop: seconds(timing.hop, timing.frontEnd), length: seconds(timing.frontEnd.chunk, timing.frontEnd)
        )
        let wanted = (
            hop: seconds(plan.hop, plan.frontEnd), length: seconds(plan.frontEnd.chunk, plan.frontEnd)
        )
        guard abs(found.hop - wanted.hop) > 1e-9 || abs(found.length - wanted.length) > 1e-9 else { return }
        throw TrainingError(
            .usage, at: ErrorPlace(ledger),
            "a chunk of teacher '\(name)' has \(found.length) s and begins every \(found.hop) s, expected chunks of "
                + "\(wanted.length) s every \(wanted.hop) s, as those of the student; "
                + (abs(found.length - wanted.length) > 1e-9
                    ? "another teacher is needed" : "--overlap can be what the teacher's chunk stage has"))
    }
}
