/// A file's digest in sixteen bytes: as text, a million digests would take as much memory as everything else known
/// about the clips.
package struct ContentDigest: Sendable, Equatable {
    /// Stands for a file that was never read.
    package static let none = ContentDigest(high: 0, low: 0)

    private let high: UInt64
    private let low: UInt64

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// - Parameter text: 32 hexadecimal digits; anything else stands for a file that was never read.
    package init(_ text: String) {
        var words: (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in text.utf8 {
            let digit: UInt64
            switch byte {
            case 0x30...0x39: digit = UInt64(byte) - 0x30
            case 0x61...0x66: digit = UInt64(byte) - 0x57
            default:
                self = .none
                return
            }
            words = (words.0 << 4 | words.1 >> 60, words.1 << 4 | digit)
            count += 1
        }
        self = count == 32 ? ContentDigest(high: words.0, low: words.1) : .none
    }

    /// Whether it is the digest that `text` spells.
    package func matches(_ text: String) -> Bool { self != .none && self == ContentDigest(text) }

    /// The 32 digits; empty if the file was never read.
    package var text: String { self == .none ? "" : Self.digits(high) + Self.digits(low) }

    private static func digits(_ word: UInt64) -> String {
        let text = String(word, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
