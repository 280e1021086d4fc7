import Errors
import Ledger

extension JudgementStore {
    /// The judgements, for what cannot be done without any.
    ///
    /// - Throws: `LedgerError` if there is no judgement that was not undone, or the file cannot be read.
    package func required() throws -> Contents {
        let found = try contents()
        guard JudgementHistory(found.rows).count > 0 else {
            let damage = found.damage.first.map { "; " + $0 } ?? ""
            throw LedgerError(
                .corrupt, path: path, "found no judgement, expected some: 'earmark review' adds them\(damage)")
        }
        return found
    }
}
