import Corpora
import Foundation
import Tables
import TestSupport
import Testing

@Suite struct LabelTextTests {
    /// The labels of a manifest's one row, given the bytes of its field.
    private func labels(_ field: String) throws -> [String] {
        var bytes = CSV.row(["clip", "path", "labels"])
        CSV.append(["a", "a.wav", field], to: &bytes)
        return try Manifest(bytes: bytes, file: "m.csv", folder: "/").labels(0)
    }

    @Test(arguments: [
        ("Rain, Wind,,Rain", ["Rain", "Wind"]),
        ("\"Child speech, kid speaking\",Speech", ["Child speech, kid speaking", "Speech"]),
        (" \"Waves, surf\" , Ocean", ["Waves, surf", "Ocean"]),
        ("12\" vinyl,a \"quoted\" word", ["12\" vinyl", "a \"quoted\" word"]),
        ("\"say \"\"hi\"\", then go\"", ["say \"hi\", then go"]),
        ("\"\",\" \",x", [" ", "x"]),
        ("\"open,x", ["\"open", "x"]), ("\"a\"b,c", ["\"a\"b", "c"]), ("\"", ["\""]), ("\"\"\"", ["\"\"\""]),
        ("a,\u{301}b", ["a", "\u{301}b"]),
    ])
    func reads(field: String, expected: [String]) throws {
        #expect(try labels(field) == expected)
    }

    @Test("As it stands in a CSV file")
    func inAFile() throws {
        let text = "clip,path,labels\na,a.wav,\"\"\"Child speech, kid speaking\"\",Speech\"\n"
        let read = try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: "/")
        #expect(read.labels(0) == ["Child speech, kid speaking", "Speech"])
        // With another delimiter, commas go on separating labels.
        let other = "clip;path;labels\na;a.wav;\"Rain,\"\"Waves, surf; foam\"\"\"\n"
        #expect(
            try Manifest(bytes: Array(other.utf8), file: "m.csv", folder: "/").labels(0) == [
                "Rain", "Waves, surf; foam",
            ])
    }

    @Test("Any list of labels is read back as it was written")
    func anyList() throws {
        var random = SystemRandomNumberGenerator()
        let folder = try TemporaryFolder()
        let odd = [
            "\"", ",", " ", "\n", "\r\n", "\t", ";", "\"\"", "\u{301}", "\u{2003}", "a", "é", "e\u{301}", "\u{FEFF}",
            "=", "𝄞",
        ]
        func label() -> String {
            var label = ""
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                if Bool.random(using: &random) {
                    label += odd.randomElement(using: &random) ?? ""
                } else if let scalar = Unicode.Scalar(UInt32.random(in: 1...0x1FFFF, using: &random)),
                    !(0xEF80...0xEFFF).contains(scalar.value)
                {
                    label.unicodeScalars.append(scalar)
                }
            }
            return label.isEmpty ? "x" : label
        }
        for _ in 0..<40 {
            let entries = (0..<50).map { index in
                var labels: [String] = []
                for _ in 0..<Int.random(in: 0...5, using: &random) {
                    let next = label()
                    if !labels.contains(next) { labels.append(next) }
                }
                return Manifest.Entry(clip: "\(index)", path: folder.path + "/\(index).wav", labels: labels)
            }
            try Manifest.write(entries, to: folder.path + "/m.csv")
            let read = try Manifest(contentsOf: folder.path + "/m.csv")
            for (row, entry) in entries.enumerated() {
                #expect(read.labels(row).map { Array($0.utf8) } == entry.labels.map { Array($0.utf8) })
            }
        }
    }

    @Test("No field ends the program; what is read are names, each once")
    func anyField() throws {
        var state: UInt64 = 11
        let alphabet = ["\"", ",", " ", "a", "\u{301}", "\n", "\u{2003}"]
        for length in 0..<3000 {
            var field = ""
            for _ in 0..<length % 14 {
                state = state &* 6_364_136_223_846_793_005 &+ 1
                field += alphabet[Int(state >> 33) % alphabet.count]
            }
            let once = try labels(field)
            #expect(Set(once).count == once.count && !once.contains(""))
        }
    }

    @Test("100,000 labels in a field are read, each once and in order")
    func many() throws {
        let names = (0..<100_000).map { "label \($0)" }
        let read = try labels((names + names).joined(separator: ","))
        #expect(read == names)
        let quotes = try labels((0..<100_000).map { "\"\($0)" }.joined(separator: ","))
        #expect(quotes.count == 100_000)
    }
}
