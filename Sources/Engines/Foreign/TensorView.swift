import Models

/// Where the values of each chunk lie in a tensor: rows of values, at regular distances.
struct TensorView: Equatable {
    /// Floats from one chunk to the next; 0 if the tensor has one chunk.
    private(set) var chunkStride = 0
    private(set) var rowStride = 0
    private(set) var valueStride = 0
    /// Rows of a chunk: mel frames, or frames of scores; 1 if there is no such axis.
    private(set) var rows = 1
    /// Values of a row.
    private(set) var values = 1
    /// Floats in the tensor.
    let count: Int

    /// - Parameters:
    ///   - layout: what each axis is.
    ///   - shape: the length of each axis; their product does not overflow.
    init(layout: [CardAxis], shape: [Int]) {
        var stride = 1
        for (axis, length) in zip(layout, shape).reversed() {
            switch axis {
            case .batch: chunkStride = stride
            case .frames: (rowStride, rows) = (stride, length)
            case .samples, .bands, .classes, .size: (valueStride, values) = (stride, length)
            case .one: break
            }
            stride *= length
        }
        count = stride
    }
}
