import Corpora
import Errors
import Files
import Foundation
import Ledger
import Tables

/// Reads events in the form that `export events --format csv` writes, so that they can be cut:
/// `clip,path,start,end,label,score,peak`, and any further columns. A person may have removed rows, moved boundaries or
/// changed labels, and a spreadsheet may have written the table anew; rows of clips that the cache does not have are
/// counted.
package struct EventFile: Sendable {
    private static let columns = ["clip", "path", "start", "end", "label", "score", "peak"]

    /// Clip by clip in the cache's order; the events of a clip by start.
    package let events: [(clip: EventClip, events: [Event])]
    /// What was assumed about the text: lines for the user, each with the file's name.
    package let notices: [String]
    /// Rows whose clip the cache does not have; they are left out.
    package let strangers: Strangers

    /// Rows whose clip the cache does not have.
    package struct Strangers: Sendable, Equatable {
        package fileprivate(set) var rows = 0
        /// The first of them.
        package fileprivate(set) var line = 0
        package fileprivate(set) var clip = ""
    }

    /// A clip of the cache, and its place in the manifest.
    private struct Found {
        let position: Int64
        let clip: EventClip
    }

    /// - Throws: `FileError`; `TableError` or `SettingError` naming the line of anything that is not an event, or whose
    ///   clip is another recording in the cache; the same if the cache has none of the clips.
    package init(contentsOf path: String, ledger: Ledger) throws {
        let text = try SpreadsheetText(FileSystem.read(path), file: path)
        var notices = text.notices
        let (start, places) = try Self.header(text)
        var reader = start
        notices += [SpreadsheetText.notice(of: reader.delimiter)].compactMap(\.self)
        let width = reader.fields.count
        var known: [ClipName: Found?] = [:]
        var rows: [(clip: Found, event: Event, line: Int)] = []
        var strangers = Strangers()
        var blank: (rows: Int, firstLine: Int) = (0, 0)
        var hasDecimalCommas = false
        while try reader.next() {
            let line = reader.rowLine
            guard reader.fields.count == width else {
                throw TableError(
                    file: path, line: line, found: "\(reader.fields.count) fields",
                    expected: "\(width), as in the header")
            }
            // Spreadsheets write empty rows that consist of delimiters alone.
            if reader.fields.allSatisfy({ $0.start == $0.end }) {
                if blank.rows == 0 { blank.firstLine = line }
                blank.rows += 1
                continue
            }
            func text(_ name: String) -> String { places[name].map { reader.text(reader.fields[$0]) } ?? "" }
            func number(_ name: String) -> Double? {
                let own = text(name)
                let pointed = SpreadsheetText.withPoint(own, delimiter: reader.delimiter)
                if pointed != own { hasDecimalCommas = true }
                return Double(pointed)
            }
            let (name, file) = (text("clip"), text("path"))
            let key = ClipName(name + "\0" + file)
            if known[key] == nil { known[key] = .some(try Self.find(name, path: file, ledger)) }
            guard case .some(.some(let found)) = known[key] else {
                if strangers.rows == 0 { (strangers.line, strangers.clip) = (line, name) }
                strangers.rows += 1
                continue
            }
            let clip = found.clip
            guard file.utf8.elementsEqual(clip.path.utf8) else {
                throw TableError(
                    file: path, line: line, found: "clip '\(clip.name)' as \(file)",
                    expected: "\(clip.path), as this cache has it")
            }
            let (start, end) = (number("start"), number("end"))
            guard let start, let end, start >= 0, end > start, end.isFinite else {
                throw TableError(
                    file: path, line: line, found: "an event from '\(text("start"))' to '\(text("end"))'",
                    expected: "seconds, the end after the start")
            }
            // Boundaries are written to the microsecond.
            if let seconds = clip.recordingSeconds, start >= seconds || end > seconds + 0.000_002 {
                throw TableError(
                    file: path, line: line, found: "an event from \(start) to \(end) s",
                    expected: "one within the recording's \(seconds) s")
            }
            let label = CSV.name(ofSafe: text("label"))
            guard !label.isEmpty, let score = number("score"), (0...1).contains(score) else {
                throw TableError(
                    file: path, line: line, found: "label '\(text("label"))' with score '\(text("score"))'",
                    expected: "a label and a score from 0 to 1")
            }
            let began = text("began")
            rows.append(
                (
                    found,
                    Event(
                        clip: clip.name, path: clip.path, start: start, end: end, label: label, score: score,
                        peak: number("peak") ?? score, began: began.isEmpty ? nil : began), line
                ))
        }
        if rows.isEmpty, strangers.rows > 0 {
            throw TableError(
                file: path, line: strangers.line, found: "clip '\(strangers.clip)'",
                expected: "a clip of this cache's manifest")
        }
        if blank.rows > 0 { notices.append("empty rows skipped: \(blank.rows), the first on line \(blank.firstLine)") }
        if hasDecimalCommas { notices.append("commas in numbers read as decimal points") }
        rows.sort {
            ($0.clip.position, $0.event.start, $0.event.end, $0.line)
                < ($1.clip.position, $1.event.start, $1.event.end, $1.line)
        }
        for (a, b) in zip(rows, rows.dropFirst()) where a.event == b.event {
            throw TableError(
                file: path, line: b.line, found: "the event of line \(a.line) again", expected: "every event once")
        }
        var events: [(clip: EventClip, events: [Event])] = []
        var last: Int64?
        for (found, event, _) in rows {
            if last == found.position {
                events[events.count - 1].events.append(event)
            } else {
                events.append((found.clip, [event]))
            }
            last = found.position
        }
        self.events = events
        self.strangers = strangers
        self.notices = notices.map { "\(path): \($0)" }
    }

    /// - Returns: a reader positioned after the header, and each column's place.
    private static func header(_ text: SpreadsheetText) throws -> (CSVReader, [String: Int]) {
        let expected = columns.joined(separator: ",")
        guard let (reader, places) = try text.table(columns: columns) else {
            throw TableError(file: text.file, line: 1, found: "an empty file", expected: "columns " + expected)
        }
        if let missing = columns.first(where: { places[$0] == nil }) {
            throw TableError(
                file: text.file, line: reader.rowLine, found: "no column '\(missing)'",
                expected: "the columns \(expected), as 'earmark export events' writes them")
        }
        return (reader, places)
    }

    /// The clip that a row names; nil if the cache has none of this name. Exports put an apostrophe before some names,
    /// which a person may have removed, or have left out: if both are names of clips, the path decides.
    private static func find(_ name: String, path: String, _ ledger: Ledger) throws -> Found? {
        let plain = CSV.name(ofSafe: name)
        let found = try (plain == name ? [name] : [plain, name]).compactMap { name -> Found? in
            guard let found = try ledger.clip(named: name) else { return nil }
            let clip = try EventClip(found.clip, seconds: found.source?.seconds)
            return Found(position: found.clip.position, clip: clip)
        }
        return found.first { $0.clip.path.utf8.elementsEqual(path.utf8) } ?? found.first
    }

    /// The events of the given labels and clips.
    ///
    /// - Parameters:
    ///   - only: labels; empty for all.
    ///   - not: labels to leave out.
    ///   - clips: patterns in `Glob` syntax, for a clip's name or path; empty for all.
    /// - Throws: `SettingError` for a label or a pattern that matches nothing in the file.
    package func selected(only: [String], not: [String], clips: [String]) throws -> [(clip: EventClip, events: [Event])]
    {
        let labels = Set(events.flatMap { $0.events.map(\.label) })
        let names = ClassNames(labels.sorted())
        for (option, list) in [("--class", only), ("--not-class", not)] {
            for label in list where !labels.contains(label) {
                throw SettingError(
                    name: option, found: "label '\(label)', which no event has", expected: names.expected(label))
            }
        }
        let globs = clips.map(Glob.init)
        for glob in globs where !events.contains(where: { glob.matches($0.clip.name) || glob.matches($0.clip.path) }) {
            throw SettingError(
                name: "--clip", found: "'\(glob.text)', which fits no clip of the events",
                expected: "a pattern that does")
        }
        return events.compactMap { clip, events in
            let isWanted = globs.isEmpty || globs.contains { $0.matches(clip.name) || $0.matches(clip.path) }
            let left = events.filter { (only.isEmpty || only.contains($0.label)) && !not.contains($0.label) }
            return isWanted && !left.isEmpty ? (clip, left) : nil
        }
    }
}
