import Evaluation

/// Horizontal bars, one per class.
struct BarPicture {
    /// A bar.
    struct Bar {
        let name: String
        let value: Double
        /// The label to the right of the bar.
        let text: String
        let interval: Interval?
    }

    let label: String
    let bars: [Bar]
    /// The value that a full-length bar represents; nil for the largest value.
    let full: Double?
    /// The row before which bars are omitted, marked by a gap; nil if none are omitted.
    var gap: Int?

    private static let (width, left, room, rowHeight) = (404.0, 150.0, 178.0, 19.0)

    /// Draws all of `bars` without limiting their number.
    func picture() -> Picture {
        let n = Picture.text
        var picture = Picture(
            width: Self.width, height: Double(bars.count + (gap == nil ? 0 : 1)) * Self.rowHeight + 8, label: label)
        let largest = full ?? bars.map(\.value).max() ?? 1
        let scale = Self.room / (largest > 0 ? largest : 1)
        var boxes = ""
        var lines = ""
        for (row, bar) in bars.enumerated() {
            let isBelow = gap.map { row >= $0 } ?? false
            let top = 4 + Double(row + (isBelow ? 1 : 0)) * Self.rowHeight
            if row == gap { picture.text("⋮", Self.left - 10, top - 5, " class=\"soft\" text-anchor=\"end\"") }
            let end = Self.left + max(1, bar.value * scale)
            picture.text(Picture.short(bar.name, 23), Self.left - 7, top + 13, " text-anchor=\"end\"")
            boxes += "M\(n(Self.left)) \(n(top + 3))H\(n(end))v13H\(n(Self.left))z"
            var after = end
            if let interval = bar.interval {
                let (low, high) = (Self.left + interval.low * scale, Self.left + interval.high * scale)
                lines +=
                    "M\(n(low)) \(n(top + 9.5))H\(n(high))M\(n(low)) \(n(top + 6.5))v6M\(n(high)) \(n(top + 6.5))v6"
                after = max(after, high)
            }
            picture.text(bar.text, after + 6, top + 13, " class=\"soft\"")
        }
        picture.path(boxes, "bar")
        if !lines.isEmpty { picture.path(lines, "interval") }
        return picture
    }
}
