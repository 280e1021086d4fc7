/// Horizontal bars as inline SVG, one per class, at most forty.
struct BarChart {
    struct Bar {
        var name: String
        var value: Double
        var text: String
        var interval: Interval?
    }

    var title: String
    var note: String
    var bars: [Bar]
    /// The value of a full bar; nil for the largest value.
    var full: Double?

    private static let most = 40
    private static let (width, left, room, rowHeight) = (1000.0, 240.0, 640.0, 22.0)

    /// Heading, note and chart; only a sentence if there is nothing to draw.
    func svg() -> String {
        let heading = "<h2>\(HTMLText.escaped(title))</h2>\n"
        if bars.isEmpty { return heading + "<p class=\"note\">No class to show.</p>\n" }
        let shown = bars.prefix(Self.most)
        let cut = bars.count > shown.count ? ", the first \(shown.count) of \(bars.count)" : ""
        let largest = full ?? shown.map(\.value).max() ?? 1
        let scale = Self.room / (largest > 0 ? largest : 1)
        let height = Double(shown.count) * Self.rowHeight + 16
        var text = heading + "<p class=\"note\">\(HTMLText.escaped(note))\(cut)</p>\n"
        text += "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(height))\" role=\"img\" "
        text += "aria-label=\"\(HTMLText.escaped(title))\">\n"
        for (index, bar) in shown.enumerated() {
            text += row(bar, top: 8 + Double(index) * Self.rowHeight, scale: scale)
        }
        return text + "</svg>\n"
    }

    private func row(_ bar: Bar, top: Double, scale: Double) -> String {
        let middle = Self.tenth(top + 11)
        let base = Self.tenth(top + 15)
        let end = Self.left + max(1, bar.value * scale)
        let name = bar.name.count > 34 ? bar.name.prefix(33) + "…" : bar.name[...]
        var text = "<text x=\"\(Int(Self.left) - 10)\" y=\"\(base)\" text-anchor=\"end\">"
        text += "<title>\(HTMLText.escaped(bar.name))</title>\(HTMLText.escaped(String(name)))</text>"
        text += "<rect x=\"\(Int(Self.left))\" y=\"\(Self.tenth(top + 4))\" width=\"\(Self.tenth(end - Self.left))\" "
        text += "height=\"14\" rx=\"2\"/>"
        var after = end
        if let interval = bar.interval {
            let (low, high) = (Self.left + interval.low * scale, Self.left + interval.high * scale)
            text += "<line x1=\"\(Self.tenth(low))\" x2=\"\(Self.tenth(high))\" y1=\"\(middle)\" y2=\"\(middle)\"/>"
            after = max(after, high)
        }
        text +=
            "<text class=\"value\" x=\"\(Self.tenth(after + 8))\" y=\"\(base)\">\(HTMLText.escaped(bar.text))</text>\n"
        return text
    }

    private static func tenth(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
