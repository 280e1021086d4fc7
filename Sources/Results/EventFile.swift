import Corpora
import Errors
import Files
import Foundation
import Ledger
import Tables

/// Reads events in the form that `export events --format csv` writes, so that they can be cut:
/// `clip,path,start,end,label,score,peak`, and any further columns. A person may have removed rows, moved boundaries or changed
/// labels, but the events must belong to this cache.
package struct EventFile: Sendable {
    private static let columns = ["clip", "path", "start", "end", "label", "score", "peak"]

    /// Clip by clip in the cache's order; the events of a clip by start.
    package let events: [(clip: EventClip, events: [Event])]

    /// - Throws: `TableError` or `SettingError` naming the line of anything that is not an event, whose clip is not in the
    ///   cache, or whose clip is another recording in the cache.
    package init(contentsOf path: String, ledger: Ledger) throws {
        var reader = try CSVReader(contentsOf: path)
        guard try reader.next() else {
            throw TableError(
                file: path, line: 1, found: "an empty file", expected: "columns " + Self.columns.joined(separator: ","))
        }
        var places: [String: Int] = [:]
        for (place, field) in reader.fields.enumerated() { places[reader.text(field)] = place }
        let missing = Self.columns.filter { places[$0] == nil }
        guard missing.isEmpty else {
            throw TableError(
                file: path, line: 1, found: "no column '\(missing[0])'",
                expected: "the columns \(Self.columns.joined(separator: ",")), as 'earmark export events' writes them")
        }
        let width = reader.fields.count
        var known: [ClipName: (position: Int64, clip: EventClip)] = [:]
        var rows: [(position: Int64, event: Event, line: Int)] = []
        while try reader.next() {
            let line = reader.rowLine
            guard reader.fields.count == width else {
                throw TableError(
                    file: path, line: line, found: "\(reader.fields.count) fields",
                    expected: "\(width), as in the header")
            }
            func text(_ name: String) -> String { places[name].map { reader.text(reader.fields[$0]) } ?? "" }
            let key = ClipName(text("clip"))
            if known[key] == nil { known[key] = try Self.find(text("clip"), path: text("path"), ledger, path, line) }
            guard let (position, clip) = known[key] else { continue }
            guard text("path").utf8.elementsEqual(clip.path.utf8) else {
                throw Self.foreign(path, line, clip: clip.name, found: text("path"), expected: clip.path)
            }
            let (start, end) = (Double(text("start")), Double(text("end")))
            guard let start, let end, start >= 0, end > start, end.isFinite else {
                throw TableError(
                    file: path, line: line, found: "an event from '\(text("start"))' to '\(text("end"))'",
                    expected: "seconds, the end after the start")
            }
            // Boundaries are written to the microsecond.
            if let seconds = clip.seconds, start >= seconds || end > seconds + 0.000_002 {
                throw TableError(
                    file: path, line: line, found: "an event from \(start) to \(end) s",
                    expected: "one within the recording's \(seconds) s")
            }
            let label = Self.name(text("label"))
            guard !label.isEmpty, let score = Double(text("score")), (0...1).contains(score) else {
                throw TableError(
                    file: path, line: line, found: "label '\(text("label"))' with score '\(text("score"))'",
                    expected: "a label and a score from 0 to 1")
            }
            let began = text("began")
            rows.append(
                (
                    position,
                    Event(
                        clip: clip.name, path: clip.path, start: start, end: end, label: label, score: score,
                        peak: Double(text("peak")) ?? score, began: began.isEmpty ? nil : began), line
                ))
        }
        rows.sort {
            ($0.position, $0.event.start, $0.event.end, $0.line) < ($1.position, $1.event.start, $1.event.end, $1.line)
        }
        for (a, b) in zip(rows, rows.dropFirst()) where a.event == b.event {
            throw TableError(
                file: path, line: b.line, found: "the event of line \(a.line) again", expected: "every event once")
        }
        var events: [(clip: EventClip, events: [Event])] = []
        for (_, event, _) in rows {
            if let last = events.last, last.clip.name.utf8.elementsEqual(event.clip.utf8) {
                events[events.count - 1].events.append(event)
            } else if let clip = known[ClipName(event.clip)]?.clip {
                events.append((clip, [event]))
            }
        }
        self.events = events
    }

    private static func find(
        _ name: String, path: String, _ ledger: Ledger, _ file: String, _ line: Int
    ) throws -> (position: Int64, clip: EventClip) {
        // Exports put an apostrophe before anything that a spreadsheet would take for a formula.
        for name in [name, Self.name(name)] {
            guard let found = try ledger.clip(named: name) else { continue }
            return (
                found.clip.position,
                EventClip(name: found.clip.name, path: found.clip.path, seconds: found.source?.seconds)
            )
        }
        throw foreign(file, line, clip: name, found: "clip '\(name)'", expected: "")
    }

    private static func foreign(
        _ file: String, _ line: Int, clip: String, found: String, expected: String
    ) -> TableError {
        TableError(
            file: file, line: line,
            found: expected.isEmpty ? found : "clip '\(clip)' as \(found)",
            expected: expected.isEmpty ? "a clip of this cache's manifest" : "\(expected), as this cache has it")
    }

    /// A name without the apostrophe that `CSV.safeField` puts before some names.
    private static func name(_ field: String) -> String {
        guard field.utf8.first == UInt8(ascii: "'") else { return field }
        let plain = String(field.dropFirst())
        return CSV.safeField(plain) == field ? plain : field
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
