/// Why a clip could not be done, in classes that a report can count and on which a parameter can decide.
///
/// The ledger stores `rawValue`. A value that this version does not know is kept unchanged.
package enum FailureClass: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The file is missing or the system cannot read it.
    case unreadable
    /// No audio, or audio of a kind that cannot be decoded.
    case unsupported
    /// There are no samples.
    case empty
    /// The file ends before its header says, or is damaged inside.
    case truncated
    /// The file states or holds something impossible, such as samples that are not finite, or another program's model
    /// fails on it.
    case invalid
    /// The file changed while it was being read.
    case changed
    /// Decoding the file did not finish, or a model's call for it did not.
    case stuck
    /// The process died twice while working on it.
    case deadly
    /// The clip's rows in the cache are not what was written.
    case damaged
    /// A fault of this program.
    case `internal`
    /// A class from a ledger that another version wrote.
    case other(String)

    /// All but `other`.
    package static let known: [FailureClass] = [
        .unreadable, .unsupported, .empty, .truncated, .invalid, .changed, .stuck, .deadly, .damaged, .internal,
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: known.map { ($0.rawValue, $0) })

    package init(rawValue: String) { self = Self.byName[rawValue] ?? .other(rawValue) }

    /// The word that is stored in the ledger and shown to users.
    package var rawValue: String {
        switch self {
        case .unreadable: "unreadable"
        case .unsupported: "unsupported"
        case .empty: "empty"
        case .truncated: "truncated"
        case .invalid: "invalid"
        case .changed: "changed"
        case .stuck: "stuck"
        case .deadly: "deadly"
        case .damaged: "damaged"
        case .internal: "internal"
        case .other(let name): name
        }
    }

    package var description: String { rawValue }
}
