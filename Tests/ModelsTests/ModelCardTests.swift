import Features
import Files
import Models
import TestSupport
import Testing

/// Model cards: what is read, what is refused and where, and which files one may name.
struct ModelCardTests {
    private static let wave = "reads: wave, tensor: in, rate: 8000, chunk: 3200"
    private static let scores = "scores: {tensor: out, activation: sigmoid}"

    private func refusal(_ yaml: String, _ folder: TemporaryFolder) throws -> String {
        let path = try folder.put("card.yaml", yaml)
        return message { _ = try ModelCard(path: path) } ?? "read"
    }

    @Test("A card that says little has the usual layouts; all that it says is read")
    func reads() throws {
        let folder = try TemporaryFolder()
        let plain = try ModelCard(
            path: folder.put("plain.yaml", CardFixture.yaml(input: Self.wave, outputs: Self.scores)))
        #expect(plain.input.layout == [.batch, .samples] && plain.scores?.layout == [.batch, .classes])
        #expect(
            plain.input.hop == 3200 && plain.input.scale == 1 && plain.input.offset == 0 && plain.input.batch == nil)
        #expect(plain.classes == ["a", "b", "c"] && plain.classIDs.isEmpty && plain.embeddings == nil)
        let full = try ModelCard(
            path: folder.put(
                "full.yaml",
                CardFixture.yaml(
                    input: "reads: mel, layout: [batch, 1, bands, frames], preset: panns, bands: 32, chunk: 64000, "
                        + "patch: 201, normalization: band-mean, scale: 0.5, add: -2, every: 32000, batch: 4",
                    outputs: "scores: {layout: [batch, frames, classes], activation: none, pooling: max}, "
                        + "embeddings: {tensor: e, size: 7}",
                    classes: "[{name: Dog, id: /m/0bt9lr}, Cat]",
                    more: "thresholds: {Cat: 0.3}\nengine: openvino\ndescription: two\nthreshold: 0.5")))
        var frontEnd = FrontEndPreset.panns.frontEnd
        frontEnd.bands = 32
        frontEnd.chunk = 64_000
        frontEnd.patchFrames = 201
        #expect(full.input.frontEnd == frontEnd && full.input.rate == 32_000 && full.input.size == 201 * 32)
        #expect(full.input.layout == [.batch, .one, .bands, .frames] && full.input.normalization == .bandMean)
        #expect(full.input.scale == 0.5 && full.input.offset == -2 && full.input.hop == 32_000 && full.input.batch == 4)
        #expect(full.scores?.pooling == .max && full.embeddings?.size == 7 && full.engine?.name == "openvino")
        #expect(full.classIDs == ["/m/0bt9lr", ""] && full.thresholds == ["Dog": 0.5, "Cat": 0.3])
    }

    @Test("Classes come from a table, from lines, and from lines with identifiers, in their order")
    func classLists() throws {
        let folder = try TemporaryFolder()
        try folder.put("map.csv", "index,mid,display_name\n0,/m/1,\"Dog, big\"\n1,,Cat\n")
        try folder.put("one.csv", "inat\nApus apus\nCorvus corax\n")
        try folder.put("columns.csv", "taxon,x\nApus,1\nCorvus,2\n")
        try folder.put("semicolons.csv", "sep=;\nindex;name;id\n0;\"Dog; big\";x\n1;Cat;\n")
        try folder.put("bare.csv", "\u{FEFF}id;name\r\n1;a, b\r\n2;b\r\n")
        try folder.put("tabs.csv", "taxon\tx\nApus\t1\n")
        try folder.put("lines.txt", "\u{FEFF}Dog\r\nCat\r\n\r\n")
        try folder.put("pairs.txt", "Apus apus_Common Swift\nCorvus corax_Northern_Raven\n")
        let cases: [(classes: String, names: [String], identifiers: [String])] = [
            ("map.csv", ["Dog, big", "Cat"], ["/m/1", ""]), ("one.csv", ["Apus apus", "Corvus corax"], []),
            ("{file: columns.csv, name: taxon, identifier: x}", ["Apus", "Corvus"], ["1", "2"]),
            ("semicolons.csv", ["Dog; big", "Cat"], ["x", ""]), ("bare.csv", ["a, b", "b"], ["1", "2"]),
            ("{file: tabs.csv, name: taxon}", ["Apus"], []), ("lines.txt", ["Dog", "Cat"], []),
            (
                "{file: pairs.txt, separator: _, count: 2}", ["Common Swift", "Northern_Raven"],
                ["Apus apus", "Corvus corax"]
            ),
        ]
        for (classes, names, identifiers) in cases {
            let yaml = CardFixture.yaml(input: Self.wave, outputs: Self.scores, classes: classes)
            let card = try ModelCard(path: folder.put("card.yaml", yaml))
            #expect(card.classes == names && card.classIDs == identifiers, "\(classes)")
            #expect(card.scores?.size == names.count)
        }
    }

    @Test("What is wrong is refused in one line that names the line, what was found and what was expected")
    func refusals() throws {
        let folder = try TemporaryFolder()
        try folder.put("twice.txt", "Dog\nCat\nDog\n")
        try folder.put("bad.csv", "index,display_name\n0,Dog\n2,Cat\n")
        try folder.put("ragged.csv", "index,display_name\n0,Dog\n1\n")
        let ok = CardFixture.yaml(input: Self.wave, outputs: Self.scores)
        func with(
            input: String = Self.wave, outputs: String = Self.scores, classes: String? = "[a, b, c]", more: String = ""
        ) -> String {
            CardFixture.yaml(input: input, outputs: outputs, classes: classes, more: more)
        }
        let cases: [(yaml: String, line: Int, words: [String])] = [
            ("# nothing\n", 1, ["empty"]), ("- a", 1, ["not a mapping"]), ("a: b: c", 1, ["not YAML"]),
            (ok.replacingOccurrences("card: 1", "card: 2"), 1, ["'2'", "expected 1"]),
            (ok.replacingOccurrences("licence:", "license:"), 5, ["'license'", "is 'licence' meant?"]),
            (with(more: "tresholds: {a: 1}"), 9, ["'tresholds'", "is 'thresholds' meant?"]),
            (with(input: Self.wave + ", chunks: 4"), 6, ["'chunks' of 'input'", "is 'chunk' meant?"]),
            (with(input: "reads: wav, rate: 8000, chunk: 3200"), 6, ["'wav'", "is 'wave' meant?"]),
            (with(input: "reads: wave, rate: 8000"), 6, ["no 'chunk'"]),
            (with(input: "reads: wave, rate: 3, chunk: 1"), 6, ["'rate' is '3'"]),
            (with(input: "reads: wave, rate: 8000, chunk: 99999999999"), 6, ["'chunk'"]),
            (with(input: Self.wave + ", layout: [batch, frames]"), 6, ["'frames'", "'samples'"]),
            (with(input: Self.wave + ", layout: [samples, samples]"), 6, ["twice"]),
            (with(input: Self.wave + ", layout: [batch]"), 6, ["no 'samples'"]),
            (with(input: Self.wave + ", layout: [samples], batch: 4"), 6, ["'batch' is 4"]),
            (with(input: "reads: wave, rate: 8000, chunk: 200000000, batch: 1000"), 6, ["1000 chunks", "at most"]),
            (with(input: "reads: mel"), 6, ["no 'preset'"]),
            (with(input: "reads: mel, preset: yamnet, bands: 0"), 6, ["'bands' is '0'", "1 to 4096"]),
            (with(input: "reads: mel, preset: yamnet, low: 7600"), 6, ["'high'"]),
            (with(input: "reads: mel, preset: yamnet, patch: 16000000, bands: 4096"), 6, ["at most"]),
            (with(input: Self.wave + ", scale: 0"), 6, ["'scale' is '0'", "not 0"]),
            (with(input: Self.wave + ", scale: 1e-46"), 6, ["'scale' is '1e-46'"]),
            (with(outputs: "scores: {tensor: out}"), 7, ["no 'activation'"]),
            (with(outputs: "scores: {activation: sigmod}"), 7, ["is 'sigmoid' meant?"]),
            (
                with(outputs: "scores: {activation: none, layout: [batch, frames, classes]}"), 7,
                ["'pooling' is missing"]
            ),
            (with(outputs: "scores: {activation: none, pooling: mean}"), 7, ["without 'frames'"]),
            (with(outputs: "embeddings: {tensor: e}"), 7, ["no 'size'"]),
            (with(outputs: "embeddings: {size: 3}"), 8, ["classes but no 'scores'"]),
            (with(outputs: ""), 7, ["neither"]),
            (with(classes: nil), 1, ["no 'classes'"]),
            (with(classes: "[a, a]"), 8, ["'a' stands twice"]), (with(classes: "[]"), 8, ["empty list"]),
            (with(classes: "none.txt"), 8, ["'none.txt' is not beside the card, expected it there"]),
            (
                with(classes: "none.txt", more: "obtain: ask its authors"), 8,
                ["'none.txt' is not beside the card; ask its authors, expected it there"]
            ),
            (with(classes: "[a, \"b\\x07c\"]"), 8, ["class 1", "U+0007"]),
            (with(classes: "{file: twice.txt, sha256: \(CardFixture.sha256)}"), 8, ["SHA-256"]),
            (with(more: "threshold: 2"), 9, ["'threshold' is '2'"]),
            (with(more: "thresholds: {d: 0.1}"), 9, ["'d'", "none of the classes"]),
            (with(more: "bytes: -1"), 9, ["'bytes'"]), (with(more: "address: nowhere"), 9, ["'address'"]),
            (ok.replacingOccurrences(CardFixture.sha256, "abc"), 4, ["64 lower-case"]),
            (ok.replacingOccurrences("net.onnx", "../net.onnx"), 3, ["not in the card's folder"]),
            (ok.replacingOccurrences("net.onnx", "/etc/passwd"), 3, ["not in the card's folder"]),
            (ok.replacingOccurrences("net.onnx", ".."), 3, ["not in the card's folder"]),
            (with(classes: "../list.txt"), 8, ["not in the card's folder"]),
            (with(more: "data: [{file: a/b}]"), 9, ["not in the card's folder"]),
        ]
        for (yaml, line, words) in cases {
            let text = try refusal(yaml, folder)
            #expect(text.hasPrefix("\(folder.path)/card.yaml:\(line): "), "\(text)\n\(yaml)")
            for word in words { #expect(text.contains(word), "\(text)") }
            #expect(!text.contains("\n"))
        }
        try folder.put("nul.txt", "Dog\nC\u{0}at\n")
        try folder.put("tab.txt", "Dog\r\nCat\r\nm1\tBird\r\n")
        try folder.put("page.txt", "Dog\nCat\u{C}\n")
        try folder.put("delete.csv", "name,id\nDog,1\nCat\u{7F},2\n")
        try folder.put("unknown.csv", "a;b\n1;2\n")
        for (list, line) in [
            ("twice.txt", 3), ("bad.csv", 3), ("ragged.csv", 3), ("nul.txt", 2), ("tab.txt", 3), ("page.txt", 2),
            ("delete.csv", 3), ("unknown.csv", 1),
        ] {
            let text = try refusal(with(classes: list), folder)
            #expect(text.hasPrefix("\(folder.path)/\(list):\(line): "), "\(text)")
        }
        let wrongCount = try refusal(with(classes: "{file: twice.txt, count: 3}"), folder)
        #expect(wrongCount.contains("stands twice"))
    }

    @Test("A file is the one with the card's SHA-256, in the card's folder, or it is refused")
    func files() throws {
        let folder = try TemporaryFolder()
        let path = try folder.put("in/card.yaml", CardFixture.yaml(input: Self.wave, outputs: Self.scores))
        let card = try ModelCard(path: path)
        #expect(try card.missing().map(\.name) == ["net.onnx"])
        #expect(message { try card.checkFiles() }?.contains("not beside the card") == true)
        try folder.put("in/net.onnx", CardFixture.bytes)
        #expect(try card.checkFiles() == folder.path + "/in/net.onnx")
        let digest = try card.digest()
        let scored = try ModelDigest.ofScores(path)
        #expect(digest.hasPrefix("sha256:") && digest.count == 71 && scored == digest)
        try folder.put("in/net.onnx", CardFixture.bytes + [0])
        let changed = try #require(message { try card.checkFiles() })
        #expect(changed.hasPrefix("\(path):3: ") && changed.contains("expected \(CardFixture.sha256)"), "\(changed)")
        #expect(throws: ModelError.self) { try card.digest() }
        try FileSystem.remove(folder.path + "/in/net.onnx")
        try folder.put("net.onnx", CardFixture.bytes)
        try folder.link("in/net.onnx", to: folder.path + "/net.onnx")
        #expect(message { try card.checkFiles() }?.contains("is a link to") == true)
        // A folder that is a link is no way out of it.
        try FileSystem.remove(folder.path + "/in/net.onnx")
        try folder.put("in/net.onnx", CardFixture.bytes)
        try folder.link("other", to: folder.path + "/in")
        #expect(try ModelCard(path: folder.path + "/other/card.yaml").digest() == digest)
        let without = CardFixture.yaml(input: Self.wave, outputs: Self.scores)
            .replacingOccurrences("sha256: \(CardFixture.sha256)\n", "")
        let bare = try ModelCard(path: folder.put("in/bare.yaml", without))
        #expect(message { try bare.checkFiles() }?.contains("'sha256: \(CardFixture.sha256)'") == true)
    }

    @Test("A size in bytes is the file's, or the card is refused")
    func size() throws {
        let folder = try TemporaryFolder()
        try folder.put("net.onnx", CardFixture.bytes)
        func card(_ bytes: Int) throws -> ModelCard {
            let yaml = CardFixture.yaml(input: Self.wave, outputs: Self.scores, more: "bytes: \(bytes)")
            return try ModelCard(path: folder.put("card.yaml", yaml))
        }
        try card(CardFixture.bytes.count).checkFiles()
        let other = try card(14)
        let text = try #require(message { try other.checkFiles() })
        #expect(text.hasPrefix("\(folder.path)/card.yaml:9: 'bytes' is 14, but 'net.onnx' has 15, "), "\(text)")
    }

    @Test("A card with a byte order mark and another system's line ends is read, and completed")
    func marked() throws {
        let folder = try TemporaryFolder()
        let lines = CardFixture.yaml(input: Self.wave, outputs: Self.scores)
            .replacingOccurrences("sha256: \(CardFixture.sha256)\n", "").replacingOccurrences("\n", "\r\n")
        let template = try folder.put("marked.yaml", "\u{FEFF}" + lines)
        #expect(try ModelCard(path: template).name == "fake")
        let file = try folder.put("in/net.onnx", CardFixture.bytes)
        let out = folder.path + "/out/net.yaml"
        #expect(try CardImport.write(template, file: file, classes: nil, to: out).count == 1)
        #expect(try ModelCard(path: out).file.sha256 == CardFixture.sha256)
    }

    @Test("OpenVINO's weights are named, or the card is refused")
    func weights() throws {
        let folder = try TemporaryFolder()
        let yaml = CardFixture.yaml(input: Self.wave, outputs: Self.scores).replacingOccurrences("net.onnx", "net.xml")
        try folder.put("net.xml", CardFixture.bytes)
        try folder.put("net.bin", "weights")
        let bare = try ModelCard(path: folder.put("card.yaml", yaml))
        #expect(message { try bare.checkFiles() }?.contains("'net.bin'") == true)
        func named(_ sum: String) throws -> ModelCard {
            try ModelCard(path: folder.put("card.yaml", yaml + "data: [{file: net.bin, sha256: \(sum)}]\n"))
        }
        let card = try named(SHA256.of(Array("weights".utf8)))
        try card.checkFiles()
        try folder.put("net.bin", "others!")
        #expect(message { try card.checkFiles() }?.contains("'net.bin' is not the file") == true)
        let other = try named(SHA256.of(Array("others!".utf8)))
        #expect(try other.digest().hasPrefix("sha256:"))
    }

    @Test("The digest changes with what results depend on, and with nothing else")
    func digests() throws {
        let folder = try TemporaryFolder()
        try folder.put("net.onnx", CardFixture.bytes)
        func digest(
            _ input: String = Self.wave, _ outputs: String = Self.scores, _ classes: String = "[a, b, c]",
            more: String = ""
        ) throws -> String {
            let yaml = CardFixture.yaml(input: input, outputs: outputs, classes: classes, more: more)
            return try ModelCard(path: folder.put("card.yaml", yaml)).digest()
        }
        let usual = try digest()
        for same in [
            "threshold: 0.5", "description: other words", "source: elsewhere", "address: https://host/x",
            "bytes: \(CardFixture.bytes.count)",
        ] {
            #expect(try digest(more: same) == usual, "\(same)")
        }
        #expect(try digest(Self.wave + ", every: 1600") == usual)
        let others = [
            try digest(Self.wave + ", scale: 2"), try digest(Self.wave + ", add: 1"),
            try digest(Self.wave + ", mean: remove"),
            try digest(Self.wave + ", peak: 0.5"), try digest(Self.wave + ", batch: 2"),
            try digest(Self.wave + ", layout: [samples]"),
            try digest("reads: wave, tensor: in, rate: 8000, chunk: 1600"),
            try digest("reads: wave, rate: 8000, chunk: 3200"),
            try digest(Self.wave, "scores: {tensor: out, activation: none}"),
            try digest(Self.wave, "scores: {tensor: other, activation: sigmoid}"),
            try digest(Self.wave, Self.scores + ", embeddings: {tensor: e, size: 2}"),
            try digest(Self.wave, Self.scores, "[a, c, b]"),
            try digest(Self.wave, Self.scores, "[{name: a, id: x}, b, c]"),
            try digest(more: "engine: litert"),
        ]
        #expect(Set(others + [usual]).count == others.count + 1)
    }

    @Test("A card that is completed has the file's digest and size, its comments, and its files beside it")
    func completed() throws {
        let folder = try TemporaryFolder()
        let template = try folder.put(
            "cards/net.yaml",
            "# Of a test.\n"
                + CardFixture.yaml(input: Self.wave, outputs: Self.scores, classes: "list.txt").replacingOccurrences(
                    "sha256: \(CardFixture.sha256)\n", ""))
        let file = try folder.put("download/any-name.onnx", CardFixture.bytes)
        let out = folder.path + "/Models/mine.yaml"
        #expect(
            message { _ = try CardImport.write(template, file: file, classes: nil, to: out) }?.contains("--classes")
                == true)
        try folder.put("download/list.txt", "a\nb\n")
        let copied = try CardImport.write(template, file: file, classes: nil, to: out)
        #expect(copied.map { FileSystem.relative($0, to: folder.path) } == ["Models/net.onnx", "Models/list.txt"])
        let card = try ModelCard(path: out)
        try card.checkFiles()
        #expect(card.file.sha256 == CardFixture.sha256 && card.bytes == CardFixture.bytes.count)
        #expect(try folder.read("Models/mine.yaml").hasPrefix("# Of a test.\n"))
        #expect(try CardImport.write(out, file: file, classes: nil, to: out) == [], "all is there")
        // Another file is neither taken for the card's, nor written over.
        let other = try folder.put("download/other.onnx", "other")
        #expect(
            message { _ = try CardImport.write(out, file: other, classes: nil, to: out) }?.contains("SHA-256") == true)
        let clash = message { _ = try CardImport.write(template, file: other, classes: nil, to: out) }
        #expect(clash?.contains("another file of this name") == true, "\(clash ?? "")")
        #expect(try folder.bytes(folder.path + "/Models/net.onnx") == CardFixture.bytes)
    }

    @Test("An import that is refused leaves nothing of its own, keeps what was there, and names the template's line")
    func refusedImport() throws {
        let folder = try TemporaryFolder()
        let template = try folder.put(
            "cards/net.yaml",
            CardFixture.yaml(input: Self.wave, outputs: Self.scores, classes: "list.txt").replacingOccurrences(
                "sha256: \(CardFixture.sha256)\n", ""))
        let file = try folder.put("download/net.onnx", CardFixture.bytes)
        try folder.put("download/list.txt", "a\nb\n")
        try folder.put("Models/list.txt", "a\nb\n")
        try folder.put("Models/mine.yaml", "notes: mine\n")
        for out in ["Models/mine.yaml", "New/mine.yaml"].map({ folder.path + "/" + $0 }) {
            var isThere = false
            let text = message {
                _ = try CardImport.write(template, file: file, classes: nil, to: out) { card in
                    isThere = FileSystem.exists(FileSystem.folder(of: out) + "/net.onnx")
                    throw ModelError.line(path: card.path, line: card.input.line, reason: "another graph")
                }
            }
            #expect(isThere, "it was not there to be compared")
            #expect(text == "\(template):5: another graph")
        }
        #expect(FileSystem.names(in: folder.path + "/Models") == ["list.txt", "mine.yaml"])
        #expect(try folder.read("Models/mine.yaml") == "notes: mine\n")
        #expect(!FileSystem.exists(folder.path + "/New"))
    }

    @Test("Every card that ships can be read, and says where its file comes from and under which licence")
    func shipped() throws {
        let folder = Fixture.repository.appending(path: "Models/cards").path
        let names = FileSystem.names(in: folder).filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 9)
        for name in names {
            let card = try ModelCard(path: folder + "/" + name, isClassFileOptional: true)
            #expect(
                !card.summary.isEmpty && !card.source.isEmpty && !card.obtain.isEmpty && !card.licence.isEmpty,
                "\(name)")
            #expect(card.address == nil || card.file.sha256 != nil, "\(name)")
            if let list = card.classFile, FileSystem.exists(folder + "/" + list.name) {
                #expect(card.classes.count == card.scores?.size && card.classIDs.count == card.classes.count, "\(name)")
            }
        }
        let birds = try ModelCard(path: folder + "/birdnet-2.4.yaml", isClassFileOptional: true)
        #expect(birds.scores?.size == 6522 && birds.input.chunk == 3 * birds.input.rate)
        #expect(throws: ModelError.self) { try ModelCard(path: folder + "/birdnet-2.4.yaml") }
    }
}

extension ModelCard {
    fileprivate var address: String? { file.address }
}

extension String {
    fileprivate func replacingOccurrences(_ text: String, _ other: String) -> String {
        split(separator: text, omittingEmptySubsequences: false).joined(separator: other)
    }
}
