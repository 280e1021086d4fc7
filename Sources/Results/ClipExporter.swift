import Audio
import Cache
import Corpora
import Files
import Foundation
import Ledger
import Pipeline

/// Cuts events out of their recordings into a folder, with an `index.csv` that is a manifest of the cuts.
package struct ClipExporter {
    /// What to cut, and how.
    package struct Settings: Sendable {
        /// Seconds added before and after an event, within the recording.
        package var pad: Double
        package var container: CutFile.Container
        package var choice: CutChoice

        /// The number of the audio stream to cut from, of files with several; nil for FFmpeg's choice.
        package var stream: Int?

        package init(pad: Double, container: CutFile.Container, choice: CutChoice, stream: Int? = nil) {
            self.stream = stream
            self.pad = pad
            self.container = container
            self.choice = choice
        }
    }

    /// A recording from which at least one event was not cut.
    package struct Loss: Sendable {
        package let clip: String
        package let path: String
        package let events: Int
        package let reason: String
    }

    /// The outcome of an export.
    package struct Summary: Sendable {
        package var cuts = 0
        /// Total length of the cuts.
        package var seconds = 0.0
        package var lostRecordings = 0
        package var lostEvents = 0
        /// Cuts whose samples were rounded to fit the container, and how many of those had samples beyond full scale.
        package var rounded = 0
        package var clipped = 0
        /// Files of an earlier export that the new index does not list.
        package var stale = 0
        /// Partial files of an export that was killed, which were removed.
        package var abandoned = 0
        /// What became of the manifest's further columns; nil if it has none.
        package var columns: ColumnRecord?
    }

    package static let indexName = "index.csv"
    // The index is a manifest, in which a column 'start' or 'end' would make a cut a part of its file.
    private static let columns = ["recording", "event_start", "event_end", "score", "peak", "from", "to"]
    private static let strata = ["stratum_low", "stratum_high", "stratum_events"]

    private let ledger: Ledger
    private let settings: Settings
    /// For recordings of which several clips are parts.
    private let digests = PerFileCache<String>(limit: 256)

    package init(ledger: Ledger, settings: Settings) {
        self.ledger = ledger
        self.settings = settings
    }

    /// Cuts the clips and writes the index last. If that fails, the files it made are removed.
    ///
    /// - Parameter lost: called for each recording that is missing, changed or unreadable.
    /// - Throws: `FileError` if a file cannot be written; anything `events` throws.
    package func export(
        _ events: CutChooser.Events, to folder: String, lost: (Loss) -> Void
    ) throws -> Summary {
        var tree = try OutputTree(folder)
        let index = try tree.path(Self.indexName)
        var earlier = Self.files(of: index)
        var summary = Summary()
        summary.abandoned = Self.removeAbandoned(below: tree.root)
        var (written, made): ([String], [String]) = ([], [])
        let isSpread = if case .spread = settings.choice { true } else { false }
        let known = try ManifestColumns(ledger)
        let carried = CarriedColumns(
            known, besides: Manifest.columns + Self.columns + [ClipMetadata.began] + Self.strata)
        summary.columns = carried.record
        let further =
            Self.columns + (known.hasStartTimes ? [ClipMetadata.began] : []) + (isSpread ? Self.strata : [])
            + carried.titles
        do {
            try FileSystem.write(index) { put in
                try put(Manifest.header(isSafe: true, further: further)[...])
                try CutChooser.choose(settings.choice, from: events) { clip, chosen in
                    let rows = try cut(chosen, of: clip, &tree, &summary, lost) { path in
                        if !earlier.contains(path), !FileSystem.exists(path) { made.append(path) }
                    }
                    for row in rows {
                        written.append(row.path)
                        earlier.remove(row.path)
                        try put(
                            self.row(row, of: clip, root: tree.root, hasStartTimes: known.hasStartTimes, carried)[...])
                    }
                }
                // The index must not be on disk before the files it lists.
                for path in written + tree.folders {
                    try PartialFile.sync(PathText.bytes(path))
                }
            }
        } catch {
            for path in made { FileSystem.withBytes(path) { _ = unlink($0) } }
            // Folders that hold anything else stay.
            for path in tree.folders where path != tree.root { FileSystem.withBytes(path) { _ = rmdir($0) } }
            throw error
        }
        summary.stale = earlier.filter(FileSystem.exists).count
        return summary
    }

    /// Removes the partial files of an export that was killed: those in the folders of classes that have the name of a
    /// cut. An export of other events would not meet them.
    ///
    /// - Returns: how many there were.
    private static func removeAbandoned(below root: String) -> Int {
        var count = 0
        for folder in (try? FileSystem.list(root)) ?? [] where !folder.isLink && folder.kind != .file {
            let path = root + "/" + folder.name
            for name in FileSystem.names(in: path) where name.hasSuffix(partialEnding) {
                guard CutNames.isCut(String(name.dropLast(partialEnding.count)), in: folder.name) else { continue }
                if PartialFile.removeAbandoned(PathText.bytes(path + "/" + name)) { count += 1 }
            }
        }
        return count
    }

    private static let partialEnding = ".partial"

    /// A row of the index.
    private struct Row {
        let chosen: ChosenEvent
        /// Absolute path.
        let path: String
        /// Seconds in the recording.
        let from: Double
        let to: Double
    }

    /// The nearest frame; padding may reach farther than any recording is long.
    private static func frame(_ place: Double) -> Int64 {
        let limit = 0x1p53
        return Int64(max(-limit, min(limit, place)).rounded())
    }

    private func cut(
        _ chosen: [ChosenEvent], of clip: EventClip, _ tree: inout OutputTree, _ summary: inout Summary,
        _ lost: (Loss) -> Void, willMake: (String) -> Void
    ) throws -> [Row] {
        if chosen.isEmpty { return [] }
        func lose(_ events: Int, _ reason: String) {
            summary.lostRecordings += 1
            summary.lostEvents += events
            lost(Loss(clip: clip.name, path: clip.path, events: events, reason: reason))
        }
        let found = try ledger.clip(named: clip.name)
        let known = found?.source
        let part = try found?.clip.recordingPart()
        if let reason = try change(clip.path, part, known) {
            lose(chosen.count, reason)
            return []
        }
        var cutter: RecordingCutter
        do throws(AudioError) {
            // Padding may reach outside the part, so all of the recording is there to cut from; but of its channels only
            // the one that was heard.
            cutter = try RecordingCutter(
                path: clip.path, part: part?.ofWholeLength, stream: settings.stream, container: settings.container)
        } catch {
            // Running out of descriptors or memory is not the recording's fault.
            if error.systemCode != nil { throw error }
            lose(chosen.count, error.reason)
            return []
        }
        let rate = Double(cutter.rate)
        // Where a part ends before its recording, the recording's length is not known.
        let length = known.flatMap { $0.rate == Int64(cutter.rate) && part?.end == nil ? $0.frames : nil }
            .map { $0 + (part?.firstFrame(rate: cutter.rate) ?? 0) }
        var cuts: [RecordingCutter.Cut] = []
        for one in chosen {
            let first = max(0, Self.frame((one.event.start - settings.pad) * rate))
            let last = Self.frame((one.event.end + settings.pad) * rate)
            let path = try tree.path(CutNames.stem(one.event) + "." + settings.container.rawValue)
            willMake(path)
            cuts.append(
                RecordingCutter.Cut(first: first, end: max(first + 1, min(last, length ?? .max)), file: path))
        }
        var rows: [Row] = []
        var reasons: [String] = []
        for ((one, cut), outcome) in zip(zip(chosen, cuts), try cutter.cut(cuts)) {
            switch outcome {
            case .lost(let reason): reasons.append(reason)
            case .written(let end, let clipped):
                summary.cuts += 1
                summary.seconds += Double(end - cut.first) / rate
                if settings.container.format(for: cutter.sampleFormat) != cutter.sampleFormat { summary.rounded += 1 }
                if clipped > 0 { summary.clipped += 1 }
                rows.append(
                    Row(chosen: one, path: cut.file, from: Double(cut.first) / rate, to: Double(end) / rate))
            }
        }
        if let reason = reasons.first { lose(reasons.count, reason) }
        return rows
    }

    /// Why a recording is no longer the one that was scored; nil if it still is.
    ///
    /// As in a run, equal size and modification time count as equal content; if either differs, the content decides.
    private func change(_ path: String, _ part: RecordingPart?, _ known: SourceRecord?) throws -> String? {
        guard let known else { return "the cache does not say what file was heard" }
        guard let stat = SourceStat.find(path) else {
            return errno == ENOENT ? "no such file" : String(cString: strerror(errno))
        }
        if stat.size == known.size, stat.modified == known.modified { return nil }
        do {
            return try stat.digest(path, part: part?.text, keptIn: digests) == known.content
                ? nil : "the file is not the one that was heard"
        } catch let failure as ClipFailure {
            return failure.reason
        }
    }

    private func row(
        _ row: Row, of clip: EventClip, root: String, hasStartTimes: Bool, _ carried: CarriedColumns
    ) -> [UInt8] {
        let event = row.chosen.event
        var values = [event.clip]
        for seconds in [event.start, event.end] {
            values.append(Self.text { EventText.append(seconds: seconds, to: &$0) })
        }
        for score in [event.score, event.peak] { values.append(Self.text { EventText.append(score: score, to: &$0) }) }
        for seconds in [row.from, row.to] { values.append(Self.text { EventText.append(seconds: seconds, to: &$0) }) }
        // The index is a manifest of the cuts: when a cut begins, not the event in it.
        if hasStartTimes { values.append(clip.began.flatMap { StartTime($0) }?.text(after: row.from) ?? "") }
        if let stratum = row.chosen.stratum {
            for score in [stratum.low, stratum.high] {
                values.append(Self.text { EventText.append(score: score, to: &$0) })
            }
            values.append(String(stratum.events))
        }
        values += carried.values(clip.metadata)
        let name = FileSystem.relative(row.path, to: FileSystem.folder(of: row.path))
        let stem = String(name.dropLast(settings.container.rawValue.count + 1))
        let entry = Manifest.Entry(clip: stem, path: row.path, labels: [event.label], split: "")
        return Manifest.row(entry, folder: root, isSafe: true, further: values)
    }

    private static func text(_ append: (inout [UInt8]) -> Void) -> String {
        var out: [UInt8] = []
        append(&out)
        return String(decoding: out, as: UTF8.self)
    }

    /// The files that an earlier index lists; empty if there is no such index.
    private static func files(of index: String) -> Set<String> {
        guard let manifest = try? Manifest(contentsOf: index) else { return [] }
        return Set((0..<manifest.count).map(manifest.path))
    }
}
