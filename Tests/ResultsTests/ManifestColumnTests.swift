import Cache
import Corpora
import Evaluation
import Foundation
import GRDB
import Results
import TestSupport
import Testing

/// The further columns of a manifest in every export, after what the export has without them.
@Suite struct ManifestColumnTests {
    private static let classes = ["Dog", "site"]
    private static let metadata = [
        #"{"began":"2024-05-12T04:30:00+02:00","site":"=pond, \"a\"","Score":"1","latitude":"-33.9"}"#,
        #"{"began":"","site":"two\nlines","Score":"","latitude":"x"}"#, nil,
    ]

    /// Three clips; the third is in a cache that another manifest, without columns, was run into as well.
    private func cache(_ folder: TemporaryFolder, _ name: String, metadata: [String?]) throws -> CacheFolder {
        let cache = CacheFolder(folder: folder.path + "/" + name)
        try ScoreCache(
            cache: cache, classes: Self.classes, timing: ChunkTiming(rate: 16_000, hop: 8_000, length: 16_000)
        )
        .make(clips: 3) { place in
            ScoreCache.Clip(
                name: "c\(place)", path: "/audio/c\(place).wav", samples: 40_000,
                scores: [0.1, 0.9, 0.9, 0.2, 0.9, 0.1, 0.1, 0.8], metadata: metadata[place])
        }
        return cache
    }

    private struct Tables {
        var texts: [String: String] = [:]
        var columns: [String: ColumnRecord?] = [:]
    }

    /// Everything that can be exported, as text.
    private func tables(_ folder: TemporaryFolder, _ name: String, metadata: [String?]) throws -> Tables {
        let cache = try cache(folder, name, metadata: metadata)
        let ledger = try cache.reading()
        var tables = Tables()
        func path(_ kind: String) -> String { folder.path + "/\(name) \(kind)" }
        var request = Results.SelectionRequest()
        request.threshold = 0.5
        for format in LabelExport.Format.allCases {
            let summary = try LabelExport(cache: cache, ledger: ledger, pipeline: nil, request: request, version: "1")
                .write(format, to: path("labels.\(format)"))
            tables.columns["labels.\(format)"] = summary.columns
        }
        let source = try EventSource(cache: cache, ledger: ledger, pipeline: nil, request: request, gap: 0, least: 0)
        let export = EventExport(source: source, version: "1")
        for format in EventFormat.all where !format.isOfOneRecording {
            tables.columns["events.\(format.name)"] = try export.write(format, to: path("events.\(format.name)"))
                .columns
        }
        tables.columns["events.audacity"] = try export.write(
            try #require(EventFormat.named("audacity")), below: path("tracks")
        ).columns
        tables.columns["events.sqlite"] = try export.writeDatabase(to: path("events.sqlite")).columns
        let exporter = try Exporter(cache: cache, pipeline: nil)
        for format in Exporter.Format.allCases {
            _ = try exporter.scores(format, to: path("scores.\(format)"))
            tables.columns["scores.\(format)"] = try exporter.scoreColumns(format)
            if format == .npy { continue }
            _ = try exporter.index(format, to: path("index.\(format)"))
            tables.columns["index.\(format)"] = try exporter.indexColumns(format)
        }
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file.hasPrefix(name + " ") {
            let text = try? String(contentsOfFile: folder.path + "/" + file, encoding: .utf8)
            if let text { tables.texts[String(file.dropFirst(name.count + 1))] = text }
        }
        return tables
    }

    /// Rows of CSV or tabs, by a reader of our own that is tested elsewhere.
    private func rows(_ text: String, _ delimiter: Character = ",") throws -> [[String]] {
        var rows: [[String]] = [[""]]
        var isQuoted = false
        for character in text {
            let last = rows.count - 1
            switch character {
            case "\"": isQuoted.toggle()
            case delimiter where !isQuoted: rows[last].append("")
            case "\n" where !isQuoted: rows.append([""])
            default: rows[last][rows[last].count - 1].append(character)
            }
        }
        return rows.filter { $0 != [""] }
    }

    @Test func everyTableHasTheColumnsAfterItsOwn() throws {
        let folder = try TemporaryFolder()
        let plain = try tables(folder, "plain", metadata: [nil, nil, nil])
        let full = try tables(folder, "full", metadata: Self.metadata)
        #expect(plain.columns.values.allSatisfy { $0 == nil } && plain.texts.count > 10)
        let own: [(name: String, delimiter: Character, titles: [String], began: Bool)] = [
            ("labels.csv", ",", ["began", "site", "Score", "latitude"], false),
            ("events.csv", ",", ["began", "site", "Score", "latitude"], true),
            ("events.raven", "\t", ["began", "site", "manifest.Score", "latitude"], true),
            ("events.kaleidoscope", ",", ["began", "site", "Score", "latitude"], false),
            ("scores.csv", ",", ["began", "manifest.site", "Score", "latitude"], false),
            ("scores.npy.clips.csv", ",", ["began", "site", "Score", "latitude"], false),
            ("index.csv", ",", ["began", "site", "Score", "latitude"], false),
        ]
        for (name, delimiter, titles, isEvent) in own {
            let before = try rows(#require(plain.texts[name]), delimiter)
            let after = try rows(#require(full.texts[name]), delimiter)
            #expect(before.count == after.count && before.count > 1, "\(name)")
            for (place, (first, second)) in zip(before, after).enumerated() {
                // Kaleidoscope's date is in columns of its own.
                let isSame = Array(second.prefix(first.count)) == first || name == "events.kaleidoscope"
                #expect(isSame, "\(name): \(first) \(second)")
                let added = Array(second.dropFirst(first.count))
                if place == 0 {
                    #expect(added == titles, "\(name)")
                    continue
                }
                let isRaven = delimiter == "\t"
                switch second.first(where: { $0.contains("c0") || $0.contains("c1") || $0.contains("c2") }) ?? "" {
                case let clip where clip.contains("c0"):
                    let began =
                        isEvent ? added[0].hasPrefix("2024-05-12T04:30:0") : added[0] == "2024-05-12T04:30:00+02:00"
                    #expect(began && added[3] == "-33.9" && added[2] == "1", "\(name): \(added)")
                    // Raven knows no quotes, and this reader takes them for such.
                    #expect(isRaven || added[1] == "'=pond, a", "\(name): \(added)")
                case let clip where clip.contains("c1"):
                    #expect(added == ["", isRaven ? "two lines" : "two\nlines", "", "x"], "\(name): \(added)")
                default: #expect(added == ["", "", "", ""], "\(name): \(added)")
                }
            }
        }
        for name in ["labels.jsonl", "scores.jsonl", "index.jsonl", "events.jsonl"] {
            for line in try #require(full.texts[name]).split(separator: "\n") {
                let read = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                let place = try #require((0..<3).first { "c\($0)" == read["clip"] as? String })
                let wanted = try Self.metadata[place].map {
                    try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String]
                }
                #expect(read["columns"] as? [String: String] == wanted ?? nil, "\(name)")
            }
        }
        #expect(full.texts["events.dcase"] == plain.texts["events.dcase"])
        let names = ["began", "site", "Score", "latitude"]
        #expect(full.columns["events.dcase"]??.leftOut == names && full.columns["events.audacity"]??.leftOut == names)
        #expect(full.columns["scores.csv"]??.renamed == ["site": "manifest.site"])
        #expect(full.columns["events.csv"]??.kept == ["site", "Score", "latitude"])
        #expect(full.columns["labels.csv"]??.notes.isEmpty == true)
        let queue = try DatabaseQueue(path: folder.path + "/full events.sqlite")
        let found = try queue.read { database in
            try String.fetchAll(
                database,
                sql: "SELECT latitude FROM clips WHERE site = '=pond, \"a\"' UNION ALL "
                    + "SELECT events.began FROM events JOIN clips USING (clip) WHERE clips.site LIKE '=pond%' ORDER BY 1"
            )
        }
        #expect(found.contains("-33.9") && found.count > 1)
    }

    /// When an event was, by Foundation's reading of both times.
    @Test func eventsBeganWhenTheirRecordingDidAndTheirStartLater() throws {
        let folder = try TemporaryFolder()
        let cache = try cache(folder, "cache", metadata: Self.metadata)
        var request = Results.SelectionRequest()
        request.threshold = 0.5
        let source = try EventSource(
            cache: cache, ledger: cache.reading(), pipeline: nil, request: request, gap: 0, least: 0)
        let reader = ISO8601DateFormatter()
        reader.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        let start = try #require(reader.date(from: "2024-05-12T04:30:00.000+02:00"))
        var known = 0
        _ = try source.forEachClip { clip, events in
            for event in events {
                guard clip.name == "c0" else {
                    #expect(event.began == nil)
                    continue
                }
                known += 1
                let began = try #require(reader.date(from: event.began ?? ""))
                #expect(
                    abs(began.timeIntervalSince(start) - event.start) < 0.0006
                        && event.began?.hasSuffix("+02:00") == true)
            }
        }
        #expect(known > 1)
    }
}
