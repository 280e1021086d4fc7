import YAML

/// An axis of a tensor, as a model card names it.
package enum CardAxis: String, Sendable, CaseIterable {
    /// The chunks of a batch.
    case batch
    case samples, frames, bands, classes
    /// The values of an embedding.
    case size
    /// An axis of length 1.
    case one = "1"
}

extension [CardAxis] {
    /// The layout as a card has it: `[batch, samples]`.
    package var text: String { "[" + map(\.rawValue).joined(separator: ", ") + "]" }

    /// Reads the layout of a tensor.
    ///
    /// - Parameters:
    ///   - required: the axes that must be there, each once.
    ///   - optional: the axes that may be there once, besides `batch` and any number of `1`.
    /// - Throws: `ModelError.line` if the value is not a list of these axes.
    init(_ node: YAMLNode, line: Int?, required: [CardAxis], optional: [CardAxis], path: String) throws {
        func wrong(_ found: String) -> ModelError {
            let others = ([.batch] + optional).map { "'\($0.rawValue)'" }.joined(separator: ", ")
            return CardFields.error(
                path, line,
                "'layout' \(found), expected a list of \(required.map { "'\($0.rawValue)'" }.joined(separator: ", ")), "
                    + "with \(others) and '1' where the tensor has them")
        }
        guard case .sequence(let items) = node.content, !items.isEmpty, items.count <= 8 else {
            throw wrong("is not a list of 1 to 8 axes")
        }
        var found: [CardAxis] = []
        for item in items {
            guard let axis = item.scalar.flatMap(CardAxis.init(rawValue:)),
                axis == .one || axis == .batch || required.contains(axis) || optional.contains(axis)
            else { throw wrong("has '\(item.scalar ?? "a list")'") }
            guard axis == .one || !found.contains(axis) else { throw wrong("has '\(axis.rawValue)' twice") }
            found.append(axis)
        }
        if let absent = required.first(where: { !found.contains($0) }) {
            throw wrong("has no '\(absent.rawValue)'")
        }
        self = found
    }
}
