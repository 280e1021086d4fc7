import Corpora
import Foundation
import Results
import Testing

@Suite struct SelectionTests {
    private static let names = ClassNames(["Dog", "Cat", "Rain", "Child speech, kid speaking"])

    @Test func classes() throws {
        func places(_ only: [String], _ not: [String]) throws -> [Int] {
            try ClassSelection(only: only, not: not, classes: Self.names).places
        }
        #expect(try places([], []) == [0, 1, 2, 3])
        #expect(try places(["Rain", "Dog", "Rain"], []) == [0, 2])
        #expect(try places([], ["Dog", "Child speech, kid speaking"]) == [1, 2])
        #expect(try places(["Dog", "Cat"], ["Dog"]) == [1])
        #expect { _ = try places(["dgo"], []) } throws: {
            "\($0)" == "--class: found class 'dgo', expected one of the 4 classes; nearest: 'Dog'"
        }
        #expect { _ = try places([], ["Child speech"]) } throws: {
            "\($0)".hasPrefix("--not-class: found class 'Child speech'")
                && "\($0)".hasSuffix("nearest: 'Child speech, kid speaking'")
        }
        #expect { _ = try places(["Dog"], ["Dog"]) } throws: { "\($0)".contains("at least one class left") }
    }

    @Test(arguments: [
        ("*.wav", "a/b.wav", true), ("*.wav", "a.flac", false), ("a?c", "aéc", true), ("a?c", "ac", false),
        ("[a-c]*", "bark", true), ("[!a-c]*", "bark", false), ("[é]", "é", true), ("\\*", "*", true),
        ("\\*", "a", false),
        ("[", "[", true), ("[]]", "]", true), ("", "", true), ("", "a", false), ("*", "", true), ("**a**", "xay", true),
        ("a*a*a*a*a*a*a*a*a*b", String(repeating: "a", count: 5000), false),
    ]) func glob(pattern: String, name: String, fits: Bool) {
        #expect(Glob(pattern).matches(name) == fits)
    }

    /// The C library's own, where both speak of bytes.
    @Test func equalsFnmatch() {
        var draw = Draw(7)
        let letters = Array("ab*?[]!-\\/c")
        var fitting = 0
        for _ in 0..<200_000 {
            let pattern = String((0..<draw.number(below: 7)).map { _ in letters[draw.number(below: letters.count)] })
            let name = String((0..<draw.number(below: 6)).map { _ in Array("abc/-]")[draw.number(below: 6)] })
            // Of what POSIX leaves open: a backslash at the end, or within a set; ranges that run backwards or end in a bracket.
            if pattern.hasSuffix("\\") || pattern.contains("[") && (pattern.contains("\\") || pattern.contains("-")) {
                continue
            }
            let expected = fnmatch(pattern, name, 0) == 0
            if expected { fitting += 1 }
            #expect(Glob(pattern).matches(name) == expected, "\(pattern) \(name)")
        }
        #expect(fitting > 5_000)
    }
}
