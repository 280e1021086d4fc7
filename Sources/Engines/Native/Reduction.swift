import Models

extension Kernels {
    /// Reduces the encoder's 40 outputs for one chunk to 256 values, by attention if there is a query and otherwise to
    /// their mean.
    ///
    /// - Parameters:
    ///   - values: the chunk's first output; its steps are `stride` floats apart.
    ///   - query: 256 values, or nil.
    ///   - scale: the factor of the attention's dot products.
    func reduceSteps(
        _ values: UnsafePointer<Float>, stride: Int, query: UnsafePointer<Float>?, scale: Float,
        _ output: UnsafeMutablePointer<Float>
    ) {
        let (steps, width) = (LEANShape.steps, LEANShape.width)
        if let query {
            attend(query: query, values: values, stride: stride, steps: steps, width: width, scale: scale, output)
        } else {
            meanRows(values, stride: stride, rows: steps, columns: width, output)
        }
    }
}
