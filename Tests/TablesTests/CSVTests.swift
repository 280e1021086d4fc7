import Files
import Tables
import Testing
import TestSupport

@Suite struct CSVTests {
    private func rows(_ text: String) throws -> [[String]] {
        var reader = CSVReader(bytes: Array(text.utf8), file: "t.csv")
        var rows: [[String]] = []
        while try reader.next() { rows.append(reader.fields.map { reader.text($0) }) }
        return rows
    }

    @Test func readsWhatTheStandardSays() throws {
        #expect(try rows("a,b\r\n\"x, y\",\"say \"\"hi\"\"\"\r\n") == [["a", "b"], ["x, y", "say \"hi\""]])
        #expect(try rows("\u{FEFF}a,b\nc,d") == [["a", "b"], ["c", "d"]])
        #expect(try rows("\"two\nlines\",2\n\n\n3,4\r5,6") == [["two\nlines", "2"], ["3", "4"], ["5", "6"]])
        #expect(try rows("a,\n,\n\"\",\"\"\"\"\n") == [["a", ""], ["", ""], ["", "\""]])
        #expect(try rows("a,") == [["a", ""]])
        #expect(try rows("").isEmpty)
        #expect(try rows("5\" disk,\"\"\"\"\"\"") == [["5\" disk", "\"\""]])
    }

    @Test func countsLinesInsideQuotes() throws {
        var reader = CSVReader(bytes: Array("a\n\"1\r\n2\n3\"\nlast\n".utf8), file: "t.csv")
        var lines: [Int] = []
        while try reader.next() { lines.append(reader.rowLine) }
        #expect(lines == [1, 2, 5])
    }

    @Test func namesTheLineOfABrokenQuote() {
        #expect(
            message { _ = try rows("a\n\"open\nand on") }
                == "t.csv:2: found a quoted field that runs to the end of the file, expected a closing quote")
        #expect(
            message { _ = try rows("a\n\"b\"c\n") }
                == "t.csv:2: found 'c' after a closing quote, expected a comma or the end of the line")
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let written = [["a", "b,c", "d\"e", "f\ng", "", " h", "\u{FEFF}x", "\r"], [""], ["ü", "=1+1"]]
        let bytes = written.flatMap { CSV.row($0) }
        #expect(try rows(String(decoding: bytes, as: UTF8.self)) == written)
        #expect(CSV.row(["plain", "b,c"]) == Array("plain,\"b,c\"\n".utf8))
    }

    @Test func formulasAreDisarmedInExportsOnly() {
        for name in ["=1", "+1", "-1", "@x", "\tx", "\rx"] { #expect(CSV.safeField(name) == "'" + name) }
        for name in ["a=1", "", "Rain", "'x"] { #expect(CSV.safeField(name) == name) }
        #expect(CSV.row(["=1"]) == Array("=1\n".utf8))
    }

    @Test("Every name can be told from its field, also one that looks as if it had been disarmed")
    func disarmedNamesComeBack() {
        let names = ["=1", "'=1", "''=1", "'", "''", "'x", "a", "", "'\r", "=", "'=\u{301}", "\u{301}=", "'-", "-'"]
        for name in names {
            #expect(CSV.name(ofSafe: CSV.safeField(name)) == name)
            // Fields that were written exactly are read as they are, save for one that looks disarmed.
            #expect(CSV.name(ofSafe: CSV.exactField(name)) == name)
        }
        #expect(Set(names.map(CSV.safeField)).count == names.count)
        #expect(CSV.safeField("'=1") == "''=1" && CSV.exactField("=1") == "=1")
    }

    @Test func noBytesCrashTheReader() {
        var state: UInt64 = 3
        let alphabet = Array("\",\n\r a\u{0}".utf8) + [0xFF, 0xEF, 0xBB, 0xBF]
        for _ in 0..<4000 {
            var bytes: [UInt8] = []
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1
                bytes.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            var reader = CSVReader(bytes: bytes, file: "t.csv")
            while (try? reader.next()) == true {
                for field in reader.fields { #expect(PathText.bytes(reader.text(field)) == reader.value(field)) }
            }
        }
    }
}
