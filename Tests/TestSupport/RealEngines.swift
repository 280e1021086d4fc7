import Engines
import Testing

/// The foreign engines of this machine, which most have not: EARMARK_ENGINES names where they are.
package enum RealEngines {
    package static func engine(_ kind: ForeignEngineKind) -> (any ForeignEngine)? {
        ForeignEngines.standard.finding(kind).engine
    }

    package static var all: [ForeignEngineKind] { ForeignEngineKind.allCases.filter { engine($0) != nil } }

    /// Why a test that needs one of these engines is skipped.
    package static func notice(_ kinds: ForeignEngineKind...) -> Comment {
        let wanted = kinds.map { "\($0.title) (\($0.installAdvice))" }.joined(separator: " or ")
        return "needs \(wanted), and found none; EARMARK_ENGINES names where it is"
    }
}
