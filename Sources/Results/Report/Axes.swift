/// The frame of a small diagram: where values lie, and the lines and numbers at its sides.
struct Axes {
    /// Within the picture.
    let left: Double
    let top: Double
    let width: Double
    let height: Double

    /// The frame of the diagrams of one class.
    static let small = Axes(left: 38, top: 14, width: 300, height: 124)
    /// The size of a picture with `small` in it.
    static let smallSize = (width: 346.0, height: 172.0)

    var bottom: Double { top + height }
    var right: Double { left + width }

    /// A place on the horizontal axis, from 0 to 1.
    func x(_ share: Double) -> Double { left + share * width }
    /// A height on the vertical axis, from 0 to 1.
    func y(_ share: Double) -> Double { bottom - share * height }

    /// Adds lines and numbers to a picture.
    ///
    /// - Parameters:
    ///   - horizontal, vertical: where, from 0 to 1, and what is written there.
    ///   - title: under the horizontal axis.
    func draw(
        _ picture: inout Picture, horizontal: [(share: Double, text: String)],
        vertical: [(share: Double, text: String)], title: String
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
        picture.text(title, left + width / 2, bottom + 29, " class=\"soft\" text-anchor=\"middle\"")
    }

    /// Numbers from 0 to 1 in fifths.
    static let fifths = [0.0, 0.2, 0.4, 0.6, 0.8, 1].map { (share: $0, text: $0 == 0 ? "0" : $0 == 1 ? "1" : "\($0)") }
    /// Numbers from 0 to 1 in halves.
    static let halves = [0.0, 0.5, 1].map { (share: $0, text: $0 == 0 ? "0" : $0 == 1 ? "1" : "\($0)") }
}
