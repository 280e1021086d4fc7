/// The plot area of a small diagram, with its grid lines, tick labels and axis title.
struct Axes {
    /// The left edge of the plot area, in the picture's units, as are `top`, `width` and `height`.
    let left: Double
    let top: Double
    let width: Double
    let height: Double

    /// The plot area of the per-class diagrams.
    static let small = Axes(left: 38, top: 14, width: 300, height: 124)
    /// The size of a picture that contains `small`.
    static let smallSize = (width: 346.0, height: 172.0)

    var bottom: Double { top + height }
    var right: Double { left + width }

    /// The x coordinate of a value from 0 to 1 on the horizontal axis.
    func x(_ share: Double) -> Double { left + share * width }
    /// The y coordinate of a value from 0 to 1 on the vertical axis.
    func y(_ share: Double) -> Double { bottom - share * height }

    /// Adds the grid lines, tick labels and axis title to a picture.
    ///
    /// - Parameters:
    ///   - horizontal, vertical: tick positions, from 0 to 1, and their labels.
    ///   - title: the text under the horizontal axis.
    ///   - upTitle: the text above the vertical axis, which is as high as the plot area; nil for none.
    func draw(
        _ picture: inout Picture, horizontal: [(share: Double, text: String)],
        vertical: [(share: Double, text: String)], title: String, upTitle: String? = nil
    ) {
        let n = Picture.text
        var lines = ""
        for (share, _) in vertical where share > 0 { lines += "M\(n(left)) \(n(y(share)))h\(n(width))" }
        if !lines.isEmpty { picture.path(lines, "grid") }
        picture.path("M\(n(left)) \(n(bottom))h\(n(width))", "axis")
        for (share, text) in vertical {
            picture.text(text, left - 5, y(share) + 4, " class=\"soft\" text-anchor=\"end\"")
        }
        for (share, text) in horizontal {
            picture.text(text, x(share), bottom + 14, " class=\"soft\" text-anchor=\"middle\"")
        }
        if let upTitle { picture.text(upTitle, left, top - 4, " class=\"soft\"") }
        picture.text(title, left + width / 2, bottom + 29, " class=\"soft\" text-anchor=\"middle\"")
    }

    /// Ticks from 0 to 1 in steps of 0.2.
    static let fifths = [0.0, 0.2, 0.4, 0.6, 0.8, 1].map { (share: $0, text: $0 == 0 ? "0" : $0 == 1 ? "1" : "\($0)") }
    /// Ticks from 0 to 1 in steps of 0.5.
    static let halves = [0.0, 0.5, 1].map { (share: $0, text: $0 == 0 ? "0" : $0 == 1 ? "1" : "\($0)") }
}
