import Files
import Testing

@Suite struct PathTextTests {
    @Test(arguments: [
        Array("plain/päth.wav".utf8), [0x61, 0xFF, 0x2F, 0xC3], [0xC3, 0xA9, 0xC3], [0xEE, 0xBE, 0x80],
        [0xEE, 0xBF, 0xBF],
        [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x90, 0x95, 0x80], [0xEE, 0xBE], [], [0xC0, 0x80],
    ])
    func everyByteComesBack(bytes: [UInt8]) {
        let text = PathText.text(bytes)
        #expect(PathText.bytes(text) == bytes)
        #expect(PathText.isEscaped(text) == (Array(text.utf8) != bytes))
    }

    @Test func differentBytesGiveDifferentTexts() {
        #expect(PathText.text([0x80]) != PathText.text([0xEE, 0xBE, 0x80]))
        #expect(PathText.text([0x80]) == "\u{EF80}")
    }
}
