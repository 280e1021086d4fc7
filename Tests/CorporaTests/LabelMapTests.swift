import Corpora
import Tables
import Testing

/// Labels of a truth that the model calls otherwise.
@Suite struct LabelMapTests {
    private let names = ClassNames(
        ["Speech", "Child speech, kid speaking", "Dog", "Bark"], identifiers: ["/m/09x0r", "/m/0ytgt", "/m/0bt9lr", ""])

    private func map(_ text: String) throws -> LabelMap {
        try LabelMap(bytes: Array(text.utf8), file: "map.csv", names: names)
    }

    private func message(_ text: String) -> String {
        do {
            _ = try map(text)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("Classes by name or identifier, several or none; a header, blanks, empty rows and further commas do no harm")
    func reading() throws {
        let text = """
            label,class,class
            dog_bark , Dog , Bark
            "kid, shouting","Child speech, kid speaking",/m/09x0r,,
            ,,
            Misc,
            noise

            """
        let map = try map(text)
        #expect(map["dog_bark"] == [2, 3] && map["kid, shouting"] == [1, 0])
        #expect(map["Misc"] == [] && map["noise"] == [] && map["Dog"] == nil && map["label"] == nil)
        #expect(map.labels == ["Misc", "dog_bark", "kid, shouting", "noise"])
        // Without a header the first line counts, whatever it says.
        #expect(try self.map("a,Dog\n")["a"] == [2])
        #expect(try self.map("label,Dog\n")["label"] == [2])
        #expect(try self.map("sep=;\nlabel;class\na;Dog;Bark\n")["a"] == [2, 3])
    }

    @Test("Semicolons and tabs, with and without a header, and UTF-16: the same map, and a word about it")
    func spreadsheets() throws {
        for (delimiter, word) in [(";", "read as semicolon-separated"), ("\t", "read as tab-separated")] {
            for header in ["", "label,class\r\n"] {
                let text = header + "dog,Dog,Bark\r\n\"kid\",Child speech? kid speaking\r\nMisc,\r\n,,\r\n"
                let own = text.replacing(",", with: delimiter).replacing("?", with: ",")
                let map = try map(own)
                #expect(map["dog"] == [2, 3] && map["kid"] == [1] && map["Misc"] == [] && map.labels.count == 3)
                #expect(map.notices == ["map.csv: " + word])
                let wide: [UInt8] =
                    [0xFF, 0xFE]
                    + own.utf16.flatMap { unit -> [UInt8] in
                        [UInt8(unit & 0xFF), UInt8(unit >> 8)]
                    }
                let other = try LabelMap(bytes: wide, file: "map.csv", names: names)
                #expect(other["kid"] == [1] && other.notices.count == 2)
            }
        }
        // A label of one's own may have a semicolon in it.
        let plain = try map("a;b,Dog\n")
        #expect(plain["a;b"] == [2] && plain.notices.isEmpty)
    }

    @Test("A class or label whose name an export has disarmed is the same class or label")
    func disarmed() throws {
        let names = ClassNames(["-x", "Dog"])
        #expect(names.place(of: "'-x") == 0 && names.place(of: "-x") == 0 && names.place(of: "'Dog") == nil)
        let map = try LabelMap(bytes: Array("a,'-x\n=b,Dog\n".utf8), file: "map.csv", names: names)
        #expect(map["a"] == [0] && map["'=b"] == [1])
        try names.check([(line: 2, clip: "a", labels: ["'-x", "-x"])], file: "t.csv")
    }

    @Test("An unknown class, a label that comes again, a line that is none, an empty file: one line with the place")
    func refused() {
        #expect(
            message("a,Dog\nb,Brak\n")
                == "map.csv:2: found class 'Brak' for label 'b', expected one of the 4 classes; nearest: 'Bark'")
        #expect(message("a,/m/none\n").contains("map.csv:1: found class '/m/none'"))
        #expect(message("a,Dog\nb,Bark\na,Bark\n").hasPrefix("map.csv:3: found label 'a' again (first on line 1)"))
        #expect(message("a,Dog\n,Bark\n").hasPrefix("map.csv:2: found a line without a label"))
        #expect(message("a,Dog\nb;Bark\n").hasPrefix("map.csv:2: found 'b;Bark' and no comma"))
        #expect(
            message("label;class\na;Dog\nb;Brak\n")
                == "map.csv:3: found class 'Brak' for label 'b', expected one of the 4 classes; nearest: 'Bark'")
        for empty in ["", "\n\n", "label,class\n", ",,\n"] {
            #expect(message(empty).hasPrefix("map.csv:1: found no label"))
        }
    }

    @Test("What became of a truth's labels is counted: matched, and left out of account on purpose")
    func truth() throws {
        let rows = [
            "clip,path,labels", #"a,a.wav,"dog_bark,Speech""#, "b,b.wav,/m/0bt9lr", #"c,c.wav,"Misc,Speech""#,
            "d,d.wav,Misc",
            "e,e.wav,",
        ]
        let manifest = try Manifest(bytes: Array(rows.joined(separator: "\n").utf8), file: "t.csv", folder: "/")
        let map = try map("dog_bark,Dog,Bark\nMisc,\n")
        var truth = TruthLabels(names: names, map: map)
        try truth.check(manifest)
        #expect((0..<5).map { truth.places(of: manifest.labels($0)) } == [[2, 3, 0], [2], [0], [], []])
        #expect(truth.matched == 4)
        #expect(truth.droppedText == "map.csv ignores 2 labels of 2 clips: 'Misc' 2 times")
        #expect(throws: TableError.self) { try TruthLabels(names: names).check(manifest) }
        // The map goes before a class of the same name, and two labels of one class are one.
        var other = TruthLabels(names: names, map: try self.map("Speech,Dog\n"))
        #expect(other.places(of: ["Speech", "Dog", "/m/0bt9lr"]) == [2] && other.droppedText == nil)
    }

    @Test("A label that neither classes nor map know is refused with what is near in either")
    func unknown() throws {
        let map = try map("growling,Dog\n")
        let error = #expect(throws: TableError.self) {
            try names.check([(line: 2, clip: "a", labels: ["growlng"])], file: "t.csv", map: map)
        }
        let text = "\(try #require(error))"
        #expect(
            text.hasPrefix("t.csv:2: found label 'growlng' of clip 'a', expected one of the 4 classes")
                && text.contains("or a label of map.csv, such as 'growling'"))
    }
}
