/// A clip's name as the key of a set or dictionary: equal where its bytes are.
///
/// A `String` is equal to every other spelling of the same characters, so that one name composed (NFC) and decomposed (NFD)
/// would be one clip, though a folder holds a file of each.
package struct ClipName: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (a: ClipName, b: ClipName) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        var copy = text
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
