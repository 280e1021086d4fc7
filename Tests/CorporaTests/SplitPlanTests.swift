import Corpora
import TestSupport
import Testing

@Suite struct SplitPlanTests {
    private static let usual = "train=0.8,val=0.1,eval=0.1"
    private static let alone = [
        "site1/r5.wav": "eval", "site2/r6.wav": "val", "site3/r9.wav": "eval", "site3/r11.wav": "val",
    ]
    private static let folders = [
        ".": "train", "site0": "train", "site1": "eval", "site2": "train", "site3": "train", "site4": "train",
        "site5": "train", "site6": "train",
    ]

    /// A collection of `folders` folders of 1 to `largest` clips, the same for the same seed.
    private func clips(folders: Int, largest: Int, seed: UInt64) -> [String] {
        var state = seed
        return (0..<folders).flatMap { folder in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let count = 1 + Int(state >> 33) % largest
            return (0..<count).map { "site \(folder)/day/\($0).wav" }
        }
    }

    private func splits(
        _ clips: [String], _ shares: String = usual, seed: UInt64 = 1,
        by group: (String) -> SplitPlan.Group = SplitPlan.Group.folder
    ) throws -> [String: String] {
        let plan = SplitPlan(groups: clips.map(group), shares: try SplitShares(shares), seed: seed)
        return Dictionary(uniqueKeysWithValues: clips.map { ($0, plan.name(of: group($0)) ?? "none") })
    }

    /// Worked out by another program (Python's hashlib and fractions) from the rule as Manifests/README.md tells it.
    @Test func theSameOnEveryMachine() throws {
        let clips = (0..<20).map { "site\($0 / 3)/r\($0).wav" } + ["caf\u{E9}.wav"]
        let alone = try splits(clips) { .clip(ClipName($0)) }.filter { $0.value != "train" }
        #expect(alone == Self.alone)
        let folders = try splits(clips, seed: 7)
        for clip in clips {
            let folder = clip.contains("/") ? String(clip.prefix { $0 != "/" }) : "."
            #expect(folders[clip] == Self.folders[folder], "\(clip)")
        }
    }

    @Test(
        arguments: [1, 2, 5, 40], [usual, "a=0.5,b=0.5", "a=0.01,b=0.98,c=0.01", "one=1", "a=0.333,b=0.333,c=0.333"])
    func noGroupIsTornAndSizesAreWithinOneGroup(largest: Int, shares: String) throws {
        for seed in 1...10 as ClosedRange<UInt64> {
            let clips = clips(folders: 60, largest: largest, seed: seed)
            let found = try splits(clips, shares, seed: seed)
            var bySite: [Substring: Set<String>] = [:]
            var sizes: [String: Int] = [:]
            for (clip, split) in found {
                bySite[clip.prefix { $0 != "/" }, default: []].insert(split)
                sizes[split, default: 0] += 1
            }
            #expect(bySite.values.allSatisfy { $0.count == 1 })
            let parsed = try SplitShares(shares).splits
            let sum = parsed.reduce(0) { $0 + $1.share }
            let widest = Dictionary(grouping: clips) { $0.prefix { $0 != "/" } }.values.map(\.count).max() ?? 0
            for split in parsed {
                let wanted = split.share / sum * Double(clips.count)
                #expect(abs(Double(sizes[split.name] ?? 0) - wanted) <= Double(widest), "\(split.name), seed \(seed)")
            }
            #expect(Set(sizes.keys).isSubset(of: parsed.map(\.name)))
        }
    }

    @Test func theOrderOfTheFilesCountsForNothing() throws {
        var clips = clips(folders: 50, largest: 9, seed: 3)
        let plain = try splits(clips)
        for _ in 0..<5 {
            clips.shuffle()
            #expect(try splits(clips) == plain)
        }
        #expect(try splits(clips, seed: 2) != plain)
    }

    /// Cuts move by the clips that were added at most.
    @Test func clipsThatAreAddedMoveOnlyGroupsNextToACut() throws {
        let (old, new) = ((0..<1000).map { "\($0).wav" }, (1000..<1020).map { "\($0).wav" })
        let alone = { (clip: String) in SplitPlan.Group.clip(ClipName(clip)) }
        let (before, after) = (try splits(old, by: alone), try splits(old + new, by: alone))
        let moved = old.count { before[$0] != after[$0] }
        #expect(moved <= 2 * new.count)
        #expect(Set(old.map { after[$0] }) == ["train", "val", "eval"])
    }

    @Test func groupsAreToldApartByBytesAndByKind() throws {
        let names = ["caf\u{E9}", "cafe\u{301}"]
        let groups = names.map { SplitPlan.Group.named(ClipName($0)) } + names.map { .clip(ClipName($0)) }
        let plan = SplitPlan(groups: groups, shares: try SplitShares("a=0.5,b=0.5"), seed: 1)
        #expect(plan.sizes.map(\.groups).reduce(0, +) == 4 && plan.sizes.map(\.clips) == [2, 2])
        // A slash and an accent behind it are one character.
        #expect(SplitPlan.Group.folder(of: "a/\u{301}b.wav") == .named(ClipName("a")))
        #expect(SplitPlan.Group.folder(of: "b.wav") == .named(ClipName(".")))
    }

    @Test func largeGroupsAreTold() throws {
        let clips = (0..<80).map { "big/\($0).wav" } + (0..<20).map { "small\($0)/x.wav" }
        let plan = SplitPlan(
            groups: clips.map(SplitPlan.Group.folder), shares: try SplitShares(Self.usual), seed: 1)
        #expect(plan.large.map(\.group.name) == ["big"] && plan.large.map(\.clips) == [80])
        #expect(plan.sizes.map(\.wanted).map { ($0 * 1000).rounded() / 1000 } == [80, 10, 10])
        let none = SplitPlan(groups: [SplitPlan.Group](), shares: try SplitShares(Self.usual), seed: 1)
        #expect(none.sizes.map(\.clips) == [0, 0, 0] && none.large.isEmpty)
    }

    @Test(arguments: [
        ("", "''"), ("train", "'train'"), ("train=0.8,val=0.1", "add up to 0.9"), ("a=0.5,a=0.5", "'a' twice"),
        ("a=0,b=1", "'0' for 'a'"), ("a=-0.5,b=1.5", "'-0.5'"), ("a=half,b=0.5", "'half'"), ("=1", "without a name"),
        ("a=0.5,,b=0.5", "''"), ("a=nan", "'nan'"), ("a=80,b=20", "'80'"), ("a=1.5", "'1.5'"),
    ])
    func refused(text: String, words: String) {
        let said = message { _ = try SplitShares(text) }
        #expect(said?.hasPrefix("--split: found ") == true && said?.contains(words) == true, "\(said ?? "nothing")")
    }

    @Test func sharesAreReadInTheirOrder() throws {
        let shares = try SplitShares(" a b = 0.25, c=0.75 ")
        #expect(shares.splits.map(\.name) == ["a b", "c"] && shares.splits.map(\.share) == [0.25, 0.75])
    }
}
