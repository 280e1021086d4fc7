import Foundation
import Testing

/// A manifest run in parts and merged is what one run on one machine makes of it.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct PartTests {
    /// A corpus with files that fail, and what one run makes of it.
    private func corpus(_ clips: Int = 14) throws -> (parts: PartCache, exports: [String: [UInt8]], rows: CacheContents)
    {
        let scratch = try Scratch()
        try scratch.synth(clips)
        try scratch.write("empty.wav", [UInt8]())
        try scratch.write("words.wav", "no audio, only words and some more of them")
        try scratch.write(
            "corpus.csv",
            scratch.text("corpus.csv") + "a bad one,empty.wav,,\nnot there,gone.wav,,\nanother,words.wav,,\n")
        #expect(try Tool.run(scratch.run("label.yaml", cache: "whole")).status == 3)
        return (
            PartCache(scratch: scratch), try PartCache.exports(scratch, "whole"),
            try CacheContents(scratch, cache: "whole")
        )
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private func expectWhole(
        _ parts: PartCache, _ exports: [String: [UInt8]], _ rows: CacheContents, _ what: String = ""
    ) throws {
        let found = try PartCache.exports(parts.scratch, parts.cache)
        for (name, bytes) in exports { #expect(found[name] == bytes, "\(name) \(what)") }
        #expect(try CacheContents(parts.scratch, cache: parts.cache) == rows, "\(what)")
        #expect(try Tool.run("verify", "--cache", parts.folder).status == 0, "\(what)")
        #expect((0..<parts.parts).allSatisfy { !exists(parts.path($0)) }, "\(what)")
    }

    @Test(
        "Parts in any order, on one or two workers, merged: the exports of one run, and a cache that goes on as any other"
    )
    func whole() throws {
        let (parts, exports, rows) = try corpus()
        let scratch = parts.scratch
        for part in [2, 0, 3, 1] {
            let result = try Tool.run(parts.work(part, workers: 1 + part % 2))
            #expect([0, 3].contains(result.status), "\(result.errors)")
        }
        let before = try parts.status()
        #expect(before.clips == 17 && before.done == 14 && before.failed == 3 && before.pending == 0)
        // As a merge leaves the ledger that is killed before the tables are there.
        try parts.scratch.write(parts.cache + "/ledger.sqlite", [UInt8]())
        let begun = try parts.status()
        #expect(begun.clips == 17 && begun.done == 14 && begun.failed == 3)
        // Shards of different caches never bear the same name.
        let names = try (0..<4).flatMap {
            try FileManager.default.contentsOfDirectory(atPath: parts.path($0) + "/shards").filter {
                $0.hasSuffix("npy")
            }
        }
        #expect(names.count >= 12 && Set(names).count == names.count)
        let merged = try Tool.run(parts.merge())
        #expect(merged.status == 3 && merged.errors.contains("merged 4 parts"), "\(merged.errors)")
        try expectWhole(parts, exports, rows)
        let status = try scratch.status()
        let single = try scratch.status(cache: "whole")
        #expect(status.done == 14 && status.failed == 3 && status.addsUp)
        #expect(
            status.failures.map { "\($0.clip) \($0.class) \($0.reason)" }
                == single.failures.map { "\($0.clip) \($0.class) \($0.reason)" })

        // The last run is all that was merged, not one part's.
        let told = try Tool.run("status", "--cache", parts.folder)
        #expect(
            told.output.contains("last run: 4 parts, merged\n") && told.output.contains("; 14 done, 3 failed\n"),
            "\(told.output)")
        #expect(!told.output.contains("worker"), "\(told.output)")
        let toldAsJSON = try Tool.run("status", "--cache", parts.folder, "--json")
        #expect(toldAsJSON.output.contains(#""merged_parts":4"#), "\(toldAsJSON.output)")

        let again = try Tool.run(parts.merge())
        #expect(again.status == 3 && again.errors.contains("nothing to merge"), "\(again.errors)")
        let late = try Tool.run(parts.work(1))
        #expect(late.status == 0 && late.errors.contains("all parts are merged"), "\(late.errors)")
        let run = try Tool.run(scratch.run("label.yaml").filter { $0 != "--quiet" })
        #expect(run.status == 3 && run.errors.contains("nothing to do"), "\(run.errors)")
        #expect(!run.errors.contains("not merged"), "\(run.errors)")
        let prune = try Tool.run("prune", "--cache", parts.folder)
        #expect(prune.status == 0 && prune.output.contains("nothing to free"), "\(prune.output)")
        try scratch.writeTone("late.wav", 3)
        try scratch.write("corpus.csv", scratch.text("corpus.csv") + "late,late.wav,,\n")
        let more = try Tool.run(
            ["plan"] + scratch.run("label.yaml").dropFirst().filter { !["--quiet", "--workers", "2"].contains($0) }
                + ["--json"])
        #expect(more.output.contains(#""to_do":1"#), "\(more.output)")
        let other = try Tool.run(
            ["plan"]
                + scratch.run("label.yaml", sets: ["clip-scores.method=max"]).dropFirst().filter {
                    !["--quiet", "--workers", "2"].contains($0)
                } + ["--json"])
        #expect(other.output.contains(#""reads":["#), "\(other.output)\(other.errors)")
    }

    @Test("More clips after a merge: the next parts have only those, and their merge adds them")
    func more() throws {
        let (parts, _, _) = try corpus(6)
        let scratch = parts.scratch
        for part in 0..<4 { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        #expect(try Tool.run(parts.merge()).status == 3)
        for number in 0..<5 { try scratch.writeTone("more\(number).wav", number) }
        try scratch.write(
            "corpus.csv", scratch.text("corpus.csv") + (0..<5).map { "m\($0),more\($0).wav,,\n" }.joined())
        var next = parts
        next.parts = 2
        for part in 0..<2 { #expect(try Tool.run(next.work(part)).status == 0) }
        let status = try next.status()
        #expect(status.parts?.list.map(\.clips).reduce(0, +) == 5)
        #expect(try Tool.run(next.merge()).status == 3)
        #expect(try Tool.run(scratch.run("label.yaml", cache: "whole")).status == 3)
        try expectWhole(
            next, PartCache.exports(scratch, "whole"), CacheContents(scratch, cache: "whole"))
    }

    @Test("A merge that is killed at any point is run again, and the cache is that of one run")
    func kills() throws {
        let (parts, exports, rows) = try corpus(8)
        for part in 0..<4 { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        let points = [
            "merge.after-links:1", "merge.after-links:3", "merge.before-commit:1", "merge.after-commit:1",
            "merge.before-plan", "merge.after-plan", "merge.after-removal:2",
            "merge.in-removal:1", "merge.in-removal:3",
        ]
        for (number, point) in points.enumerated() {
            var copy = parts
            copy.cache = "copy\(number)"
            try FileManager.default.copyItem(atPath: parts.folder, toPath: copy.folder)
            let killed = try Tool.run(copy.merge(), environment: ["EARMARK_CRASH_AT": point])
            #expect(killed.status == 128 + SIGKILL, "\(point): \(killed.errors)")
            let last = try Tool.run(copy.merge())
            #expect(last.status == 3, "\(point): \(last.errors)")
            try expectWhole(copy, exports, rows, point)
            #expect(try parts.scratch.status(cache: copy.cache).failed == 3)
            try FileManager.default.removeItem(atPath: copy.folder)
        }
    }

    @Test(
        "Parts that are missing or cut short are named and nothing is merged; what is there can be, and the rest follows"
    )
    func holes() throws {
        let (parts, exports, rows) = try corpus()
        for part in [0, 1, 3] { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        let refused = try Tool.run(parts.merge())
        #expect(refused.status == 65 && refused.errors.contains("part 2 was not begun"), "\(refused.errors)")
        #expect(refused.errors.contains("nothing is merged") && !exists(parts.folder + "/shards/index.csv"))
        #expect((0..<4).allSatisfy { $0 == 2 || exists(parts.path($0)) })

        // A run on the cache itself does not use them, and says so.
        var beside = parts
        beside.cache = "beside"
        try FileManager.default.copyItem(atPath: parts.folder, toPath: beside.folder)
        let words = parts.scratch.run("label.yaml", cache: beside.cache).filter { $0 != "--quiet" }
        let told = try Tool.run(words)
        let unwrapped = told.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(
            told.status == 3 && unwrapped.contains("parts of label that are not merged: 4; what they did is not used"),
            "\(told.errors)")
        let events = try Tool.run(words + ["--json"])
        #expect(
            events.output.contains(#"{"event":"unmerged-parts","pipeline":"label","parts":4}"#), "\(events.output)")

        // Killed after the parts were taken over, and the hole is filled before the next merge.
        var copy = parts
        copy.cache = "copy"
        try FileManager.default.copyItem(atPath: parts.folder, toPath: copy.folder)
        let killed = try Tool.run(
            copy.merge("--allow-missing"), environment: ["EARMARK_CRASH_AT": "merge.after-commit:1"])
        #expect(killed.status == 128 + SIGKILL)
        #expect([0, 3].contains(try Tool.run(copy.work(2)).status))
        #expect(try Tool.run(copy.merge()).status == 3)
        try expectWhole(copy, exports, rows)

        let allowed = try Tool.run(parts.merge("--allow-missing"))
        #expect(allowed.status == 3 && allowed.errors.contains("pending"), "\(allowed.errors)")
        let status = try parts.status()
        #expect(status.pending > 0 && status.done + status.failed + status.pending == 17)
        #expect(status.parts?.list.map(\.part) == [2] && status.state(2) == "never started")
        let export = try Tool.run(
            "export", "scores", "--cache", parts.folder, "--out", parts.scratch.path("some.csv"))
        #expect(export.status == 3)
        #expect(try parts.scratch.text("some.csv.meta.json").contains(#""pending" : \#(status.pending)"#))
        let none = try Tool.run(parts.work(1))
        #expect(none.status == 0 && none.errors.contains("nothing to do"), "\(none.errors)")
        #expect([0, 3].contains(try Tool.run(parts.work(2)).status))
        #expect(try Tool.run(parts.merge()).status == 3)
        try expectWhole(parts, exports, rows)
    }

    @Test("A part's cache that is deleted or killed half way is a hole; it is done again and merged")
    func deleted() throws {
        let (parts, exports, rows) = try corpus()
        for part in [0, 1, 3] { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        let killed = try Tool.run(parts.work(2), environment: ["EARMARK_CRASH_AT": "ledger.after-commit"])
        #expect(killed.status == 128 + SIGKILL)
        // What the ledger has counts, not what the process last said of itself.
        let said = try String(contentsOfFile: parts.path(2) + "/part.json", encoding: .utf8)
        let ledger = parts.path(2) + "/ledger.sqlite"
        let before = try Data(contentsOf: URL(fileURLWithPath: ledger))
        let status = try parts.status()
        let part = try #require(status.parts?.list.first { $0.part == 2 })
        let own = try parts.scratch.status(cache: parts.cache + "/parts/2-of-4")
        #expect(part.state == "killed" && said.contains(#""done" : 0"#), "\(said)")
        #expect(part.done == own.done && part.failed == own.failed && part.done + part.failed > 0, "\(part)")
        #expect(status.done == status.parts?.list.map(\.done).reduce(0, +))
        #expect(try Data(contentsOf: URL(fileURLWithPath: ledger)) == before)
        // A ledger that cannot be read does not keep status from telling the rest.
        let logs = ["-wal", "-shm"]
        for log in logs where exists(ledger + log) {
            try FileManager.default.moveItem(atPath: ledger + log, toPath: ledger + log + ".kept")
        }
        try Data([UInt8](repeating: 7, count: 4096)).write(to: URL(fileURLWithPath: ledger))
        #expect(try parts.status().parts?.list.first { $0.part == 2 }?.done == 0)
        try before.write(to: URL(fileURLWithPath: ledger))
        for log in logs where exists(ledger + log + ".kept") {
            if exists(ledger + log) { try FileManager.default.removeItem(atPath: ledger + log) }
            try FileManager.default.moveItem(atPath: ledger + log + ".kept", toPath: ledger + log)
        }
        try FileManager.default.removeItem(atPath: parts.path(0))
        let refused = try Tool.run(parts.merge())
        #expect(refused.status == 65 && refused.errors.contains("part 0 was not begun"), "\(refused.errors)")
        for part in [0, 2] { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        #expect(try Tool.run(parts.merge()).status == 3)
        try expectWhole(parts, exports, rows)
    }

    @Test("Another number of parts, manifest, setting or version is refused, with the reason, and nothing is merged")
    func refusals() throws {
        let (parts, _, _) = try corpus(6)
        let scratch = parts.scratch
        #expect([0, 3].contains(try Tool.run(parts.work(0)).status))
        func expectRefused(_ words: [String], _ reason: String) throws {
            let result = try Tool.run(words)
            #expect(result.status == 65 && result.errors.contains(reason), "\(words): \(result.errors)")
            #expect(result.errors.split(separator: "\n").last?.hasPrefix("earmark: ") == true)
        }
        var other = parts
        other.parts = 3
        try expectRefused(other.work(0), "4 parts, expected 3")
        try expectRefused(other.merge(), "4 parts, expected 3")
        try expectRefused(parts.work(1, sets: ["clip-scores.method=max"]), "with other settings")
        try expectRefused(parts.merge() + ["--set", "clip-scores.method=max"], "with other settings")
        other = parts
        other.pipeline = "features.yaml"
        try expectRefused(other.work(1), "pipeline 'label'")
        let text = try scratch.text("corpus.csv")
        try scratch.write("corpus.csv", text + "one more,empty.wav,,\n")
        try expectRefused(parts.work(1), "another manifest")
        try expectRefused(parts.merge("--allow-missing"), "another manifest")
        try scratch.write("corpus.csv", text)

        // A plan made anew: the part of the old one is told apart. With the version changed, its digest does not fit.
        let plan = parts.folder + "/parts/plan.json"
        let whole = try String(contentsOfFile: plan, encoding: .utf8)
        try Data(whole.replacing(#""earmark" : ""#, with: #""earmark" : "9"#).utf8).write(
            to: URL(fileURLWithPath: plan))
        try expectRefused(parts.merge(), "plan")
        try FileManager.default.removeItem(atPath: plan)
        try expectRefused(parts.merge(), "no plan of parts")
        try expectRefused(parts.work(1) + ["--planned"], "does this machine see the file system")
        try scratch.write("corpus.csv", text + "one more,empty.wav,,\n")
        #expect([0, 3].contains(try Tool.run(parts.work(1)).status))
        try expectRefused(parts.work(0), "this part was computed from another manifest")
        try expectRefused(parts.merge("--allow-missing"), "this part was computed from another manifest")
        #expect(!exists(parts.folder + "/ledger.sqlite") || (try? scratch.status())?.done ?? 0 == 0)
    }

    @Test("A plan from the future, as by a clock that is behind, is refused by work, merge and submit")
    func clocks() throws {
        let (parts, _, _) = try corpus(6)
        for part in 0..<4 { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        let plan = parts.folder + "/parts/plan.json"
        let late = Date(timeIntervalSinceNow: 4000)
        try FileManager.default.setAttributes([.modificationDate: late], ofItemAtPath: plan)
        for words in [parts.work(1), parts.merge("--allow-missing"), parts.submit("--dry-run")] {
            let refused = try Tool.run(words)
            #expect(
                refused.status == 65 && refused.errors.contains("seconds behind that by which the file was written"),
                "\(words[0]): \(refused.errors)")
        }
        #expect((0..<4).allSatisfy { exists(parts.path($0)) } && !exists(parts.folder + "/ledger.sqlite"))
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: plan)
        #expect(try Tool.run(parts.merge()).status == 3)
    }

    @Test("A part that another version, model or manifest made is refused with what differs, and nothing is merged")
    func foreign() throws {
        let (parts, exports, rows) = try corpus(6)
        for part in 0..<4 { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        let path = parts.path(2) + "/part.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for (key, words) in [
            ("earmark", "version x"), ("fingerprint", "another model or another version of a stage"),
            ("manifest", "another manifest"), ("pipeline", "pipeline 'x"), ("plan", "another plan"),
        ] {
            let changed = text.replacing("\"\(key)\" : \"", with: "\"\(key)\" : \"x")
            #expect(changed != text, "\(key)")
            try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
            for refusing in [parts.merge(), parts.merge("--allow-missing"), parts.work(2)] {
                let refused = try Tool.run(refusing)
                #expect(
                    refused.status == 65 && refused.errors.contains("this part was computed from")
                        && refused.errors.contains(words), "\(key): \(refused.errors)")
            }
            #expect(try parts.status().pending == 0 && !exists(parts.folder + "/shards/index.csv"))
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        #expect(try Tool.run(parts.merge()).status == 3)
        try expectWhole(parts, exports, rows)
    }

    @Test("Merges at the same time: one merges, the others are refused or find it done")
    func merges() throws {
        let (parts, exports, rows) = try corpus(8)
        for part in 0..<4 { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        let running = try (0..<4).map { _ in try Tool.start(parts.merge()) }
        let ended = running.map { $0.wait() }
        #expect(ended.count { $0.errors.contains("merged 4 parts") } == 1)
        for one in ended {
            #expect(
                one.status == 3 && (one.errors.contains("merged 4 parts") || one.errors.contains("nothing to merge"))
                    || one.status == 75 && one.errors.contains("another run has this cache"), "\(one.errors)")
        }
        try expectWhole(parts, exports, rows)
    }

    @Test("A value changed in a part's shard comes to light by verify after the merge, and is made again")
    func flipped() throws {
        let (parts, exports, rows) = try corpus(6)
        for part in 0..<4 { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        let folder = parts.path(2) + "/shards/"
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasPrefix("mel") })
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder + name))
        bytes[bytes.count - 9] ^= 0x40
        try bytes.write(to: URL(fileURLWithPath: folder + name))
        #expect(try Tool.run(parts.merge()).status == 3)
        let found = try Tool.run("verify", "--cache", parts.folder)
        #expect(found.status == 65 && (found.output + found.errors).contains(name), "\(found.output)\(found.errors)")
        #expect(try Tool.run("verify", "--repair", "--cache", parts.folder).status != 70)
        #expect(try Tool.run(parts.scratch.run("label.yaml")).status == 3)
        try expectWhole(parts, exports, rows)
    }

    @Test("Between a merge that was killed and the next, prune is refused, and a run does no harm")
    func between() throws {
        let (parts, exports, rows) = try corpus(8)
        for part in 0..<4 { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        for (number, point) in ["merge.after-links:2", "merge.after-commit:1", "merge.before-plan"].enumerated() {
            var copy = parts
            copy.cache = "copy\(number)"
            try FileManager.default.copyItem(atPath: parts.folder, toPath: copy.folder)
            #expect(
                try Tool.run(copy.merge(), environment: ["EARMARK_CRASH_AT": point]).status == 128 + SIGKILL)
            let shards = try FileManager.default.contentsOfDirectory(atPath: copy.folder + "/shards").sorted()
            for flags in [[], ["--dry-run"]] {
                let refused = try Tool.run(["prune", "--cache", copy.folder] + flags)
                #expect(
                    refused.status == 65 && refused.errors.contains("a merge of parts was interrupted"),
                    "\(point): \(refused.output)\(refused.errors)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: copy.folder + "/shards").sorted() == shards)
            if number == 1 {
                #expect(try Tool.run(parts.scratch.run("label.yaml", cache: copy.cache)).status == 3)
            }
            #expect(try Tool.run(copy.merge()).status == 3, "\(point)")
            try expectWhole(copy, exports, rows, point)
            // After the run, rows of the clips that both had are unused.
            #expect(try Tool.run("prune", "--cache", copy.folder).status == 0)
            try expectWhole(copy, exports, rows, point)
        }
    }

    @Test("A part that loses a shard, or a byte of one's length, is refused")
    func damaged() throws {
        let (parts, _, _) = try corpus(6)
        for part in 0..<4 { #expect([0, 3].contains(try Tool.run(parts.work(part)).status)) }
        let folder = parts.path(1) + "/shards/"
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasPrefix("mel") })
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder + name))
        try bytes.dropLast().write(to: URL(fileURLWithPath: folder + name))
        let cut = try Tool.run(parts.merge("--allow-missing"))
        #expect(cut.status == 65 && cut.errors.contains("expected \(bytes.count)"), "\(cut.errors)")
        try FileManager.default.removeItem(atPath: folder + name)
        let gone = try Tool.run(parts.merge("--allow-missing"))
        #expect(gone.status == 65 && gone.errors.contains("the shard is gone"), "\(gone.errors)")
        #expect((0..<4).allSatisfy { exists(parts.path($0)) })
    }

    @Test("Many parts that begin at once share one plan, and a part that is being written is not merged")
    func together() throws {
        let (parts, exports, rows) = try corpus()
        let running = try (0..<4).map { try Tool.start(parts.work($0)) }
        for one in running { #expect([0, 3].contains(one.wait().status)) }
        #expect(try parts.status().parts?.list.map(\.clips).reduce(0, +) == 17)
        try FileManager.default.removeItem(atPath: parts.path(3))
        let busy = try Tool.start(parts.work(3))
        let shards = parts.path(3) + "/shards"
        let hasBegun = busy.until {
            (try? FileManager.default.contentsOfDirectory(atPath: shards).contains { $0.hasSuffix(".partial") }) == true
        }
        if hasBegun, busy.isRunning {
            busy.send(SIGSTOP)
            let refused = try Tool.run(parts.merge("--allow-missing"))
            // It may have ended just before it was stopped.
            #expect(
                refused.status == 75 && refused.errors.contains("still being written")
                    && refused.errors.contains("\(busy.process.processIdentifier)"), "\(refused.errors)")
            #expect(try parts.status().state(3) == "running")
            busy.send(SIGCONT)
        }
        #expect([0, 3].contains(busy.wait().status))
        #expect(try Tool.run(parts.merge()).status == 3)
        try expectWhole(parts, exports, rows)
    }

    @Test("From its first word to its last, a part that says that it is running holds its lock")
    func alwaysLocked() throws {
        let scratch = try Scratch()
        try scratch.synth(4)
        var parts = PartCache(scratch: scratch)
        parts.parts = 1
        let running = try Tool.start(parts.work(0))
        func state() -> String? {
            (try? String(contentsOfFile: parts.path(0) + "/part.json", encoding: .utf8)).flatMap {
                $0.contains(#""phase" : "running""#) ? $0 : nil
            }
        }
        func isFree() -> Bool {
            let file = open(parts.path(0) + "/lock", O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return true }
            defer { close(file) }
            return flock(file, LOCK_SH | LOCK_NB) == 0
        }
        var seen = 0
        let wasFree = running.until {
            guard let before = state() else { return false }
            seen += 1
            return isFree() && state() == before
        }
        #expect(!wasFree && seen > 0)
        #expect(running.wait().status == 0)
    }

    @Test(
        "Told to stop, a part ends with 75 however often it is told, and goes on when it is begun again",
        arguments: [[SIGUSR1], [SIGTERM, SIGTERM, SIGUSR1, SIGCONT], [SIGUSR1, SIGUSR1, SIGHUP, SIGTERM], [SIGKILL]])
    func signals(signals: [Int32]) throws {
        let scratch = try Scratch()
        try scratch.synth(40)
        var parts = PartCache(scratch: scratch)
        parts.parts = 1
        #expect(try Tool.run(scratch.run("label.yaml", cache: "whole")).status == 0)
        let running = try Tool.start(parts.work(0))
        let hasBegun = running.until {
            (try? FileManager.default.contentsOfDirectory(atPath: parts.path(0) + "/shards").contains {
                $0.hasSuffix(".partial")
            }) == true
        }
        #expect(hasBegun)
        for signal in signals { running.send(signal) }
        let result = running.wait()
        let isKill = signals == [SIGKILL]
        #expect(result.status == (isKill ? 128 + SIGKILL : 75), "\(result.errors)")
        // Nobody is at a keyboard.
        #expect(!result.errors.contains("Ctrl-C"), "\(result.errors)")
        #expect(isKill || result.errors.contains("stopping on SIG"), "\(result.errors)")
        #expect(try parts.status().state(0) == (isKill ? "killed" : "interrupted"))
        #expect(try Tool.run(parts.merge()).status == 65)
        #expect(try Tool.run(parts.work(0)).status == 0)
        #expect(try parts.status().state(0) == "done")
        #expect(try Tool.run(parts.merge()).status == 0)
        try expectWhole(parts, PartCache.exports(scratch, "whole"), CacheContents(scratch, cache: "whole"))
    }
}
