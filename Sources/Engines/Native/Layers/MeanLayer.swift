/// The mean over rows: it pools the trunk's pixels, and the encoder's steps if there is no attention.
package struct MeanLayer: Sendable {
    package let rows: Int
    package let columns: Int

    /// Makes a layer that averages the rows of (rows, columns).
    package init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
    }

    /// Computes y (columns) from x (rows, columns), whose rows are `stride` floats apart.
    package func forward(
        _ x: UnsafePointer<Float>, stride: Int, _ y: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        kernels.meanRows(x, stride: stride, rows: rows, columns: columns, y)
    }

    /// Writes dx, whose rows are `stride` floats apart: every row is dy / `rows`.
    package func backward(_ dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>, stride: Int) {
        let share = 1 / Float(rows)
        for row in 0..<rows {
            for column in 0..<columns { dx[row * stride + column] = dy[column] * share }
        }
    }
}
