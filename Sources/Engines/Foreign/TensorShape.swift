import Errors

/// The shapes of tensors, as a graph declares them and as a runner gets them.
package enum TensorShape {
    /// The most values that a tensor may have: in float32 they take 1 GiB. A shape from a hostile or damaged file is
    /// refused before anything of its size is allocated.
    package static let mostValues = 1 << 28

    /// The number of values of a shape.
    ///
    /// - Throws: `ForeignEngineError` if a size is less than 1, or there are more than `mostValues` values.
    package static func count(_ shape: [Int], of tensor: ForeignTensor, _ file: String) throws -> Int {
        var count = 1
        for size in shape {
            guard size >= 1 else {
                throw error(file, tensor, "found a dimension of \(size) in \(text(shape)), expected at least 1")
            }
            let (product, isTooLarge) = count.multipliedReportingOverflow(by: size)
            guard !isTooLarge, product <= mostValues else {
                throw error(file, tensor, "found the shape \(text(shape)), expected at most \(mostValues) values")
            }
            count = product
        }
        return count
    }

    /// Checks what a graph declares, as far as it is not left open.
    ///
    /// - Throws: `ForeignEngineError` if a shape is absurd, or a name occurs twice among the inputs or the outputs.
    package static func check(_ tensors: [ForeignTensor], _ file: String) throws {
        var names: Set<String> = []
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else {
                throw error(file, tensor, "found two tensors of this name, expected one")
            }
            _ = try count(tensor.shape.map { $0 ?? 1 }, of: tensor, file)
        }
    }

    /// Checks the shapes that a runner is to be made for.
    ///
    /// - Throws: `ForeignEngineError` if there are not as many as inputs, or one is not what the graph declares.
    package static func check(_ shapes: [[Int]], against tensors: [ForeignTensor], _ file: String) throws {
        guard shapes.count == tensors.count else {
            throw ForeignEngineError(
                .badInput, place: ErrorPlace(file),
                "found the shapes of \(shapes.count) inputs, expected those of \(tensors.count)")
        }
        for (shape, tensor) in zip(shapes, tensors) {
            let fits =
                shape.count == tensor.shape.count && zip(shape, tensor.shape).allSatisfy { $1 == nil || $0 == $1 }
            guard fits else {
                throw error(file, tensor, "found the shape \(text(shape)), expected \(text(tensor.shape))")
            }
        }
    }

    /// Such as `[16, 96, 64]`, with `?` for what is left open.
    package static func text(_ shape: [Int?]) -> String {
        "[" + shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ") + "]"
    }

    /// An error of one tensor of a file.
    package static func error(_ file: String, _ tensor: ForeignTensor, _ message: String) -> ForeignEngineError {
        ForeignEngineError(.badInput, place: ErrorPlace(file, part: .tensor(tensor.name)), message)
    }
}

extension ForeignTensor: CustomStringConvertible {
    /// Such as `mel: float32 [?, 96, 64]`.
    package var description: String { "\(name): \(element.rawValue) \(TensorShape.text(shape))" }
}
