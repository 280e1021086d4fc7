/// A line chart of values over training epochs.
struct LinePicture {
    /// A line.
    struct Line {
        let name: String
        /// Epochs and their values, which are finite.
        let points: [(epoch: Int, value: Double)]
    }

    let label: String
    let lines: [Line]
    /// The top of the vertical axis; nil for the largest value.
    let full: Double?
    /// An epoch to mark.
    let marked: Int?

    func picture() -> Picture {
        let size = Axes.smallSize
        let axes = Axes.small
        var picture = Picture(width: size.width, height: size.height, label: label)
        let points = lines.flatMap(\.points)
        let (first, last) = (points.map(\.epoch).min() ?? 1, points.map(\.epoch).max() ?? 1)
        let largest = points.map(\.value).max() ?? 1
        let top = full ?? (largest > 0 ? largest : 1)
        let x = { (epoch: Int) in last == first ? 0.5 : Double(epoch - first) / Double(last - first) }
        let across = last - first < 6 ? Array(first...last) : (0...4).map { first + (last - first) * $0 / 4 }
        let up = [0, 0.5, 1].map { (share: $0, text: $0 == 0 ? "0" : Self.short($0 * top)) }
        axes.draw(&picture, horizontal: across.map { (x($0), "\($0)") }, vertical: up, title: "epoch")
        let n = Picture.text
        for (place, line) in lines.enumerated() {
            var path = ""
            for point in line.points {
                let y = axes.y(min(1, max(0, point.value / top)))
                path += "\(path.isEmpty ? "M" : "L")\(n(axes.x(x(point.epoch)))) \(n(y))"
            }
            // A line of one point has no length and would be invisible.
            if line.points.count == 1 { path += "m-2 0h4" }
            picture.path(path, place == 0 ? "line" : "second")
        }
        if let marked {
            let at = n(axes.x(x(marked)))
            picture.path("M\(at) \(n(axes.top - 4))V\(n(axes.bottom))", "limit")
        }
        return picture
    }

    private static func short(_ value: Double) -> String {
        var out: [UInt8] = []
        NumberText.append(value, upTo: value < 0.1 ? 4 : value < 10 ? 2 : 0, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
