import Foundation

/// A table of shares as coloured cells, with numbers in them if there is enough space.
struct HeatMap {
    /// A non-empty cell.
    struct Cell {
        let row: Int
        let column: Int
        /// The share that the colour shows, 0 to 1.
        let share: Double
        let number: Int
        /// Whether the cell has the second colour.
        var isMistake = false
    }

    /// The number of colour steps for shares.
    private static let steps = 10
    /// The maximum number of rows or columns at which cells still show numbers.
    static let mostNumbers = 31
    /// The maximum length of a name, in characters.
    private static let longest = 26

    let label: String
    let rows: [String]
    let columns: [String]
    /// The axis title of the rows, as `columnTitle` is of the columns; both are empty if rows and columns are the same.
    var rowTitle = ""
    var columnTitle = ""
    let cells: [Cell]

    func picture() -> Picture {
        let n = Picture.text
        let count = max(rows.count, columns.count)
        let hasNumbers = count <= Self.mostNumbers
        let side = count <= 12 ? 34.0 : hasNumbers ? 26.0 : 14.0
        let size = hasNumbers ? 11 : 10
        // The approximate width of a letter.
        let letter = hasNumbers ? 6.4 : 5.9
        let room = { (name: String) in Double(min(Self.longest, name.count)) * letter }
        let title = rowTitle.isEmpty ? 0.0 : 18
        let left = (rows.map(room).max() ?? 0) + 12 + title
        let top = (columns.map(room).max() ?? 0) * 0.82 + 16 + title
        // Column names are slanted to the right.
        let right = columns.enumerated().map { (Double($0) + 0.5) * side + room($1) * 0.58 }.max() ?? 0
        var picture = Picture(
            width: left + max(Double(columns.count) * side, right) + 10, height: top + Double(rows.count) * side + 8,
            label: label, hasOwnSize: true)
        if !rowTitle.isEmpty {
            picture.text(
                columnTitle, left + Double(columns.count) * side / 2, 12, " class=\"soft\" text-anchor=\"middle\"")
            let middle = top + Double(rows.count) * side / 2
            picture.text(
                rowTitle, 12, middle, " class=\"soft\" text-anchor=\"middle\" transform=\"rotate(-90 12 \(n(middle)))\""
            )
        }
        let font = " font-size=\"\(size)\""
        for (row, name) in rows.enumerated() {
            let y = top + (Double(row) + 0.5) * side + 4
            picture.text(Picture.short(name, Self.longest), left - 6, y, " text-anchor=\"end\"\(font)")
        }
        for (column, name) in columns.enumerated() {
            let (x, y) = (left + (Double(column) + 0.5) * side + 3, top - 6)
            picture.text(Picture.short(name, Self.longest), x, y, "\(font) transform=\"rotate(-55 \(n(x)) \(n(y)))\"")
        }
        picture.path(grid(left, top, side), "grid")
        for isMistake in [false, true] {
            for step in 1...Self.steps {
                let here = cells.filter { $0.isMistake == isMistake && Self.step($0.share) == step }
                if here.isEmpty { continue }
                let commands = here.map {
                    "M\(n(left + Double($0.column) * side + 0.5)) \(n(top + Double($0.row) * side + 0.5))"
                        + "h\(n(side - 1))v\(n(side - 1))h-\(n(side - 1))z"
                }.joined()
                let style = isMistake ? "mark" : "bar"
                picture.content += "<path class=\"\(style)\" fill-opacity=\"\(Double(step) / Double(Self.steps))\" "
                picture.content += "d=\"\(commands)\"/>"
            }
        }
        if hasNumbers {
            for cell in cells {
                let text = cell.number < 10_000 ? "\(cell.number)" : "\(cell.number / 1000)k"
                let style = Self.step(cell.share) > 5 ? " class=\"on\"" : ""
                picture.text(
                    text, left + (Double(cell.column) + 0.5) * side, top + (Double(cell.row) + 0.5) * side + 4,
                    "\(style) text-anchor=\"middle\"\(side < 30 ? " font-size=\"9\"" : "")")
            }
        }
        return picture
    }

    private static func step(_ share: Double) -> Int { max(1, min(steps, Int((share * Double(steps)).rounded(.up)))) }

    private func grid(_ left: Double, _ top: Double, _ side: Double) -> String {
        let n = Picture.text
        var path = ""
        for row in 0...rows.count {
            path += "M\(n(left)) \(n(top + Double(row) * side))h\(n(Double(columns.count) * side))"
        }
        for column in 0...columns.count {
            path += "M\(n(left + Double(column) * side)) \(n(top))v\(n(Double(rows.count) * side))"
        }
        return path
    }
}
