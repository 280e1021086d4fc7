import Foundation

/// Header fields of a request or a response, in order. Names are compared ignoring case, as HTTP does.
package struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// One field.
    package struct Field: Sendable, Equatable {
        package let name: String
        package fileprivate(set) var value: String
    }

    /// Fields that decide which request it is, and where it ends: two of them could be read differently by others.
    private static let single = ["host", "origin", "content-length", "transfer-encoding"]

    package private(set) var fields: [Field] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// The value of a field; nil if there is none.
    package subscript(name: String) -> String? {
        get { fields.first { Self.isSame($0.name, name) }?.value }
        set {
            let place = fields.firstIndex { Self.isSame($0.name, name) }
            switch (place, newValue) {
            case (let place?, let value?): fields[place].value = value
            case (let place?, nil): fields.remove(at: place)
            case (nil, let value?): fields.append(Field(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Adds a field as it was received; of those with the same name the values are joined.
    ///
    /// - Returns: whether it was added; false if there may be only one of this name, and there is one.
    mutating func add(_ name: String, _ value: String) -> Bool {
        let value = value.trimmingCharacters(in: CharacterSet(charactersIn: " \t"))
        guard let before = self[name] else {
            self[name] = value
            return true
        }
        let lower = name.lowercased()
        guard !Self.single.contains(lower) else { return false }
        self[name] = before + (lower == "cookie" ? "; " : ", ") + value
        return true
    }

    /// Names are ASCII, since the parser refuses others.
    private static func isSame(_ a: String, _ b: String) -> Bool {
        let (a, b) = (a.utf8, b.utf8)
        return a.count == b.count && zip(a, b).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
