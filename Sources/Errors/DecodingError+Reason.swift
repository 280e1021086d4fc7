extension DecodingError {
    /// What is wrong with a decoded text, and where in it, such as `'options.epochs' is missing`.
    package var reason: String {
        func name(_ path: [any CodingKey], _ last: (any CodingKey)? = nil) -> String {
            let keys = (path + (last.map { [$0] } ?? [])).map { $0.intValue.map(String.init) ?? $0.stringValue }
            return keys.isEmpty ? "the whole" : "'\(keys.joined(separator: "."))'"
        }
        switch self {
        case .keyNotFound(let key, let context): return name(context.codingPath, key) + " is missing"
        case .valueNotFound(let type, let context): return name(context.codingPath) + " is null, expected \(type)"
        case .typeMismatch(let type, let context): return name(context.codingPath) + " is no \(type)"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "it is no JSON" : name(context.codingPath) + " is not valid"
        @unknown default: return "it cannot be decoded"
        }
    }
}
