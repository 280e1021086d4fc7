import Testing

import Review

/// The `Range` header, case by case (RFC 9110, 14).
struct ByteRangeTests {
    @Test(
        arguments: [
            (nil, ByteRange.whole), ("bytes=1-9223372036854775807", .part(1..<100)),
            ("bytes=-9223372036854775807", .part(0..<100)), ("bytes=0-", .part(0..<100)), ("bytes=0-0", .part(0..<1)),
            ("bytes=10-19", .part(10..<20)), ("bytes=90-200", .part(90..<100)), ("bytes=-5", .part(95..<100)),
            ("bytes=-500", .part(0..<100)), ("bytes=100-", .unsatisfiable), ("bytes=100-200", .unsatisfiable),
            ("bytes=-0", .unsatisfiable), ("bytes=20-10", .whole), ("bytes=0-1,5-6", .whole), ("bytes=x-", .whole),
            ("bytes=1-x", .whole), ("bytes=", .whole), ("lines=0-1", .whole), ("bytes=-", .whole),
            ("bytes=--5", .whole),
            ("bytes=99999999999999999999-", .whole), ("bytes=+1-5", .whole), ("bytes=1-+5", .whole),
            ("bytes=-+5", .whole), ("bytes= 1-5", .whole), ("0-5", .whole), ("Bytes=01-005", .part(1..<6)),
        ] as [(String?, ByteRange)])
    func header(_ text: String?, _ expected: ByteRange) { #expect(ByteRange(text, count: 100) == expected) }

    @Test("Of an empty body there is no range") func empty() {
        #expect(ByteRange("bytes=0-", count: 0) == .unsatisfiable && ByteRange("bytes=-1", count: 0) == .unsatisfiable)
    }
}
