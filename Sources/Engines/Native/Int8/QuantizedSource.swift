import Models

/// The source from which an 8-bit network takes its parameters, one by one, while it is built.
struct QuantizedSource {
    let layout: ParameterLayout
    /// The values of a bias.
    let floats: (ParameterShape) throws -> [Float]
    /// A weight matrix in integers.
    let integers: (ParameterShape) throws -> QuantizedTensor

    /// The bias `NAME/b` of a layer.
    ///
    /// - Throws: any error of `floats`.
    func bias(_ name: String) throws -> [Float] { try floats(shape("\(name)/b")) }

    /// The weights `NAME/w`, or `NAME/u` of what a recurrent layer feeds back, of a layer.
    ///
    /// - Throws: any error of `integers`.
    func weights(_ name: String, _ part: String = "w") throws -> QuantizedTensor {
        try integers(shape("\(name)/\(part)"))
    }

    private func shape(_ name: String) -> ParameterShape {
        guard let shape = layout[name] else { preconditionFailure("parameter \(name) is not of its layout") }
        return shape
    }
}
