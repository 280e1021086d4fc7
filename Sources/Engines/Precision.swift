/// The arithmetic in which a model is computed.
package enum Precision: String, Sendable, CaseIterable {
    /// Single precision throughout.
    case float32
    /// Matrix products and convolutions in 8-bit integers.
    case int8
}

extension ModelDescription {
    /// The arithmetic in which the model is computed if its user asks for `asked`; nil leaves it to the model's file.
    package func precision(asked: Precision?) -> Precision { asked ?? (precision == "int8" ? .int8 : .float32) }
}
