/// The mean over rows: pooling of the trunk's pixels, and of the encoder's steps where there is no attention.
package struct MeanLayer: Sendable {
    package let rows: Int
    package let columns: Int

    /// The mean over `rows` rows of (rows, columns).
    package init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
    }

    /// x (rows, columns), rows `stride` floats apart, to y (columns).
    package func forward(
        _ x: UnsafePointer<Float>, stride: Int, _ y: UnsafeMutablePointer<Float>, _ kernels: Kernels
    ) {
        kernels.meanRows(x, stride: stride, rows: rows, columns: columns, y)
    }

    /// Writes dx: every row gets its share of dy.
    package func backward(_ dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>, stride: Int) {
        let share = 1 / Float(rows)
        for row in 0..<rows {
            for column in 0..<columns { dx[row * stride + column] = dy[column] * share }
        }
    }
}
