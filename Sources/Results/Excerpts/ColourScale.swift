import Foundation

/// The 256 colours of log-mel pictures, from dark to light: indigo, purple, red, orange, cream.
///
/// The anchors are points in OKLab (B. Ottosson, A perceptual color space for image processing, 2020). The colours are
/// evenly spaced along the line through them, so that equal steps of level look equal. The lightness increases
/// throughout, so the picture is also readable in greyscale. The darkest colour is not black and the lightest is not
/// white, so that the picture stands out from both dark and light pages.
package enum ColourScale {
    /// The anchors' lightness, chroma, and hue in degrees.
    private static let anchors: [(lightness: Double, chroma: Double, hue: Double)] = [
        (0.19, 0.045, 275), (0.34, 0.125, 290), (0.51, 0.185, 345), (0.68, 0.170, 397), (0.83, 0.140, 435),
        (0.965, 0.055, 463),
    ]
    private static let count = 256
    /// The number of points from one anchor to the next, between which distances are measured.
    private static let fine = 400

    /// Red, green and blue of each colour in sRGB, 0 to 255.
    package static let palette: [UInt8] = colours.flatMap { $0.map { UInt8(min(max($0 * 255, 0), 255).rounded()) } }

    /// Red, green and blue of each colour in sRGB; within 0 to 1 if the anchors are in the sRGB gamut.
    package static let colours: [[Double]] = points().map(sRGB)

    /// Evenly spaced points in OKLab.
    private static func points() -> [[Double]] {
        var line: [[Double]] = []
        for (from, to) in zip(anchors, anchors.dropFirst()) {
            for step in 0..<fine {
                let share = Double(step) / Double(fine)
                line.append(
                    place(
                        from.lightness + share * (to.lightness - from.lightness),
                        from.chroma + share * (to.chroma - from.chroma), from.hue + share * (to.hue - from.hue)))
            }
        }
        if let last = anchors.last { line.append(place(last.lightness, last.chroma, last.hue)) }
        var along = [0.0]
        for (a, b) in zip(line, line.dropFirst()) {
            along.append(along[along.count - 1] + zip(a, b).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot())
        }
        var next = 1
        return (0..<count).map { index in
            let wanted = along[along.count - 1] * Double(index) / Double(count - 1)
            while next < along.count - 1, along[next] < wanted { next += 1 }
            let share = (wanted - along[next - 1]) / (along[next] - along[next - 1])
            return zip(line[next - 1], line[next]).map { $0 + share * ($1 - $0) }
        }
    }

    private static func place(_ lightness: Double, _ chroma: Double, _ hue: Double) -> [Double] {
        [lightness, chroma * cos(hue * .pi / 180), chroma * sin(hue * .pi / 180)]
    }

    private static func sRGB(_ lab: [Double]) -> [Double] {
        let cones = [
            lab[0] + 0.3963377774 * lab[1] + 0.2158037573 * lab[2],
            lab[0] - 0.1055613458 * lab[1] - 0.0638541728 * lab[2],
            lab[0] - 0.0894841775 * lab[1] - 1.2914855480 * lab[2],
        ].map { $0 * $0 * $0 }
        let linear = [
            4.0767416621 * cones[0] - 3.3077115913 * cones[1] + 0.2309699292 * cones[2],
            -1.2684380046 * cones[0] + 2.6097574011 * cones[1] - 0.3413193965 * cones[2],
            -0.0041960863 * cones[0] - 0.7034186147 * cones[1] + 1.7076147010 * cones[2],
        ]
        return linear.map { $0 <= 0.0031308 ? 12.92 * $0 : 1.055 * pow($0, 1 / 2.4) - 0.055 }
    }
}
