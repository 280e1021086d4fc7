import Errors
import Foundation
import Synchronization

/// The foreign engines of this machine. Each is looked for and opened when it is first asked for, and then kept.
///
/// None is needed to build or to start this program: without one, only the models that need it cannot be used.
package final class ForeignEngines: Sendable {
    /// What was found of one kind.
    package struct Finding: Sendable {
        package let kind: ForeignEngineKind
        /// The engine that is used; nil if there is none.
        package let engine: (any ForeignEngine)?
        /// The other libraries that were found, in the order in which they were tried, and why each is not used.
        package let passedOver: [PassedOver]
    }

    /// A library that is not used.
    package struct PassedOver: Sendable, Equatable {
        package let path: String
        package let reason: String

        package init(path: String, reason: String) {
            self.path = path
            self.reason = reason
        }
    }

    /// Those of the machine and the user who runs this program.
    package static let standard = ForeignEngines(EngineSearch(variables: ProcessInfo.processInfo.environment))

    private let search: EngineSearch
    private let findings = Mutex<[ForeignEngineKind: Finding]>([:])

    package init(_ search: EngineSearch) { self.search = search }

    /// The engine that reads a file.
    ///
    /// - Parameters:
    ///   - path: the graph's file.
    ///   - asked: the engine that is to read it; nil for the preferred one of those that are there.
    /// - Throws: `ForeignEngineError` if there is none, with the command that brings one.
    package static func engine(for path: String, asked: ForeignEngineKind?) throws -> any ForeignEngine {
        try standard.engine(for: path, asked: asked)
    }

    /// See the static function of the same name.
    ///
    /// - Throws: `ForeignEngineError` if there is none, with the command that brings one.
    package func engine(for path: String, asked: ForeignEngineKind?) throws -> any ForeignEngine {
        let format = try ForeignFormat.of(path)
        if let asked, !format.engines.contains(asked) {
            throw ForeignEngineError(
                .badInput, place: ErrorPlace(path),
                "found a file of format \(format.rawValue) for \(asked.title), which does not read it, expected "
                    + format.engines.map(\.title).joined(separator: " or "))
        }
        let kinds = asked.map { [$0] } ?? format.engines
        for kind in kinds { if let engine = finding(kind).engine { return engine } }
        let wanted = kinds.map { "\($0.title) (\($0.installAdvice))" }.joined(separator: " or ")
        let refused = kinds.flatMap { finding($0).passedOver }
        let told = refused.map { "; not used: \($0.path): \($0.reason)" }.joined()
        throw ForeignEngineError(
            .badInput, place: ErrorPlace(path),
            "found no engine that reads \(format.rawValue), expected \(wanted)" + told)
    }

    /// What there is of one kind: the first library in the order of `EngineSearch` that can be used.
    package func finding(_ kind: ForeignEngineKind) -> Finding {
        findings.withLock { findings in
            if let known = findings[kind] { return known }
            var engine: (any ForeignEngine)?
            var passedOver: [PassedOver] = []
            for path in search.libraries(kind) {
                if let engine {
                    let reason = "the one of version \(engine.version) comes first"
                    passedOver.append(PassedOver(path: path, reason: reason))
                    continue
                }
                do { engine = try kind.open(path) } catch {
                    let reason = (error as? any EarmarkError)?.message ?? "\(error)"
                    passedOver.append(PassedOver(path: path, reason: reason))
                }
            }
            let finding = Finding(kind: kind, engine: engine, passedOver: passedOver)
            findings[kind] = finding
            return finding
        }
    }

    /// What the user has named as a place of engines although none is there.
    package var emptyPlaces: [String] { search.empty }
}
