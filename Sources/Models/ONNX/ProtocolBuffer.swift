/// A message of protocol buffers while it is written: its fields in the order in which they were added, so that the
/// same calls give the same bytes (Protocol Buffers documentation, "Encoding").
///
/// Swift's library for protocol buffers was rejected: `WireReader` reads only where messages are, and the dozen messages
/// that are written need integers, texts and messages only. The library and the code that it generates would add minutes
/// to a clean build.
package struct ProtocolBuffer: Sendable {
    /// What was added so far.
    package private(set) var bytes: [UInt8] = []

    private static let variableLength = 0
    private static let delimited = 2

    package init() {}

    /// Adds an integer of up to 64 bits.
    package mutating func integer(_ field: Int, _ value: Int) {
        key(field, Self.variableLength)
        variable(UInt64(bitPattern: Int64(value)))
    }

    /// Adds a text in UTF-8.
    package mutating func text(_ field: Int, _ value: String) {
        begin(field, count: value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    /// Adds a message, whose fields `build` adds.
    package mutating func message(_ field: Int, _ build: (inout ProtocolBuffer) -> Void) {
        var inner = ProtocolBuffer()
        build(&inner)
        message(field, inner)
    }

    /// Adds a message that is complete.
    package mutating func message(_ field: Int, _ inner: ProtocolBuffer) {
        begin(field, count: inner.bytes.count)
        bytes.append(contentsOf: inner.bytes)
    }

    /// Adds the fields of another buffer.
    package mutating func append(_ other: ProtocolBuffer) { bytes.append(contentsOf: other.bytes) }

    /// Adds the key and length of a field whose `count` bytes the caller writes, so that large ones need not be in
    /// memory.
    package mutating func begin(_ field: Int, count: Int) {
        key(field, Self.delimited)
        variable(UInt64(count))
    }

    private mutating func key(_ field: Int, _ kind: Int) { variable(UInt64(field << 3 | kind)) }

    /// Adds seven bits a byte, the lowest first; the eighth says that more follow.
    private mutating func variable(_ value: UInt64) {
        var rest = value
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
