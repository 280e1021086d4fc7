import Random

/// Damages bytes, the same way for the same seed.
struct Mutator {
    private var random: SplitMix64
    private let words: [[UInt8]]

    /// - Parameter words: pieces of the format's own syntax, put in now and then.
    init(seed: UInt64, words: [String] = []) {
        random = SplitMix64(seed: seed)
        self.words = words.map { Array($0.utf8) }
    }

    mutating func below(_ limit: Int) -> Int { random.below(max(1, limit)) }

    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var out = bytes
        for _ in 0...below(4) where !out.isEmpty { change(&out) }
        return out
    }

    private mutating func change(_ out: inout [UInt8]) {
        let place = below(out.count)
        switch below(words.isEmpty ? 7 : 10) {
        case 0: out[place] ^= 1 << UInt8(below(8))
        case 1: out[place] = UInt8(below(256))
        case 2: out.removeSubrange(place..<min(out.count, place + 1 + below(64)))
        case 3: out.insert(contentsOf: out[place..<min(out.count, place + 1 + below(64))], at: below(out.count))
        case 4:
            let value: UInt8 = [0, 0xff, 0x7f, 0x80][below(4)]
            for index in place..<min(out.count, place + 1 + below(8)) { out[index] = value }
        case 5: out.removeSubrange(place...)
        case 6: out.swapAt(place, below(out.count))
        default: out.insert(contentsOf: words[below(words.count)], at: place)
        }
    }
}
