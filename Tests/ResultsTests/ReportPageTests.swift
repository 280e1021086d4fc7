import Evaluation
import Files
import Foundation
import Random
import Results
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// The report's page: that it says what the statistics say, needs nothing else, and keeps names from being anything else.
@Suite struct ReportPageTests {
    /// Made-up scores with a truth, as a page.
    private func content(
        clips: Int, classes: [String], truth hasTruth: Bool = true, examples: Int = 2, seed: UInt64 = 1,
        name: (Int) -> String = { "clip \($0)" }
    ) throws -> ReportContent {
        var draw = SplitMix64(seed: seed)
        func share() -> Float { Float(draw.below(10_001)) / 10_000 }
        let scores = (0..<clips * classes.count).map { place in
            // The last class is never found.
            place % classes.count == classes.count - 1 ? 0.1 * share() : share()
        }
        let table = try ScoreTable(
            classes: classes, scores: scores, seconds: [Double](repeating: 2, count: clips))
        var labels = LabelTable(classes: classes.count)
        for _ in 0..<clips {
            let own = classes.isEmpty ? 0 : draw.below(3)
            try labels.append((0..<own).map { _ in draw.below(max(1, classes.count - 1)) })
        }
        let truth = hasTruth ? labels : nil
        let thresholds = ClassThresholds(fallback: 0.7)
        let groups = [ClipGroups].of(
            (0..<clips).map { (path: "/audio/<site> \($0 % 3)/\($0).wav", split: $0 % 2 == 0 ? "train" : "eval") })
        let details = try ReportDetails(
            table, truth: truth, thresholds: thresholds, groups: groups, examples: examples)
        let report = try Evaluator(thresholds: thresholds, resamples: 20).report(table, truth: truth)
        return ReportContent(
            title: "A & B", summary: report, details: details,
            clips: Dictionary(
                uniqueKeysWithValues: (0..<clips).map { ($0, .init(name: name($0), path: "/audio/\(name($0)).wav")) }))
    }

    private static let hostile = [
        "<b>\"Dog\"</b>", "it's & \u{202E}gnipleh\u{2067}", "\u{05E9}\u{05DC}\u{05D5}\u{05DD}",
        "a\u{0}b\u{1B}[31m\u{7F}\u{85}",
        "</script><script>alert(1)</script>", "\u{FFFF}\u{FFFE}\u{EFC3}", "]]><![CDATA[", "' onload='x", "=SUM(A1)",
        String(repeating: "long ", count: 60),
    ]

    @Test(arguments: [true, false]) func numbersAreThoseOfTheStatistics(truth: Bool) throws {
        let content = try content(clips: 60, classes: (0..<9).map { "Class \($0)" }, truth: truth)
        let summary = try #require(
            JSONSerialization.jsonObject(with: Data(content.summary.json().utf8)) as? [String: Any])
        let rows = try #require(summary["classes"] as? [[String: Any]])
        let page = ReportPage(content).html()
        let table = try #require(page.firstMatch(of: /(?s)<table id="classes-table">(.*?)<\/table>/)?.1)
        let keys =
            ["clips_above", "hours_above", "mean", "deviation", "q05", "q25", "q50", "q75", "q95", "maximum"]
            + (truth ? ["positives", "ap", "auc", "d_prime", "best_f1", "best_threshold"] : []) + ["threshold"]
            + (truth ? ["precision", "recall", "f1"] : [])
        var found = 0
        for row in table.matches(
            of:
                /(?s)<tr(?: data-empty="")?><th scope="row"><a href="#class-(\d+)"><bdi>(.*?)<\/bdi><\/a><\/th>(.*?)<\/tr>/
        ) {
            let expected = rows[try #require(Int(row.1))]
            #expect(expected["class"] as? String == String(row.2))
            let cells = row.3.matches(of: /<td>(.*?)<\/td>/).map { String($0.1) }
            #expect(cells.count == keys.count)
            for (key, cell) in zip(keys, cells) {
                let value = (expected[key] as? NSNumber)?.doubleValue
                let shown = Double(cell.replacingOccurrences(of: "−", with: "-"))
                guard let value else {
                    #expect(cell == "–", "\(key)")
                    continue
                }
                #expect(abs(value - (shown ?? .infinity)) <= 0.5e-4 + 1e-12, "\(key): \(value), \(cell)")
            }
            found += 1
        }
        #expect(found == rows.count)
        for (key, name) in [("mAP", "mAP"), ("auc_macro", "Mean AUC"), ("micro_ap", "Micro AP"), ("lwlrap", "lwlrap")] {
            let card = try Regex("<dt>\(name)</dt><dd>([0-9.]+)</dd>")
            let shown = page.firstMatch(of: card)?.output[1].substring.flatMap { Double($0) }
            #expect((shown != nil) == truth)
            if let shown { #expect(abs(shown - (summary[key] as? Double ?? .nan)) <= 0.5e-4 + 1e-12) }
        }
        // The clips of each class stand in its own part as well.
        for (index, row) in rows.enumerated() {
            let clips = try #require(row["clips_above"] as? Int)
            let part = try #require(page.range(of: "id=\"class-\(index)\""))
            #expect(page[..<part.lowerBound].suffix(400).contains(">\(clips) clip\(clips == 1 ? "" : "s")"))
        }
    }

    @Test(arguments: [0, 1, 521]) func anyNumberOfClassesIsAWellFormedPage(classes: Int) throws {
        for (clips, truth) in [(0, true), (0, false), (1, true), (30, true), (30, false)] {
            let content = try content(clips: clips, classes: (0..<classes).map { "Class \($0)" }, truth: truth)
            let page = ReportPage(content).html()
            try Self.expectWellFormed(page)
            let empty = content.summary.classes.count {
                $0.clipsAbove == 0 && $0.truth?.metrics.positives ?? 0 == 0
            }
            #expect(page.contains("show \(empty) class\(empty == 1 ? "" : "es") without clips") == (empty > 0))
            #expect(page.matches(of: /<tr data-empty="">/).count == empty)
            #expect(page.matches(of: /<details class="class">/).count == classes)
            #expect(page.contains("there is nothing to show") == (clips == 0))
            #expect(!page.contains("nan") && !page.contains("inf<"))
            for figure in ReportPage(content).figures() {
                #expect(Self.isWellFormed(figure.svg), "\(figure.name)")
            }
        }
        let alone = try content(clips: 5, classes: (0..<classes).map { "Class \($0)" }).summary
        try Self.expectWellFormed(ReportPage(alone).html())
    }

    @Test func aClassOfTheTruthThatNoClipReachesIsShown() throws {
        let table = try ScoreTable(
            classes: ["found", "missed", "neither"], scores: [0.9, 0.1, 0.1, 0.1, 0.2, 0.1], seconds: [1, 1])
        var truth = LabelTable(classes: 3)
        for labels in [[0], [1]] { try truth.append(labels) }
        for (truth, hidden) in [(truth, ["neither"]), (nil, ["missed", "neither"])] {
            let report = try Evaluator(resamples: 0).report(table, truth: truth)
            let page = ReportPage(ReportContent(summary: report)).html()
            let found = page.matches(of: /<tr data-empty=""><th scope="row"><bdi>(.*?)<\/bdi>/).map { String($0.1) }
            #expect(found.sorted() == hidden)
        }
    }

    @Test func whatWasJudgedHasCurvesAndMistakes() throws {
        let scores: [Float] = [0.9, 0.9, 0.8, 0.9, 0.7, 0.9, 0.3, 0.9]
        let table = try ScoreTable(classes: ["both", "accepted"], scores: scores, seconds: [1, 1, 1, 1])
        var truth = PartialTruth(classes: 2)
        for (row, has) in [(0, false), (2, true), (3, true)] { truth.add(row: row, place: 0, has: has) }
        truth.add(row: 1, place: 1, has: true)
        let details = try ReportDetails(table, truth: nil, judged: truth, thresholds: ClassThresholds())
        let report = try Evaluator(resamples: 0).report(table, judged: truth)
        var content = ReportContent(summary: report, details: details)
        content.judged = "The truth is what reviewers judged."
        let page = ReportPage(content).html()
        try Self.expectWellFormed(page)
        #expect(page.contains("Precision and recall of the 3 judged clips, 2 of them accepted"))
        #expect(page.contains("over 1 class with accepted and rejected clips"))
        #expect(page.contains("Found, but rejected") && page.contains("Accepted, but below the threshold"))
        #expect(!page.contains("Confusion") && !page.contains("not in the truth"))
        #expect(page.contains(">precision</text>") && page.contains(">recall</text>"), "axes have titles")
    }

    @Test func namesAreNothingButNames() throws {
        var content = try content(clips: 12, classes: Self.hostile) { Self.hostile[$0 % Self.hostile.count] + "\($0)" }
        content.title = Self.hostile.joined(separator: " ")
        let page = ReportPage(content).html()
        try Self.expectWellFormed(page)
        #expect(page.matches(of: /<script/).count == 1 && page.matches(of: /<\/script/).count == 1)
        #expect(!page.contains("<b>") && !page.contains("alert(1)</script>") && !page.contains("onload='"))
        #expect(!page.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || (0x7F..<0xA0).contains($0.value) })
        // What turns the direction of writing is within an isolating element, or in an attribute or a picture's own text.
        for match in page.matches(of: /\u{202E}/) {
            let before = page[..<match.range.lowerBound].suffix(2000)
            let last = before.lastIndex(of: "<").map { before[$0...] } ?? ""
            #expect(
                last.hasPrefix("<bdi>") || last.hasPrefix("<text") || last.hasPrefix("<svg")
                    || last.hasPrefix("<title"),
                "\(last)")
        }
        let figures = ReportPage(content).figures()
        #expect(Set(figures.map { $0.name.lowercased() }).count == figures.count && figures.count > 20)
        for figure in figures {
            #expect(Self.isWellFormed(figure.svg), "\(figure.name)")
            #expect(!figure.name.contains("/") && figure.name.hasSuffix(".svg") && figure.name.utf8.count < 160)
        }
        #expect(ReportPage(content).figures() == figures && ReportPage(content).html() == page)
    }

    @Test func nothingIsLoadedAndOnlyOwnScriptsRun() throws {
        let page = ReportPage(try content(clips: 20, classes: ["Dog", "Cat", "Rain"])).html()
        for words in ["src=\"http", "href=\"http", "url(", "@import", "<link", "<iframe", "fetch(", "XMLHttpRequest"] {
            #expect(!page.contains(words), "\(words)")
        }
        let policy = try #require(page.firstMatch(of: /Content-Security-Policy" content="(.*?)"/)?.1)
        #expect(policy.hasPrefix("default-src 'none';") && !policy.contains("http"))
        for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
            let text = try #require(
                page.firstMatch(of: try Regex("(?s)<\(element)>(.*?)</\(element)>"))?.output[1].substring)
            let digits = Array(SHA256.of(Array(text.utf8)))
            let bytes = stride(from: 0, to: 64, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0 }
            #expect(policy.contains("\(directive) 'sha256-\(Data(bytes).base64EncodedString())'"))
        }
        #expect(page.contains("prefers-color-scheme"))
    }

    @Test func whatIsMissingIsSaid() throws {
        var content = try content(clips: 20, classes: ["Dog", "Cat", "Rain"], truth: false)
        content.excerpts = ReportExcerpts(none: "no chunks")
        let page = ReportPage(content).html()
        #expect(page.contains("no pictures and no sound of examples: no chunks"))
        #expect(
            !page.contains("id=\"confusion\"") && !page.contains("id=\"curves\"") && !page.contains("id=\"training\""))
        let key = ReportExcerpts.Key(
            classIndex: 0, example: try #require(content.details?.classes[0].examples.first))
        var excerpts = ReportExcerpts()
        excerpts.outcomes[key] = .lost("gone")
        (excerpts.leftOut, excerpts.limit) = (7, 8_000_000)
        content.excerpts = excerpts
        let lost = ReportPage(content).html()
        #expect(lost.contains("No picture and no sound: gone."))
        #expect(lost.contains("7 left out, as they did not fit into 8 MB"))
    }

    @Test func moreClassesThanAPictureTakesAreSaidToBeCut() throws {
        let page = ReportPage(try content(clips: 400, classes: (0..<90).map { "Class \($0)" })).html()
        #expect(page.contains("Shown are the 60 classes with the most clips, of 89 with clips at their thresholds"))
        #expect(page.contains("shown are the 40 with the most clips, of 89 classes"))
        #expect(page.contains("shown are the 20 best and the 20 worst of"))
        #expect(page.contains("labels are too many for a picture, which has at most 30"))
    }

    @Test func learningCurves() throws {
        let text = """
            epoch,loss,validation_loss,validation_mAP,learning_rate,chunks_per_second,seconds
            1,0.5,0.6,0.4,0.001,100.0,1.0
            2,0.25,0.45,0.8,0.001,100.0,1.0
            3,0.125,0.4,0.8,0.001,100.0,1.0

            """
        let history = try TrainingHistory(bytes: Array(text.utf8), file: "<h>.csv")
        #expect(history.epochs.count == 3 && history.best?.number == 3)
        var content = try content(clips: 3, classes: ["a", "b"])
        content.history = history
        let page = ReportPage(content).html()
        try Self.expectWellFormed(page)
        #expect(page.contains("the model is epoch 3") && page.contains("id=\"training\""))
        #expect(ReportPage(content).figures().filter { $0.name.hasPrefix("training-") }.count == 2)
        let own = TrainingPage.html(
            history, origin: .init(version: "1", written: "now", pipeline: nil, models: []), title: "T")
        try Self.expectWellFormed(own)
        #expect(TrainingPage.isOne(Array(own.utf8.prefix(4096))) && !TrainingPage.isOne(Array(page.utf8.prefix(4096))))
        #expect(!TrainingPage.isOne([]) && own.contains("the model is epoch 3") && !own.contains("<script"))
        let without = try TrainingHistory(
            bytes: Array("epoch,loss,validation_loss,validation_mAP\n1,0.5,,\n".utf8), file: "h.csv")
        #expect(without.best == nil && without.epochs[0].validationMAP.isNaN)
        for (bad, words) in [
            ("", "h.csv:1: found nothing"), ("a,b\n1,2\n", "no column 'epoch'"),
            ("epoch,loss,validation_loss,validation_mAP\n1,x,,\n", "h.csv:2: found 'x' as loss"),
            ("epoch,loss,validation_loss,validation_mAP\n1.5,1,,\n", "as epoch"),
            ("epoch,loss,validation_loss,validation_mAP\n1,1\n", "found 2 fields"),
        ] {
            #expect { _ = try TrainingHistory(bytes: Array(bad.utf8), file: "h.csv") } throws: {
                "\($0)".contains(words)
            }
        }
    }

    // MARK: Markup

    /// Parses a page as XML, which is stricter than HTML: what was not escaped, or not closed, is found.
    private static func expectWellFormed(_ page: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var text = page
        #expect(text.hasPrefix("<!DOCTYPE html>\n"), sourceLocation: sourceLocation)
        text.removeFirst("<!DOCTYPE html>\n".count)
        if let start = text.range(of: "<script>"), let end = text.range(of: "</script>") {
            text.removeSubrange(start.lowerBound..<end.upperBound)
        }
        let found = error(text)
        #expect(found == nil, "\(found ?? "")", sourceLocation: sourceLocation)
    }

    private static func isWellFormed(_ text: String) -> Bool { error(text) == nil }

    private static func error(_ text: String) -> String? {
        let parser = XMLParser(data: Data(text.utf8))
        if parser.parse() { return nil }
        return "line \(parser.lineNumber), column \(parser.columnNumber): \(parser.parserError.map { "\($0)" } ?? "")"
    }
}
