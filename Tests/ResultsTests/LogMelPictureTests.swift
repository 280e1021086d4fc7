import Features
import Foundation
import Results
import TestSupport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Pictures of frames made by hand, and the drawing around them.
@Suite struct LogMelPictureTests {
    private static func frontEnd(bands: Int) -> FrontEnd {
        var made = FrontEnd.standard
        made.bands = bands
        // A value is a decibel.
        made.spectrum = .power
        made.logarithm = .decibel
        made.floor = 1e-12
        made.offset = 0
        return made
    }

    private static func excerpt(_ values: [Float], bands: Int) -> LogMelExcerpt {
        let frames = values.count / bands
        return LogMelExcerpt(
            values: values, frontEnd: frontEnd(bands: bands), first: 0.005, window: 0..<0.01 * Double(frames))
    }

    @Test func aPixelAFrameAndABandTheLowAtTheBottom() {
        // 10 frames, 4 bands: levels from 0 to 39 dB, rising with time within each band's own ten.
        let values = (0..<10).flatMap { frame in (0..<4).map { Float(10 * $0 + frame) } }
        let picture = LogMelPicture(Self.excerpt(values, bands: 4))
        #expect(picture.width == 10 && picture.height == 4 && picture.framesPerColumn == 1)
        // 5 % of 40 values from 0 on: the second; 99.8 %: the last.
        #expect(picture.contrast == 2...39)
        for row in 0..<4 {
            for column in 0..<10 {
                let level = Double(10 * (3 - row) + column)
                let expected = min(max((level - 2) / 37 * 255, 0), 255).rounded()
                #expect(abs(Double(picture.pixels[row * 10 + column]) - expected) <= 1, "\(row) \(column)")
            }
        }
    }

    @Test func contrastIsNeitherTooLittleNorTooMuch() {
        // 1 dB of noise: shown over 24 dB, from the loudest down.
        let quiet = LogMelPicture(Self.excerpt((0..<400).map { Float($0 % 11) / 10 - 30 }, bands: 4))
        #expect(abs(quiet.contrast.upperBound + 29) < 1e-5 && abs(quiet.contrast.lowerBound + 53) < 1e-5)
        // Half of it silence: 80 dB from the loudest down.
        let half = LogMelPicture(Self.excerpt((0..<400).map { $0 < 200 ? -120 : Float($0 % 7) }, bands: 4))
        #expect(half.contrast == -74...6)
        // Nothing but silence is dark, not noise.
        let silence = LogMelPicture(Self.excerpt([Float](repeating: -120, count: 400), bands: 4))
        #expect(silence.contrast == -120...(-96) && silence.pixels.allSatisfy { $0 == 0 })
    }

    @Test func longStretchesAreAveragedDown() {
        var draw = Draw(4)
        let frames = 3_001
        let values = (0..<frames * 2).map { _ in 60 * draw.share() }
        let excerpt = Self.excerpt(values, bands: 2)
        #expect(LogMelPicture(excerpt).width == 1_200)
        let picture = LogMelPicture(excerpt, width: 100, height: 2)
        let (low, high) = (picture.contrast.lowerBound, picture.contrast.upperBound)
        for column in 0..<100 {
            let span = column * frames / 100..<(column + 1) * frames / 100
            for band in 0..<2 {
                let mean = span.map { Double(values[$0 * 2 + band]) }.reduce(0, +) / Double(span.count)
                let expected = ((mean - low) / (high - low) * 255).rounded()
                #expect(abs(Double(picture.pixels[(1 - band) * 100 + column]) - expected) <= 1)
            }
        }
        // Wider and higher than the frames: each fills its pixels.
        let small = LogMelPicture(Self.excerpt([0, 10, 20, 30], bands: 2), width: 6, height: 4)
        #expect(small.pixels.count == 24)
        #expect(Array(small.pixels[..<6]) == Array(small.pixels[6..<12]) && Set(small.pixels[..<3]).count == 1)
    }

    @Test func thePNGHasThePixelsAndThePalette() throws {
        var draw = Draw(8)
        let folder = try TemporaryFolder()
        for (frames, bands) in [(1, 1), (300, 64), (17, 3), (1_200, 128)] {
            let values = (0..<frames * bands).map { _ in 70 * draw.share() }
            let picture = LogMelPicture(Self.excerpt(values, bands: bands))
            let path = try folder.put("a.png", try picture.png())
            let read = try Readers.run("png_pixels.py", path)
            let lines = read.text.split(separator: "\n").map(String.init)
            try #require(read.status == 0 && lines.count == 3, "\(read.text.prefix(400))")
            #expect(lines[0] == "\(frames) \(bands)")
            #expect(lines[1] == hex(ColourScale.palette))
            #expect(lines[2] == hex(picture.pixels))
        }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Back from sRGB to OKLab: equal steps, rising lightness, and every colour within what a screen has.
    @Test func coloursAreEvenlySpaced() {
        func product(_ matrix: [[Double]], _ values: [Double]) -> [Double] {
            matrix.map { row in zip(row, values).reduce(0.0) { $0 + $1.0 * $1.1 } }
        }
        let toCones: [[Double]] = [
            [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
        let toLab: [[Double]] = [
            [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
        func lab(_ colour: [Double]) -> [Double] {
            let linear: [Double] = colour.map { $0 <= 0.04045 ? $0 / 12.92 : pow(($0 + 0.055) / 1.055, 2.4) }
            return product(toLab, product(toCones, linear).map { cbrt($0) })
        }
        #expect(ColourScale.colours.count == 256 && ColourScale.palette.count == 768)
        #expect(ColourScale.colours.joined().allSatisfy { (0...1).contains($0) })
        let places = ColourScale.colours.map(lab)
        let steps: [Double] = zip(places, places.dropFirst()).map { a, b in
            zip(a, b).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        }
        let (least, most) = (steps.min() ?? 0, steps.max() ?? 1)
        #expect(least > 0 && most / least < 1.02, "\(least) to \(most)")
        #expect(zip(places, places.dropFirst()).allSatisfy { $0[0] < $1[0] })
    }

    // MARK: Drawing

    @Test func curveIsThatOfEvents() throws {
        var draw = Draw(6)
        let timing = ChunkTiming(rate: 100, hop: 25, length: 100)
        let scores = (0..<12).map { _ in draw.share() }
        let rule = EventRule(thresholds: try Thresholds(classes: ["a"], fallback: 0.5))
        let plain = PlainEvents(timing: timing, rule: rule).curve(scores, samples: 360)
        let points = scores.enumerated().map {
            CurvePoint(start: Double($0) * 0.25, end: min(Double($0) * 0.25 + 1, 3.6), score: $1)
        }
        let steps = ExcerptDrawing.steps(points, in: 0.1..<3.6)
        #expect(steps.first?.start == 0.1 && steps.last?.end == 3.6)
        for step in steps {
            for sample in Int((step.start * 100).rounded())..<Int((step.end * 100).rounded()) {
                #expect(abs(plain[sample] - step.score) < 1e-6)
            }
        }
    }

    @Test func aLongCurveKeepsItsPeaks() {
        let points = (0..<30_000).map {
            CurvePoint(start: Double($0) * 0.01, end: Double($0 + 1) * 0.01, score: $0 == 12_345 ? 0.9 : 0.1)
        }
        let steps = ExcerptDrawing.steps(points, in: 0..<300)
        #expect(steps.count <= 1_200 && steps.contains { abs($0.score - 0.9) < 1e-6 })
    }

    /// Whatever a class or a clip is called, the drawing is well-formed XML, and says what it shows.
    @Test(arguments: ["Dog", "<b>\"a\" & 'b'</b>", "\u{202E}\u{0}\u{B}\u{FFFE}]]>", "日本語 \u{1F415}", ""])
    func wellFormed(name: String) throws {
        let values = (0..<200 * 64).map { Float($0 % 50) }
        var frontEnd = FrontEnd.standard
        for low in [0, 125.0] {
            frontEnd.low = low
            let picture = LogMelPicture(
                LogMelExcerpt(values: values, frontEnd: frontEnd, first: 3.0125, window: 3..<5))
            let curve = (0..<6).map {
                CurvePoint(start: 2.5 + 0.5 * Double($0), end: 3.5 + 0.5 * Double($0), score: 0.4)
            }
            for (isFile, points) in [(true, curve), (false, curve), (false, [])] {
                let marks = ExcerptDrawing.Marks(curve: points, label: name, threshold: 0.3, event: 3.5...9)
                let text = try ExcerptDrawing(picture, marks: marks, title: name).svg(isFile: isFile)
                let found = try Elements(text)
                #expect(found.attributes["svg"]?["role"] == "img")
                #expect(found.attributes["svg"]?["aria-label"]?.contains("from 3 to 5 s") == true)
                #expect(found.attributes["image"]?["href"]?.hasPrefix("data:image/png;base64,") == true)
                // Nothing is fetched.
                #expect(!text.replacing("http://www.w3.org/2000/svg", with: "").contains("://"))
                #expect(found.names.contains("style") == isFile)
            }
        }
    }

    /// The elements of a well-formed text.
    private final class Elements: NSObject, XMLParserDelegate {
        var names: [String] = []
        var attributes: [String: [String: String]] = [:]

        init(_ text: String) throws {
            super.init()
            let parser = XMLParser(data: Data(text.utf8))
            parser.delegate = self
            try #require(parser.parse(), "\(String(describing: parser.parserError)) in \(text.prefix(300))")
        }

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes found: [String: String]
        ) {
            names.append(name)
            if attributes[name] == nil { attributes[name] = found }
        }
    }
}
