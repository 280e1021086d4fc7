import Models

/// A flat buffer of the values of all parameters of an architecture, end to end: weights, gradients or moments.
package final class ParameterBuffer: Sendable {
    package let layout: ParameterLayout
    /// `layout.count` floats, in the layout's order.
    package let values: AlignedFloats
    private let starts: [String: Int]

    /// Makes a buffer of zeros.
    package init(_ layout: ParameterLayout) {
        self.layout = layout
        values = AlignedFloats(count: layout.count)
        var starts: [String: Int] = [:]
        var next = 0
        for parameter in layout.parameters {
            starts[parameter.name] = next
            next += parameter.count
        }
        self.starts = starts
    }

    package var count: Int { values.count }

    /// The offset of a parameter's first value in floats.
    package func start(_ name: String) -> Int {
        guard let start = starts[name] else { preconditionFailure("parameter \(name) is not of its layout") }
        return start
    }

    /// A pointer to the first value of a parameter.
    package func pointer(_ name: String) -> UnsafeMutablePointer<Float> { values.pointer + start(name) }

    /// A copy of a parameter's values.
    package func floats(_ parameter: ParameterShape) -> [Float] {
        Array(UnsafeBufferPointer(start: pointer(parameter.name), count: parameter.count))
    }

    /// Sets the values of a parameter; there must be as many as its shape has.
    package func set(_ parameter: ParameterShape, _ floats: [Float]) {
        precondition(floats.count == parameter.count, "\(parameter.name): \(floats.count) values")
        floats.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer(parameter.name).update(from: base, count: source.count) }
        }
    }

    /// False if any value is infinite or NaN.
    package var isFinite: Bool { UnsafeBufferPointer(start: values.pointer, count: count).allSatisfy(\.isFinite) }

    /// Sets every value to 0.
    package func clear() { values.pointer.update(repeating: 0, count: count) }
}
