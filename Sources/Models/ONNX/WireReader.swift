import Files

/// Reads messages of protocol buffers in a file that may be damaged (Protocol Buffers documentation, "Encoding"). Only
/// what is asked for is read: a field of many megabytes is jumped over.
///
/// What the engines' own readers refuse is refused here too, and what they skip is skipped, so that both find the same
/// fields.
struct WireReader {
    /// How deep messages and groups may be in each other: as deep as in the engines' readers.
    static let deepest = 100

    private let file: FileWindow

    /// The place of the file's whole message.
    var whole: Range<Int> { 0..<file.size }

    /// - Throws: `ModelError.file` if the file cannot be opened, or is a folder, a pipe or a device; `FileError` if the
    ///   system has run out of a resource.
    init(path: String) throws { file = try ModelError.reading(path) { try FileWindow(path: path) } }

    /// Calls `body` with the number and the place of each field of a message that is a text, bytes or a message.
    ///
    /// - Throws: `ModelError.byte` where the message is damaged; `ModelError.file` if the file cannot be read; and what
    ///   `body` throws.
    func fields(_ message: Range<Int>, _ body: (_ number: Int, _ place: Range<Int>) throws -> Void) throws {
        var place = message.lowerBound
        while place < message.upperBound {
            let start = place
            let (number, kind) = try key(&place, message.upperBound)
            switch kind {
            case Self.delimited: try body(number, try length(&place, message.upperBound))
            case Self.group: try skipGroup(number, &place, message.upperBound)
            default: try skip(kind, from: start, &place, message.upperBound)
            }
        }
    }

    /// The bytes at a place.
    ///
    /// - Throws: `ModelError.byte` if the file ends before them; `ModelError.file` if it cannot be read.
    func bytes(_ place: Range<Int>) throws -> [UInt8] { try place.map { try byte($0) } }

    /// The error for what is found at a place.
    func wrong(_ place: Int, _ found: String, _ expected: String) -> ModelError {
        .byte(path: file.path, byte: place, reason: "found \(found), expected \(expected), as in an ONNX file")
    }

    /// The kinds of fields, by their numbers in the format.
    private static let (variable, eightBytes, delimited, group, groupEnd, fourBytes) = (0, 1, 2, 3, 4, 5)

    private func byte(_ place: Int) throws -> UInt8 {
        guard let found = try ModelError.reading(file.path, { try file.byte(place) }) else {
            throw wrong(place, "the file's end", "its \(file.size) bytes of before")
        }
        return found
    }

    /// The number and the kind of the field that begins at a place.
    private func key(_ place: inout Int, _ end: Int) throws -> (number: Int, kind: Int) {
        let start = place
        let key = try integer(&place, end)
        guard key >> 3 > 0, key <= UInt64(UInt32.max) else { throw wrong(start, "the key \(key)", "a field") }
        return (Int(key >> 3), Int(key & 7))
    }

    /// The place of a field's bytes, whose number is at a place.
    private func length(_ place: inout Int, _ end: Int) throws -> Range<Int> {
        let start = place
        let count = try integer(&place, end)
        guard count <= UInt64(end - place) else {
            throw wrong(start, "a field of \(count) bytes", "at most the \(end - place) that are left")
        }
        defer { place += Int(count) }
        return place..<place + Int(count)
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    private func integer(_ place: inout Int, _ end: Int) throws -> UInt64 {
        let start = place
        var value: UInt64 = 0
        for shift in 0..<10 {
            guard place < end else { throw wrong(start, "an integer that is cut off", "all of it") }
            let next = try byte(place)
            place += 1
            value |= UInt64(next & 0x7f) << UInt64(7 * shift)
            if next < 0x80 { return value }
        }
        throw wrong(start, "an integer of more than 10 bytes", "at most 10")
    }

    /// Skips the value of a field that is no group.
    private func skip(_ kind: Int, from start: Int, _ place: inout Int, _ end: Int) throws {
        switch kind {
        case Self.variable: _ = try integer(&place, end)
        case Self.delimited: _ = try length(&place, end)
        case Self.eightBytes, Self.fourBytes:
            let size = kind == Self.eightBytes ? 8 : 4
            guard size <= end - place else {
                throw wrong(start, "a field of \(size) bytes", "at most the \(end - place) that are left")
            }
            place += size
        default: throw wrong(start, "a field of kind \(kind)", "0, 1, 2, 3 or 5")
        }
    }

    /// Skips a group, whose beginning has been read. No message of ONNX has one, but readers skip those they do not know.
    private func skipGroup(_ number: Int, _ place: inout Int, _ end: Int) throws {
        var open = [number]
        while let innermost = open.last {
            let start = place
            let (number, kind) = try key(&place, end)
            switch kind {
            case Self.group:
                guard open.count < Self.deepest else {
                    throw wrong(start, "groups more than \(Self.deepest) deep", "fewer")
                }
                open.append(number)
            case Self.groupEnd:
                guard number == innermost else {
                    throw wrong(start, "the end of group \(number)", "that of \(innermost)")
                }
                open.removeLast()
            default: try skip(kind, from: start, &place, end)
            }
        }
    }
}
