import Corpora
import Results
import Tables
import Testing

@Suite struct ThresholdTests {
    private static let classes = ["Dog", "Cat", "Child speech, kid speaking", "Rain"]

    private func table(_ text: String) throws -> ThresholdTable {
        try ThresholdTable(bytes: Array(text.utf8), file: "t.csv", classes: ClassNames(Self.classes))
    }

    @Test(arguments: [
        "class,threshold\nDog,0.6\n\"Child speech, kid speaking\",0.25\n",
        "\u{FEFF}Class;Threshold;note\nDog;0.6;x\nChild speech, kid speaking;0.25;\n",
        "recall\tclass\trelease\tthreshold\n1\tDog\t\t0.6\n1\tChild speech, kid speaking\t\t0.25\n1\tRain\t\t\n",
        "sep=;\nclass;threshold\nDog;0,6\nChild speech, kid speaking;0,25\n",
        "\"Class\";\"Threshold\"\r\n\"Dog\";\"0.6\"\r\n\"Child speech, kid speaking\";0.25\r\n",
    ]) func read(text: String) throws {
        let found = try Thresholds(classes: Self.classes, fallback: 0.5, tables: [table(text)])
        #expect(found.on == [0.6, 0.5, 0.25, 0.5])
        #expect(found.release == [0.3, 0.25, 0.125, 0.25])
    }

    @Test func disarmedNames() throws {
        let table = try ThresholdTable(
            bytes: Array("class,threshold\n'-x,0.6\n".utf8), file: "t.csv", classes: ClassNames(["-x"]))
        #expect(table.entries.map(\.label) == ["-x"])
    }

    @Test func writtenAndReadBack() throws {
        let table = ThresholdTable(
            file: "t.csv",
            entries: [
                .init(label: "Child speech, kid speaking", threshold: 0.123_456_789, line: 2),
                .init(label: "Rain", threshold: nil, line: 3), .init(label: "Dog", threshold: 1, line: 4),
            ])
        #expect(try ThresholdTable(bytes: table.bytes, file: "t.csv", classes: ClassNames(Self.classes)) == table)
        let both = ThresholdTable(file: "t.csv", entries: [.init(label: "Dog", threshold: 0.5, release: 0.1, line: 2)])
        #expect(try ThresholdTable(bytes: both.bytes, file: "t.csv", classes: ClassNames(Self.classes)) == both)
    }

    @Test(arguments: [
        ("class,threshold\nDgo,0.5\n", "t.csv:2: found class 'Dgo', expected one of the 4 classes; nearest: 'Dog'"),
        (
            "class,threshold\nDog,0.5\nDog,0.6\n",
            "t.csv:3: found class 'Dog' again (first on line 2), expected each class once"
        ),
        ("class,threshold\nDog,1.01\n", "t.csv:2: found threshold '1.01', expected a number from 0 to 1"),
        ("class,threshold\nDog,nan\n", "t.csv:2: found threshold 'nan', expected a number from 0 to 1"),
        ("class,threshold\n\nDog,half\n", "t.csv:3: found threshold 'half', expected a number from 0 to 1"),
        ("class,threshold,release\nDog,0.5,-1\n", "t.csv:2: found release '-1', expected a number from 0 to 1"),
        (
            "class,threshold,release\nDog,0.5,0.6\n",
            "t.csv:2: found release 0.6 above threshold 0.5, expected a release of at most the threshold"
        ),
        ("", "t.csv:1: found an empty file, expected the columns class and threshold, and release if wanted"),
        (
            "name,value\n",
            "t.csv:1: found a header without them, expected the columns class and threshold, and release if wanted"
        ),
        (
            "class,threshold\n\"Dog,0.5\n",
            "t.csv:2: found a quoted field that runs to the end of the file, expected a closing quote"
        ),
    ]) func refused(text: String, message: String) {
        #expect { _ = try table(text) } throws: { "\($0)" == message }
    }

    @Test func precedence() throws {
        let recommended = ThresholdTable(
            file: "model",
            entries: [.init(label: "Dog", threshold: 0.2, release: 0.15), .init(label: "Cat", threshold: 0.3)])
        let own = try table("class,threshold,release\nDog,0.8,\nRain,,0.05\n")
        let found = try Thresholds(classes: Self.classes, fallback: 0.5, tables: [own, recommended])
        #expect(found.on == [0.8, 0.3, 0.5, 0.5])
        // The release that the model recommends belongs to the threshold that it recommends.
        #expect(found.release == [0.4, 0.15, 0.25, 0.05])
        let released = try Thresholds(classes: Self.classes, fallback: 0.5, tables: [own], release: 0.1)
        #expect(released.release == [0.1, 0.1, 0.1, 0.05])
        #expect {
            _ = try Thresholds(classes: Self.classes, fallback: 0.5, tables: [recommended], release: 0.35)
        } throws: {
            "\($0)" == "--release: found 0.35, expected at most the threshold, which is 0.3 for class 'Cat'"
        }
        // Of a class that nobody asked for it is no matter.
        _ = try Thresholds(classes: Self.classes, fallback: 0.5, tables: [recommended], release: 0.35, chosen: [2, 3])
        let late = try table("class,threshold,release\nCat,,0.6\n")
        #expect { _ = try Thresholds(classes: Self.classes, fallback: 0.5, tables: [late]) } throws: {
            "\($0)" == "t.csv:2: found release 0.6 of class 'Cat', expected at most its threshold, which is 0.5"
        }
    }

    /// A comma for the decimal point makes a field too many; hexadecimal numbers and a NUL are no thresholds.
    @Test(arguments: ["Dog,0,5", "Dog,0x1p-1", "Dog,0.5\0", "Dog,1e-400x"]) func numbersThatAreNone(row: String) {
        let error = #expect(throws: TableError.self) { try table("class,threshold\n" + row + "\n") }
        #expect(error?.line == 2)
    }

    /// Only events have releases: labels take a table whose release lies above another threshold.
    @Test func labelsIgnoreReleases() throws {
        let table = try table("class,threshold,release\nDog,,0.3\n")
        #expect(throws: TableError.self) {
            try Thresholds(classes: Self.classes, fallback: 0.1, tables: [table], chosen: [0])
        }
        let found = try Thresholds(classes: Self.classes, fallback: 0.1, tables: [table], chosen: [])
        #expect(found.on == [0.1, 0.1, 0.1, 0.1])
    }
}
