import Random
import Testing

@Suite struct SplitMix64Tests {
    /// The first numbers of seed 1234567, as the generator's reference implementation in C prints them (Vigna, splitmix64.c).
    @Test func givesTheNumbersOfTheReference() {
        var random = SplitMix64(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect(expected.map { _ in random.next() } == expected)
    }

    @Test func staysBelowItsBoundAndReachesAllBelowIt() {
        var random = SplitMix64(seed: 1)
        var seen: Set<Int> = []
        for _ in 0..<200 { seen.insert(random.below(7)) }
        #expect(seen == Set(0..<7))
        for _ in 0..<200 { #expect((0..<1).contains(random.uniform())) }
    }
}
