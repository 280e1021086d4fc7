import Models

/// The source from which a network takes its parameters, one by one, while it is built.
struct ParameterSource {
    let layout: ParameterLayout
    let values: (ParameterShape) throws -> [Float]

    /// The values of a parameter of the layout.
    ///
    /// - Throws: any error of `values`.
    func floats(_ name: String) throws -> [Float] {
        let shape = shape(name)
        let found = try values(shape)
        precondition(found.count == shape.count, "parameter \(name) has \(found.count) values, not \(shape.count)")
        return found
    }

    /// A weight `NAME/w` and its bias `NAME/b`; a nil `bias` stands for a layer without one.
    ///
    /// - Throws: any error of `values`.
    func dense(_ name: String, weight: String = "w", bias: String? = "b") throws -> PackedMatrix {
        let shape = shape("\(name)/\(weight)").shape
        return PackedMatrix(
            try floats("\(name)/\(weight)"), inputs: shape[0], outputs: shape[1],
            bias: try bias.map { try floats("\(name)/\($0)") })
    }

    private func shape(_ name: String) -> ParameterShape {
        guard let shape = layout[name] else { preconditionFailure("parameter \(name) is not of its layout") }
        return shape
    }
}
