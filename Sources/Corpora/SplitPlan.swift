import Files

/// Assigns groups of clips to splits: reproducibly from a seed, without dividing a group, and with sizes as close to
/// the wanted shares as whole groups allow.
///
/// The groups are put in a row, ordered by SHA-256 of seed and name, and the row is cut where the wanted shares of all
/// clips end; a group in which a cut falls goes to the side that its middle is on. So a split's size is off by at most
/// half of the group at each of its two ends, that is by no more than the size of the largest group. The result does
/// not depend on the machine or the order of the files. If clips are added later, the row keeps its order, and only
/// groups near a cut change sides.
///
/// Assigning each group by its hash alone would never move a group, but would leave the sizes to chance (with 100
/// groups and a share of 0.1, one run in four has fewer than 7 or more than 13); a greedy choice by size balances well
/// but moves everything when one clip is added. Labels are not taken into account: a class may be missing from a small
/// split, and the resulting sizes are reported.
package struct SplitPlan: Sendable {
    /// What keeps clips together.
    package enum Group: Hashable, Sendable {
        /// A clip by itself, by its name.
        case clip(ClipName)
        /// Clips that share a folder, or the part of their names that a pattern matches.
        case named(ClipName)

        /// The group of the folder that a clip is in, given the clip's name below the scanned folder; `.` for that
        /// folder itself.
        package static func folder(of clip: String) -> Group {
            // By scalars: a slash and a combining accent after it are one `Character`.
            let scalars = clip.unicodeScalars
            let end = scalars.lastIndex(of: "/")
            return .named(ClipName(end.map { String(scalars[..<$0]) } ?? "."))
        }

        /// The folder's or clip's name, or the matched part, for messages.
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
        /// Number of clips that the share amounts to.
        package let wanted: Double
        package fileprivate(set) var clips = 0
        package fileprivate(set) var groups = 0
    }

    /// The size of each split, in the order of the shares.
    package let sizes: [Size]
    /// Groups with more clips than the smallest split should have, the largest first.
    package let large: [(group: Group, clips: Int)]
    private let split: [Group: Int]

    /// - Parameters:
    ///   - groups: the group of every clip, in any order.
    ///   - seed: a different seed gives a different order.
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

    /// 64 hexadecimal digits by which groups are ordered, so that the order has nothing to do with their names.
    private static func key(_ group: Group, seed: UInt64) -> String {
        let (kind, name) =
            switch group {
            case .clip(let name): ("clip", name)
            case .named(let name): ("group", name)
            }
        return SHA256.of(Array("split 1\n\(seed)\n\(kind)\n".utf8) + PathText.bytes(name.text))
    }
}
