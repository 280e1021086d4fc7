import Cache
import Corpora
import Errors
import Files
import Foundation
import Ledger
import Pipeline
import TestSupport
import Testing

/// Runs over recordings inside archives: the same rows as from the files themselves, and one failure a clip for what is
/// wrong with an archive.
@Suite struct ArchiveRunTests {
    private static let seconds = [0.4, 1.5, 2.2, 0.9, 1.1]

    /// Clips in a folder, and archives of them.
    private struct Corpus {
        let fixture = Result { try PipelineFixture() }
        let files: PipelineFixture
        var contents: [(name: String, bytes: [UInt8])] = []

        init() throws {
            files = try fixture.get()
            for (number, seconds) in ArchiveRunTests.seconds.enumerated() {
                try files.addClip("c\(number)", seconds: seconds, rate: number % 2 == 0 ? 22_050 : 16_000)
                contents.append(("c\(number).wav", try FileSystem.read(files.folder + "/c\(number).wav")))
            }
        }

        func zip(deflated: Bool) -> [UInt8] {
            MadeZip(contents.map { .init($0.name, $0.bytes, deflated: deflated) }).data
        }

        func tar() -> [UInt8] {
            var tar = MadeTar(.pax)
            for one in contents { tar.add(one.name, one.bytes) }
            return tar.data
        }

        /// The manifest is of an archive's members from now on.
        func use(_ archive: String) {
            files.keep(contents.map { (String($0.name.dropLast(4)), archive + "!/" + $0.name) })
        }
    }

    /// The digests of sources and of rows, by clip and kind.
    private func digests(_ files: PipelineFixture, _ cache: String) throws -> [String: String] {
        let ledger = try files.cache(cache).reading()
        var names: [Int64: String] = [:]
        try ledger.forEachClip { names[$0.id] = $0.name }
        var found: [String: String] = [:]
        try ledger.forEachSource { found["source \(names[$0.clip] ?? "")"] = "\($0.content) \($0.size)" }
        for stage in try ledger.stages() {
            try ledger.forEachResult(stage: stage.id) {
                found["\(stage.kind) \(names[$0.clip] ?? "")"] = "\($0.digest) \($0.rowCount)"
            }
        }
        return found
    }

    @Test(
        "Stored and deflated members and those of a tar give a folder's sources and rows, with one and with two workers"
    )
    func sameRows() throws {
        let corpus = try Corpus()
        let files = corpus.files
        #expect(try files.run(cache: files.cache("plain")).result.done == 5)
        let plain = try digests(files, "plain")
        #expect(plain.count == 15)
        let archives = [
            "s.zip": corpus.zip(deflated: false), "d.zip": corpus.zip(deflated: true), "t.tar": corpus.tar(),
        ]
        for (name, bytes) in archives {
            try FileSystem.write(files.folder + "/" + name) { try $0(bytes[...]) }
            corpus.use(name)
            for workers in [1, 2] {
                let report = try files.run(cache: files.cache("\(name)-\(workers)"), workers: workers)
                #expect(report.result.done == 5 && report.failures == 0, "\(name)")
                #expect(try digests(files, "\(name)-\(workers)") == plain, "\(name), \(workers) workers")
            }
        }
    }

    @Test(
        "A new time alone redoes nothing, another member only that one; a pipeline over an archive that is gone keeps its rows"
    )
    func onlyWhatChanged() throws {
        var corpus = try Corpus()
        let files = corpus.files
        let path = files.folder + "/a.zip"
        let bytes = corpus.zip(deflated: true)
        try FileSystem.write(path) { try $0(bytes[...]) }
        // From the files first: the same clips inside an archive are the same content.
        #expect(try files.run().result.done == 5)
        corpus.use("a.zip")
        #expect(try files.run().result.done == 0)
        #expect(utimes(path, [timeval(tv_sec: 1000, tv_usec: 0), timeval(tv_sec: 1000, tv_usec: 0)]) == 0)
        let touched = try files.run()
        #expect(touched.plan.pending == 0 && touched.plan.count(.done) == 5)
        corpus.contents[2].bytes = corpus.contents[1].bytes
        let changed = corpus.zip(deflated: false)
        try FileSystem.write(path) { try $0(changed[...]) }
        let again = try files.run()
        #expect(again.plan.count(.changed) == 1 && again.result.done == 1)
        unlink(path)
        let gone = try files.run()
        #expect(gone.plan.pending == 0 && gone.plan.missingDone == 5)
    }

    @Test("A missing, damaged or foreign archive is one failure a clip, named, and tried again once it is mended")
    func failures() throws {
        let corpus = try Corpus()
        let files = corpus.files
        let good = corpus.zip(deflated: false)
        let path = files.folder + "/a.zip"
        func failures() throws -> [String] {
            let ledger = try files.cache().reading()
            return try ledger.failures().map { "\($0.failureClass) \($0.reason)" }
        }
        corpus.use("a.zip")
        let missing = try files.run()
        #expect(missing.failures == 5 && missing.result.failed == 5)
        #expect(try failures() == [String](repeating: "unreadable no such archive: \(path)", count: 5))
        // Cut in its directory.
        try FileSystem.write(path) { try $0(good[..<(good.count - 30)]) }
        #expect(try files.run().result.failed == 5)
        #expect(try failures().allSatisfy { $0.hasPrefix("unreadable byte") && $0.contains("without a directory") })
        // Nothing is tried again while nothing changes.
        #expect(try files.run().result.failed == 0)
        // One member's bytes are not what the archive's checksum says.
        var damaged = good
        damaged[5000] ^= 0x10
        try FileSystem.write(path) { try $0(damaged[...]) }
        let one = try files.run()
        #expect(one.result.done == 4 && one.result.failed == 1)
        #expect(try failures().filter { $0.contains("CRC-32") }.count == 1)
        try FileSystem.write(path) { try $0((good + [0])[...]) }
        let mended = try files.run()
        #expect(mended.result.done == 1 && mended.failures == 0)
    }

    @Test("An archive that grows during a run: each clip is done with the right rows, or failed as changed")
    func growing() throws {
        let corpus = try Corpus()
        let files = corpus.files
        #expect(try files.run(cache: files.cache("plain")).result.done == 5)
        let plain = try digests(files, "plain")
        let path = files.folder + "/t.tar"
        var tar = MadeTar(.gnu)
        var rows: [(clip: String, path: String)] = []
        for turn in 0..<20 {
            for one in corpus.contents {
                tar.add("\(turn)/\(one.name)", one.bytes)
                rows.append(("\(turn)-\(one.name.dropLast(4))", "t.tar!/\(turn)/\(one.name)"))
            }
        }
        files.keep(rows)
        let bytes = tar.data
        try FileSystem.write(path) { try $0(bytes[...]) }
        nonisolated(unsafe) var isOver = false
        let lock = NSLock()
        let appender = Thread {
            // Appended as `tar -r` does: a member over the end mark, and a new end mark.
            var place = bytes.count - 1024
            var extra = MadeTar(.gnu)
            extra.add("more.wav", [UInt8](repeating: 1, count: 700))
            while !lock.withLock({ isOver }) {
                let file = open(path, O_WRONLY)
                let data = extra.data
                _ = data.withUnsafeBytes { pwrite(file, $0.baseAddress, data.count, off_t(place)) }
                close(file)
                place += data.count - 1024
            }
        }
        appender.start()
        let report = try files.run()
        lock.withLock { isOver = true }
        let ledger = try files.cache().reading()
        let failures = try ledger.failures()
        #expect(report.result.done + report.result.failed == rows.count && failures.count == report.result.failed)
        for failure in failures {
            #expect(
                [FailureClass.changed, .unreadable].contains(failure.failureClass), "\(failure.reason)")
        }
        for (key, value) in try digests(files, "cache") {
            let parts = key.split(separator: " ")
            let name = parts[1].split(separator: "-")[1]
            // A failed clip's source may be known without its rows.
            guard parts[0] != "source" || value.first != " " else { continue }
            #expect(plain["\(parts[0]) \(name)"] == value, "\(key)")
        }
    }
}
