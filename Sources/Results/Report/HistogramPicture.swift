import Evaluation
import Foundation

/// A histogram of a class's clip scores, with its threshold. Heights are logarithms of 1 + clips: most clips have
/// scores near 0, and on a linear scale no other bar would be visible.
struct HistogramPicture {
    let name: String
    let histogram: ScoreHistogram
    let threshold: Double

    func picture() -> Picture {
        let size = Axes.smallSize
        let axes = Axes.small
        let clips = histogram.clips.reduce(0, +)
        let most = histogram.clips.max() ?? 0
        var picture = Picture(
            width: size.width, height: size.height,
            label: "\(name): histogram of the scores of \(clips) clips, threshold \(threshold)")
        let full = log10(1 + Double(max(most, 1)))
        let share = { (count: Int) in log10(1 + Double(count)) / full }
        var ticks = [(share: 0.0, text: "0")]
        var tick = 1
        while tick <= max(most, 1) {
            // Labels that would overlap are omitted.
            if (share(tick) - ticks[ticks.count - 1].share) * axes.height >= 11 {
                ticks.append((share(tick), Self.short(tick)))
            }
            tick *= 10
        }
        axes.draw(&picture, horizontal: Axes.fifths, vertical: ticks, title: "clip score")
        picture.path(Self.bars(histogram.clips, axes, share), "bar")
        if let positives = histogram.positives, positives.contains(where: { $0 > 0 }) {
            picture.path(Self.bars(positives, axes, share), "mark")
        }
        let at = axes.x(min(1, max(0, threshold)))
        picture.path("M\(Picture.text(at)) \(Picture.text(axes.top - 4))V\(Picture.text(axes.bottom))", "limit")
        return picture
    }

    private static func bars(_ counts: [Int], _ axes: Axes, _ share: (Int) -> Double) -> String {
        let n = Picture.text
        var (path, last) = ("M\(n(axes.left)) \(n(axes.bottom))", "")
        var run = 0
        let width = axes.width / Double(counts.count)
        for count in counts {
            let y = n(axes.y(share(count)))
            if y != last {
                if run > 0 { path += "h\(n(Double(run) * width))" }
                path += "V\(y)"
                (last, run) = (y, 0)
            }
            run += 1
        }
        return path + "h\(n(Double(run) * width))V\(n(axes.bottom))z"
    }

    /// A power of ten in short form: 1, 10, 100, 1k, 10k ...
    private static func short(_ power: Int) -> String {
        power < 1000 ? "\(power)" : power < 1_000_000 ? "\(power / 1000)k" : "\(power / 1_000_000)M"
    }
}
