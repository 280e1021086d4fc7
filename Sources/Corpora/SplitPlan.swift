import Files

/// Which group of clips goes into which split: reproducible from a seed, no group torn, the sizes as near to the wanted shares
/// as whole groups allow.
///
/// The groups stand in a row, ordered by SHA-256 of seed and name, and the row is cut where the wanted shares of all clips end; a
/// group in which a cut falls goes to the side of its middle. So a split's size is off by at most half of the group at each of
/// its two ends, that is by less than one group of the largest size. Neither the machine nor the order of the files counts.
/// Where clips are added later, the row keeps its order and only groups near a cut change sides.
///
/// A hash of the group alone would move no group ever, but leaves the sizes to chance (of 100 groups at 0.1 one run in four has
/// fewer than 7 or more than 13); a greedy choice by size balances well and moves everything when one clip is added.
/// Labels are not looked at: a class may be missing from a small split, and what came out is told.
package struct SplitPlan: Sendable {
    /// What keeps clips together.
    package enum Group: Hashable, Sendable {
        /// A clip by itself, by its name.
        case clip(ClipName)
        /// Clips that share a folder, or what a pattern found in their names.
        case named(ClipName)

        /// That of the folder a clip lies in, by its name below the folder that was scanned; `.` for that folder itself.
        package static func folder(of clip: String) -> Group {
            // By scalars: a slash and an accent that follows it are one `Character`.
            let scalars = clip.unicodeScalars
            let end = scalars.lastIndex(of: "/")
            return .named(ClipName(end.map { String(scalars[..<$0]) } ?? "."))
        }

        /// For messages.
        package var name: String {
            switch self {
            case .clip(let name), .named(let name): name.text
            }
        }
    }

    /// The outcome for one split.
    package struct Size: Sendable, Equatable {
        package let name: String
        package let share: Double
        /// Clips that the share would be.
        package let wanted: Double
        package fileprivate(set) var clips = 0
        package fileprivate(set) var groups = 0
    }

    /// In the order of the shares.
    package let sizes: [Size]
    /// Groups of more clips than the smallest split is to have, the largest first.
    package let large: [(group: Group, clips: Int)]
    private let split: [Group: Int]

    /// - Parameters:
    ///   - groups: the group of every clip, in any order.
    ///   - seed: another seed draws another order.
    package init(groups: some Sequence<Group>, shares: SplitShares, seed: UInt64) {
        var counts: [Group: Int] = [:]
        for group in groups { counts[group, default: 0] += 1 }
        let total = counts.values.reduce(0, +)
        let row = counts.map { (key: Self.key($0.key, seed: seed), group: $0.key, clips: $0.value) }
            .sorted { $0.key < $1.key }
        let sum = shares.splits.reduce(0) { $0 + $1.share }
        var sizes = shares.splits.map {
            Size(name: $0.name, share: $0.share, wanted: $0.share / sum * Double(total))
        }
        var split: [Group: Int] = [:]
        var (place, end) = (0, sizes.first?.wanted ?? 0)
        var before = 0
        for (_, group, clips) in row {
            let middle = Double(before) + Double(clips) / 2
            while middle > end, place + 1 < sizes.count {
                place += 1
                end += sizes[place].wanted
            }
            split[group] = place
            sizes[place].clips += clips
            sizes[place].groups += 1
            before += clips
        }
        let smallest = sizes.map(\.wanted).min() ?? 0
        self.sizes = sizes
        self.split = split
        large = row.filter { $0.clips > 1 && Double($0.clips) > smallest }.map { (group: $0.group, clips: $0.clips) }
            .sorted { ($1.clips, $0.group.name) < ($0.clips, $1.group.name) }
    }

    /// The split of a group; nil if the plan was not made with that group.
    package func name(of group: Group) -> String? { split[group].map { sizes[$0].name } }

    /// 64 hexadecimal digits, by which groups are ordered: their own names are tied to nothing.
    private static func key(_ group: Group, seed: UInt64) -> String {
        let (kind, name) =
            switch group {
            case .clip(let name): ("clip", name)
            case .named(let name): ("group", name)
            }
        return SHA256.of(Array("split 1\n\(seed)\n\(kind)\n".utf8) + PathText.bytes(name.text))
    }
}
