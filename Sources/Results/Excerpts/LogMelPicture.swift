import Features

/// A picture of log-mel frames: time runs from left to right, low bands are at the bottom, and louder is lighter.
///
/// The darkest colour is the 5th percentile of the excerpt's values and the lightest is the 99.8th; the colours between
/// are spaced evenly in decibels. The range is at least 24 dB, so that plain noise is not stretched into a pattern, and
/// at most 80 dB, so that digital silence in a clip does not push its sounds into the lightest colours.
package struct LogMelPicture: Sendable {
    /// The maximum number of columns if no width is given.
    package static let mostWide = 1_200
    private static let (lowest, highest) = (0.05, 0.998)
    /// The minimum and maximum range, in dB.
    private static let (leastRange, mostRange) = (24.0, 80.0)
    /// The maximum number of values used for the percentiles; longer excerpts are sampled evenly.
    private static let sampled = 65_536

    package let excerpt: LogMelExcerpt
    package let width: Int
    package let height: Int
    /// Palette indices, row by row from the top.
    package let pixels: [UInt8]
    /// The levels of the darkest and the lightest colour, in the front-end's logarithm.
    package let contrast: ClosedRange<Double>
    /// The number of frames averaged in a column; 1 or less if each frame is shown.
    package var framesPerColumn: Double { Double(excerpt.frames) / Double(width) }

    /// - Parameters:
    ///   - width: in pixels; nil for one pixel per frame, at most `mostWide`. A column that covers several frames shows
    ///     their mean; a frame that covers several columns fills them.
    ///   - height: in pixels; nil for one pixel per band.
    package init(_ excerpt: LogMelExcerpt, width: Int? = nil, height: Int? = nil) {
        precondition(excerpt.frames > 0, "a picture of nothing")
        self.excerpt = excerpt
        self.width = max(1, width ?? min(excerpt.frames, Self.mostWide))
        self.height = max(1, height ?? excerpt.bands)
        contrast = Self.contrast(excerpt)
        pixels = Self.pixels(excerpt, self.width, self.height, contrast)
    }

    /// The picture as a PNG file, with 256 colours.
    ///
    /// - Throws: `ExcerptError` if libpng fails.
    package func png() throws -> [UInt8] {
        try PNGWriter.bytes(pixels, width: width, height: height, palette: ColourScale.palette)
    }

    private static func contrast(_ excerpt: LogMelExcerpt) -> ClosedRange<Double> {
        let values = excerpt.values
        let step = (values.count + sampled - 1) / sampled
        let sorted = stride(from: 0, to: values.count, by: step).map { values[$0] }.sorted()
        func level(_ share: Double) -> Double { Double(sorted[Int((share * Double(sorted.count - 1)).rounded())]) }
        let unit = excerpt.frontEnd.decibels
        let (low, high) = (level(lowest), level(highest))
        let range = min(max((high - low) * unit, leastRange), mostRange) / unit
        // No level is below silence; an excerpt that is all silence is dark.
        let darkest = max(high - range, min(Double(excerpt.frontEnd.silence), low))
        return darkest...darkest + range
    }

    private static func pixels(
        _ excerpt: LogMelExcerpt, _ width: Int, _ height: Int, _ contrast: ClosedRange<Double>
    ) -> [UInt8] {
        let bands = excerpt.bands
        let rows = (0..<height).map { span($0, height, bands) }
        let scale = Float(ColourScale.colours.count - 1) / Float(contrast.upperBound - contrast.lowerBound)
        let low = Float(contrast.lowerBound)
        var pixels = [UInt8](repeating: 0, count: width * height)
        var column = [Float](repeating: 0, count: bands)
        excerpt.values.withUnsafeBufferPointer { values in
            for x in 0..<width {
                let frames = span(x, width, excerpt.frames)
                for band in 0..<bands { column[band] = values[frames.lowerBound * bands + band] }
                for frame in frames.dropFirst() {
                    for band in 0..<bands { column[band] += values[frame * bands + band] }
                }
                let share = 1 / Float(frames.count)
                for (row, span) in rows.enumerated() {
                    var sum: Float = 0
                    for band in span { sum += column[band] }
                    let level = (sum * share / Float(span.count) - low) * scale
                    pixels[(height - 1 - row) * width + x] = UInt8(min(max(level, 0), 255).rounded())
                }
            }
        }
        return pixels
    }

    /// The range of values, of `total`, that one of `count` pixels covers.
    private static func span(_ pixel: Int, _ count: Int, _ total: Int) -> Range<Int> {
        let first = pixel * total / count
        return first..<max(first + 1, (pixel + 1) * total / count)
    }
}

extension FrontEnd {
    /// The decibels in one unit of a stored value.
    var decibels: Double {
        let factor = spectrum == .power ? 10.0 : 20.0
        // If there is a range, the deviation is applied to the patches instead.
        let unit = range > 0 ? 1 : deviation
        return switch logarithm {
        case .natural: unit * factor * 0.4342944819032518
        case .decimal: unit * factor
        case .decibel: unit
        }
    }
}
