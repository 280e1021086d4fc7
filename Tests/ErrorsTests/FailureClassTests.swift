import Errors
import Testing

/// Failure classes as the ledger keeps them.
struct FailureClassTests {
    @Test("Every known class comes out of its name as itself, and no two have one name")
    func known() {
        for failureClass in FailureClass.known {
            #expect(FailureClass(rawValue: failureClass.rawValue) == failureClass)
            #expect("\(failureClass)" == failureClass.rawValue)
        }
        #expect(Set(FailureClass.known.map(\.rawValue)).count == FailureClass.known.count)
    }

    @Test("The names are those that ledgers hold since the first version")
    func names() {
        #expect(
            FailureClass.known.map(\.rawValue) == [
                "unreadable", "unsupported", "empty", "truncated", "invalid", "changed", "stuck", "deadly", "damaged",
                "internal",
            ])
    }

    @Test(
        "A name that is not known comes out as it went in", arguments: ["", "decode", "Unreadable", "é\"\\", "empty "])
    func unknown(name: String) {
        let found = FailureClass(rawValue: name)
        #expect(found == .other(name) && found.rawValue == name && !FailureClass.known.contains(found))
    }
}
