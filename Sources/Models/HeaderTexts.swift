import Foundation

/// The texts of a model file's header, read key by key.
struct HeaderTexts {
    let texts: [String: String]
    let path: String
    /// What to say of a key that is not there.
    let whenMissing: String

    func wrong(_ key: String, _ reason: String) -> ModelError { .metadata(path: path, key: key, reason: reason) }

    /// - Throws: `ModelError.metadata` if the key is missing.
    func required(_ key: String) throws -> String {
        guard let text = texts[key] else { throw wrong(key, "missing; \(whenMissing)") }
        return text
    }

    /// - Throws: `ModelError.metadata` if the key is missing or does not have this text.
    func require(_ key: String, _ wanted: String) throws {
        let found = try required(key)
        guard found == wanted else { throw wrong(key, "found '\(Self.shortened(found))'; expected '\(wanted)'") }
    }

    /// A value in JSON.
    ///
    /// - Throws: `ModelError.metadata` if the key is missing or is not what was expected.
    func decoded<T: Decodable>(_ key: String, _ type: T.Type, _ expected: String) throws -> T {
        guard let value = try? JSONDecoder().decode(type, from: Data(try required(key).utf8)) else {
            throw wrong(key, "not \(expected)")
        }
        return value
    }

    /// One of the names of a type.
    ///
    /// - Throws: `ModelError.metadata` if the key is missing or is none of them.
    func named<T: RawRepresentable & CaseIterable>(_ key: String, _: T.Type) throws -> T where T.RawValue == String {
        let text = try required(key)
        guard let value = T(rawValue: text) else {
            let names = T.allCases.map(\.rawValue).joined(separator: ", ")
            throw wrong(key, "found '\(Self.shortened(text))'; expected one of \(names)")
        }
        return value
    }

    static func shortened(_ text: String) -> String { text.count <= 60 ? text : text.prefix(60) + "..." }
}
