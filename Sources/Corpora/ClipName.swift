/// A clip's name as the key of a set or dictionary: two names are equal if their bytes are.
///
/// A `String` equals every canonically equivalent string, so a name in composed (NFC) and decomposed (NFD) form would
/// be one clip, although a folder can hold a file of each.
package struct ClipName: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (a: ClipName, b: ClipName) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        var copy = text
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
