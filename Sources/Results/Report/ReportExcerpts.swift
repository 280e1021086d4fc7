import Evaluation
import Wording

/// Pictures and sound of the examples, as far as they are in the page.
package struct ReportExcerpts: Sendable {
    /// An example of a class.
    package struct Key: Hashable, Sendable {
        package let classIndex: Int
        package let example: ExampleClip

        package init(classIndex: Int, example: ExampleClip) {
            self.classIndex = classIndex
            self.example = example
        }
    }

    /// What became of an example.
    package enum Outcome: Sendable {
        case shown(ReportExcerpt)
        /// Neither picture nor sound, and why.
        case lost(String)
    }

    /// By example; those that found no room are not in it.
    package var outcomes: [Key: Outcome] = [:]
    /// Examples for which there was no room.
    package var leftOut = 0
    /// Bytes of pictures and sound, as they stand in the page.
    package var bytes = 0
    /// Most of them.
    package var limit = 0
    /// Why there is no picture and no sound at all; nil if they were tried.
    package let none: String?

    package init(none: String? = nil) { self.none = none }

    /// Examples with a picture or sound, and those with neither.
    package var counts: (shown: Int, lost: Int) {
        outcomes.values.reduce(into: (0, 0)) { counts, outcome in
            if case .shown = outcome { counts.0 += 1 } else { counts.1 += 1 }
        }
    }

    /// Recordings whose sound could not be had although there is a picture.
    package var withoutSound: Int {
        outcomes.values.count { outcome in
            if case .shown(let excerpt) = outcome { return excerpt.sound == nil }
            return false
        }
    }

    /// What is in the page and what is not, in words.
    package var text: String {
        if let none { return "no pictures and no sound of examples: \(none)" }
        let (shown, lost) = counts
        var text = "\(counted(shown, "example")) with pictures and sound"
        if withoutSound > 0 { text += ", \(withoutSound) of them without sound" }
        if lost > 0 { text += "; \(lost) with neither, for the reason that stands there" }
        if leftOut > 0 {
            text += "; \(leftOut) left out, as they did not fit into \(Self.megabytes(limit)) MB (--examples-size)"
        }
        return text
    }

    private static func megabytes(_ bytes: Int) -> String {
        let tenths = (bytes + 50_000) / 100_000
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}

/// Picture and sound of a stretch of a recording.
package struct ReportExcerpt: Sendable {
    /// Sound as a browser plays it.
    package struct Sound: Sendable {
        package let bytes: [UInt8]
        /// The MIME type.
        package let type: String
    }

    /// Seconds in the recording.
    package var window: ClosedRange<Double>
    /// An SVG element; nil if there is none.
    package var picture: String?
    /// The same as a file of its own.
    package var file: String?
    package var sound: Sound?
    /// Why there is no picture or no sound: sentences.
    package var problems: [String] = []

    package init(window: ClosedRange<Double>) { self.window = window }

    /// The stretch, in words.
    package var text: String {
        func seconds(_ value: Double) -> String {
            var out: [UInt8] = []
            NumberText.append(value, digits: 2, to: &out)
            return String(decoding: out, as: UTF8.self)
        }
        return "\(seconds(window.lowerBound)) to \(seconds(window.upperBound)) s"
    }

    /// Bytes in the page.
    package var bytes: Int {
        (picture?.utf8.count ?? 0) + (sound.map { HTMLText.dataURLLength($0.bytes, type: $0.type) } ?? 0)
    }
}
