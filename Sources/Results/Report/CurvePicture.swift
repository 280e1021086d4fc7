import Evaluation

/// A plot of precision over recall, with the point at the threshold.
struct CurvePicture {
    let name: String
    let curve: PrecisionRecallCurve
    /// Recall and precision at the threshold; nil if there is no threshold, or if no clip reaches it.
    let point: (recall: Double, precision: Double)?

    func picture() -> Picture {
        let size = Axes.smallSize
        let axes = Axes.small
        var picture = Picture(
            width: size.width, height: size.height,
            label: "\(name): precision over recall, \(curve.positives) positives")
        axes.draw(&picture, horizontal: Axes.fifths, vertical: Axes.halves, title: "recall", upTitle: "precision")
        let n = Picture.text
        var path = ""
        var (last, run) = ("", 0)
        let width = axes.width / Double(PrecisionRecallCurve.steps)
        for precision in curve.precision {
            let y = n(axes.y(precision))
            if y != last {
                path += path.isEmpty ? "M\(n(axes.left)) \(y)" : "h\(n(Double(run) * width))V\(y)"
                (last, run) = (y, 0)
            }
            run += 1
        }
        picture.path(path + "h\(n(Double(run) * width))", "line")
        if let point {
            picture.content += "<circle class=\"mark\" cx=\"\(n(axes.x(point.recall)))\" "
            picture.content += "cy=\"\(n(axes.y(point.precision)))\" r=\"4\"/>"
        }
        return picture
    }
}
