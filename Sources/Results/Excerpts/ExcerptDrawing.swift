import Evaluation
import Features
import Foundation

/// An SVG drawing of a log-mel picture with its axes, the score curve of a class below it, the threshold and an event's
/// borders.
///
/// The curve is the one in which events are found: at each moment, the geometric mean of the scores of the chunks that
/// cover it. Colours come from the page (`--ink`, `--soft`, `--card`, `--line`, `--bar`, `--mark`) if it defines them.
package struct ExcerptDrawing: Sendable {
    /// What is drawn in addition to the frames.
    package struct Marks: Sendable {
        /// The chunks that overlap the stretch; if empty, no curve is drawn.
        package var curve: [CurvePoint] = []
        /// The class of the curve.
        package var label = ""
        package var threshold: Double?
        /// The borders of an event, in seconds of the recording.
        package var event: ClosedRange<Double>?

        package init(
            curve: [CurvePoint] = [], label: String = "", threshold: Double? = nil, event: ClosedRange<Double>? = nil
        ) {
            self.curve = curve
            self.label = label
            self.threshold = threshold
            self.event = event
        }
    }

    /// A colour, with its name in a page and its value elsewhere.
    private enum Colour: String {
        case ink = "#1d2733"
        case soft = "#5d6b7a"
        case card = "#ffffff"
        case line = "#dfe4ea"
        case bar = "#2f7f8f"
        case mark = "#b4532a"

        /// The attribute for programs that do not support CSS, and the style for those that do.
        func attributes(_ property: String) -> String {
            "\(property)=\"\(rawValue)\" style=\"\(property):var(--\(self),\(rawValue))\""
        }
    }

    private static let dark =
        "--ink:#e7ecf1;--soft:#9aa8b6;--card:#1b222a;--line:#2f3943;--bar:#4fb0c0;--mark:#f0a072"
    private static let (left, right, top) = (46.0, 42.0, 8.0)
    private static let (gap, curveHeight, axisHeight) = (21.0, 64.0, 34.0)
    /// The width in units of about a pixel.
    private let width: Double
    private let pictureHeight: Double
    private var room: Double { width - Self.left - Self.right }

    private let picture: LogMelPicture
    private let marks: Marks
    private let title: String

    /// - Parameters:
    ///   - title: the start of the text alternative; the stretch and the curve's class are added to it.
    ///   - width: in units of about a pixel; text is 12 units high. Below 600, the frames are also drawn less high.
    package init(_ picture: LogMelPicture, marks: Marks = Marks(), title: String, width: Double = 720) {
        self.width = width
        pictureHeight = width < 600 ? 128 : 192
        self.picture = picture
        self.marks = marks
        self.title = title
    }

    /// The drawing, which scales to the available width.
    ///
    /// - Parameter isFile: true for a separate file, with colours for light and dark; false for embedding in an HTML
    ///   page.
    /// - Throws: `ExcerptError` if the picture cannot be made.
    package func svg(isFile: Bool = false) throws -> String {
        let hasCurve = !marks.curve.isEmpty
        let bottom = Self.top + pictureHeight + (hasCurve ? Self.gap + Self.curveHeight : 0)
        let height = bottom + Self.axisHeight
        var text = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.number(width)) "
        text += "\(Self.number(height))\" role=\"img\" aria-label=\"\(HTMLText.escaped(description))\" "
        text += "font-family=\"system-ui, sans-serif\" font-size=\"12\">\n"
        if isFile {
            text += "<style>@media (prefers-color-scheme: dark){:root{\(Self.dark)}}</style>\n"
            text += "<rect width=\"100%\" height=\"100%\" \(Colour.card.attributes("fill"))/>\n"
        }
        text += try image()
        text += frequencyAxis()
        if hasCurve { text += curve(top: Self.top + pictureHeight + Self.gap) }
        text += timeAxis(bottom)
        text += eventBorders(bottom)
        return text + "</svg>\n"
    }

    private var window: Range<Double> { picture.excerpt.window }

    /// A description of the drawing.
    private var description: String {
        func seconds(_ value: Double) -> String { Self.number(value, digits: 2) }
        var text = "\(title): log-mel spectrogram from \(seconds(window.lowerBound)) to \(seconds(window.upperBound)) s"
        if let peak = marks.curve.map(\.score).filter({ !$0.isNaN }).max() {
            text += ", with the score of \(marks.label), at most \(Self.number(Double(peak), digits: 2))"
            if let threshold = marks.threshold { text += ", threshold \(Self.number(threshold, digits: 2))" }
        }
        if let event = marks.event {
            text += "; event from \(seconds(event.lowerBound)) to \(seconds(event.upperBound)) s"
        }
        return text
    }

    // MARK: Places

    private func x(_ seconds: Double) -> Double {
        let share = (seconds - window.lowerBound) / (window.upperBound - window.lowerBound)
        return Self.left + room * min(max(share, 0), 1)
    }

    /// A number in its shortest form, with at most `digits` decimal places.
    private static func number(_ value: Double, digits: Int = 1) -> String {
        var out: [UInt8] = []
        NumberText.append(value, upTo: digits, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        "<path d=\"M\(number(x1)) \(number(y1))L\(number(x2)) \(number(y2))\"/>"
    }

    // MARK: Frames

    private func image() throws -> String {
        // A frame extends half a hop to both sides of its middle, which is inside the window.
        let excerpt = picture.excerpt
        let scale = room / (window.upperBound - window.lowerBound)
        let start = Self.left + (excerpt.first - excerpt.hop / 2 - window.lowerBound) * scale
        let length = Double(excerpt.frames) * excerpt.hop * scale
        let data = Data(try picture.png()).base64EncodedString()
        let (first, end) = (max(start, Self.left - 0.5), min(start + length, Self.left + room + 0.5))
        // At a recording's ends, where there is no whole frame, the quietest colour is shown.
        let palette = ColourScale.palette
        let darkest = "rgb(\(palette[0]),\(palette[1]),\(palette[2]))"
        return "<rect x=\"\(Self.number(Self.left))\" y=\"\(Self.number(Self.top))\" "
            + "width=\"\(Self.number(room))\" height=\"\(Self.number(pictureHeight))\" fill=\"\(darkest)\" "
            + "style=\"fill:\(darkest)\"/>\n"
            + "<image x=\"\(Self.number(first, digits: 2))\" y=\"\(Self.number(Self.top))\" "
            + "width=\"\(Self.number(end - first, digits: 2))\" height=\"\(Self.number(pictureHeight))\" "
            + "preserveAspectRatio=\"none\" href=\"data:image/png;base64,\(data)\"/>\n"
    }

    private func frequencyAxis() -> String {
        let frontEnd = picture.excerpt.frontEnd
        let scale = frontEnd.melScale
        let (low, high) = (scale.mel(frontEnd.low), scale.mel(frontEnd.high))
        let step = (high - low) / Double(frontEnd.bands + 1)
        var text = "<g text-anchor=\"end\" \(Colour.soft.attributes("fill"))>"
        var ticks = "<g fill=\"none\" \(Colour.soft.attributes("stroke"))>"
        var last = Double.infinity
        for hertz in [50.0, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000] {
            // The middle of band b is b + 1 steps above the lower edge, and is drawn in the middle of its row.
            let row = (scale.mel(hertz) - low) / step - 0.5
            guard row >= 0, row <= Double(frontEnd.bands) else { continue }
            let y = Self.top + pictureHeight * (1 - row / Double(frontEnd.bands))
            guard last - y >= 14, y >= Self.top + 22 else { continue }
            last = y
            ticks += Self.line(Self.left - 4, y, Self.left, y)
            let name = hertz < 1000 ? Self.number(hertz) : Self.number(hertz / 1000) + "k"
            text += Self.label(name, Self.left - 7, y + 4)
        }
        text += Self.label("Hz", Self.left - 7, Self.top + 10)
        return ticks + "</g>\n" + text + "</g>\n"
    }

    private static func label(_ name: String, _ x: Double, _ y: Double) -> String {
        // Without this style, a page's rules for text in pictures would change the colour.
        "<text x=\"\(number(x))\" y=\"\(number(y))\" style=\"fill:inherit\">\(HTMLText.escaped(name))</text>"
    }

    // MARK: Time

    private func timeAxis(_ bottom: Double) -> String {
        let length = window.upperBound - window.lowerBound
        let steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120]
        let step = steps.first { length / $0 <= min(10, room / 40) } ?? 120
        let digits = step < 0.1 ? 2 : step < 1 ? 1 : 0
        var ticks = "<g fill=\"none\" \(Colour.soft.attributes("stroke"))>"
        ticks += Self.line(Self.left, bottom + 0.5, Self.left + room, bottom + 0.5)
        var text = "<g text-anchor=\"middle\" \(Colour.soft.attributes("fill"))>"
        var place = (window.lowerBound / step - 1e-9).rounded(.up)
        while place * step <= window.upperBound + 1e-9 {
            let x = x(place * step)
            ticks += Self.line(x, bottom, x, bottom + 5)
            var name: [UInt8] = []
            NumberText.append(place * step, digits: digits, to: &name)
            text += Self.label(String(decoding: name, as: UTF8.self), x, bottom + 18)
            place += 1
        }
        text += Self.label("s", width - 8, bottom + 18)
        return ticks + "</g>\n" + text + "</g>\n"
    }

    private func eventBorders(_ bottom: Double) -> String {
        guard let event = marks.event else { return "" }
        let inside = [event.lowerBound, event.upperBound].filter { $0 >= window.lowerBound && $0 <= window.upperBound }
        let end = Self.top + pictureHeight
        // A light line with a dark outline is visible over any colour of the picture; below it, the page's colour is
        // used.
        let lines = inside.map { Self.line(x($0), Self.top, x($0), end) }.joined()
        let below = inside.map { Self.line(x($0), end, x($0), bottom) }.joined()
        let bar = bottom + 26
        return "<g fill=\"none\"><g stroke=\"#000\" style=\"stroke:#000\" stroke-opacity=\"0.55\" stroke-width=\"3.5\">"
            + lines + "</g><g stroke=\"#fff\" style=\"stroke:#fff\" stroke-width=\"1.5\">" + lines + "</g>"
            + "<g stroke-width=\"1.5\" \(Colour.mark.attributes("stroke"))>\(below)</g>"
            + "<g stroke-width=\"4\" \(Colour.mark.attributes("stroke"))>"
            + Self.line(x(event.lowerBound), bar, x(event.upperBound), bar) + "</g></g>\n"
    }

    // MARK: Curve

    private func curve(top: Double) -> String {
        func y(_ score: Double) -> Double { top + Self.curveHeight * (1 - min(max(score, 0), 1)) }
        var text = "<g fill=\"none\" \(Colour.line.attributes("stroke"))>"
        for score in [0, 0.5, 1] { text += Self.line(Self.left, y(score), Self.left + room, y(score)) }
        text += "</g>\n<g text-anchor=\"end\" \(Colour.soft.attributes("fill"))>"
        text += Self.label("1", Self.left - 7, y(1) + 4) + Self.label("0", Self.left - 7, y(0) + 1) + "</g>\n"
        // The curve is broken between chunks that do not touch.
        let ground = Self.number(y(0))
        var (outline, areas) = ("", "")
        var end = -Double.infinity
        for step in Self.steps(marks.curve, in: window) {
            let from = Self.number(x(step.start), digits: 2)
            let (to, level) = (Self.number(x(step.end), digits: 2), Self.number(y(step.score)))
            if step.start > end + 1e-9 {
                outline += "M\(from) \(level)H\(to)"
                areas += (areas.isEmpty ? "" : "V\(ground)Z") + "M\(from) \(ground)V\(level)H\(to)"
            } else {
                outline += "V\(level)H\(to)"
                areas += "V\(level)H\(to)"
            }
            end = step.end
        }
        text += "<path d=\"\(areas)V\(ground)Z\" fill-opacity=\"0.18\" \(Colour.bar.attributes("fill"))/>\n"
        text += "<path d=\"\(outline)\" fill=\"none\" stroke-width=\"2\" stroke-linejoin=\"round\" "
        text += "\(Colour.bar.attributes("stroke"))/>\n"
        if let threshold = marks.threshold {
            text += "<g fill=\"none\" stroke-width=\"1.5\" stroke-dasharray=\"5 4\" "
            text += "\(Colour.mark.attributes("stroke"))>"
            text += Self.line(Self.left, y(threshold), Self.left + room, y(threshold)) + "</g>\n"
            text += "<g \(Colour.mark.attributes("fill"))>"
            let name = Self.number(threshold, digits: 3)
            text += Self.label(name, Self.left + room + 5, y(threshold) + 4) + "</g>\n"
        }
        guard !marks.label.isEmpty else { return text }
        let name = marks.label.count > 80 ? marks.label.prefix(79) + "…" : marks.label[...]
        return text + "<g \(Colour.ink.attributes("fill"))>"
            + Self.label(String(name), Self.left, top - 6) + "</g>\n"
    }

    /// A stretch that is covered by the same chunks throughout.
    package struct Step: Sendable, Equatable {
        package let start: Double
        package let end: Double
        /// The geometric mean of the scores of these chunks.
        package let score: Double
    }

    /// The steps of the curve: the geometric mean of the scores of the chunks that cover each moment; none where a skipped
    /// chunk is among them. If there are more
    /// than 1,200 steps, which no screen shows, consecutive ones are merged and have their highest score.
    package static func steps(_ curve: [CurvePoint], in window: Range<Double>) -> [Step] {
        let edges = Set(curve.flatMap { [$0.start, $0.end] } + [window.lowerBound, window.upperBound])
            .filter { $0 >= window.lowerBound && $0 <= window.upperBound }.sorted()
        var steps: [Step] = []
        var first = 0
        for (start, end) in zip(edges, edges.dropFirst()) where end - start > 1e-9 {
            let middle = (start + end) / 2
            // Chunks are ordered by start, and also by end.
            while first < curve.count, curve[first].end <= middle { first += 1 }
            let heard = curve[first...].prefix { $0.start < middle }.map { Double($0.score) }
            // A skipped chunk ends an event, so there is no curve where one reaches.
            guard !heard.isEmpty, !heard.contains(where: \.isNaN) else { continue }
            let mean = pow(heard.reduce(1, *), 1 / Double(heard.count))
            steps.append(Step(start: start, end: end, score: mean))
        }
        let group = (steps.count + LogMelPicture.mostWide - 1) / LogMelPicture.mostWide
        guard group > 1 else { return steps }
        return stride(from: 0, to: steps.count, by: group).map { place in
            let some = steps[place..<min(place + group, steps.count)]
            return Step(
                start: some[some.startIndex].start, end: some[some.endIndex - 1].end,
                score: some.map(\.score).max() ?? 0)
        }
    }
}
