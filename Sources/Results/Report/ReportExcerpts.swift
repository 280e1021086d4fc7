import Evaluation
import Wording

/// Pictures and sounds of the examples, as far as the page contains them.
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

    /// The outcome for an example.
    package enum Outcome: Sendable {
        case shown(ReportExcerpt)
        /// Neither picture nor sound could be made, for the given reason.
        case lost(String)
    }

    /// The outcomes by example, without the examples that did not fit.
    package var outcomes: [Key: Outcome] = [:]
    /// The number of examples that did not fit.
    package var leftOut = 0
    /// The size of pictures and sounds in bytes, as embedded in the page.
    package var bytes = 0
    /// The maximum of `bytes`.
    package var limit = 0
    /// The reason why there are no pictures and sounds at all; nil if making them was attempted.
    package let none: String?

    package init(none: String? = nil) { self.none = none }

    /// The number of examples with a picture or sound, and of those with neither.
    package var counts: (shown: Int, lost: Int) {
        outcomes.values.reduce(into: (0, 0)) { counts, outcome in
            if case .shown = outcome { counts.0 += 1 } else { counts.1 += 1 }
        }
    }

    /// The number of examples that have a picture but no sound.
    package var withoutSound: Int {
        outcomes.values.count { outcome in
            if case .shown(let excerpt) = outcome { return excerpt.sound == nil }
            return false
        }
    }

    /// A summary of what the page contains and what it does not.
    package var text: String {
        if let none { return "no pictures and no sound of examples: \(none)" }
        let (shown, lost) = counts
        var text = "\(counted(shown, "example")) with pictures and sound"
        if withoutSound > 0 { text += ", \(withoutSound) of them without sound" }
        if lost > 0 { text += "; \(lost) with neither, for the reason given there" }
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

/// The picture and sound of a stretch of a recording.
package struct ReportExcerpt: Sendable {
    /// Sound in a form that a browser can play.
    package struct Sound: Sendable {
        package let bytes: [UInt8]
        /// The MIME type.
        package let type: String
    }

    /// The stretch, in seconds of the recording.
    package var window: ClosedRange<Double>
    /// An SVG element; nil if there is none.
    package var picture: String?
    /// The picture as a complete SVG file.
    package var file: String?
    package var sound: Sound?
    /// The reasons why there is no picture or no sound, as sentences.
    package var problems: [String] = []

    package init(window: ClosedRange<Double>) { self.window = window }

    /// The stretch as text.
    package var text: String {
        func seconds(_ value: Double) -> String {
            var out: [UInt8] = []
            NumberText.append(value, digits: 2, to: &out)
            return String(decoding: out, as: UTF8.self)
        }
        return "\(seconds(window.lowerBound)) to \(seconds(window.upperBound)) s"
    }

    /// The size in the page, in bytes.
    package var bytes: Int {
        (picture?.utf8.count ?? 0) + (sound.map { HTMLText.dataURLLength($0.bytes, type: $0.type) } ?? 0)
    }
}
