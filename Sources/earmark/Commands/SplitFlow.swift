import Corpora
import Wording

/// Assigns each clip of a folder to a split, and reports the result.
struct SplitFlow {
    /// The most groups, and the most labels of a split, that are named.
    private static let shown = 5

    let shares: SplitShares
    let rule: GroupRule
    let seed: UInt64

    /// Sets the split of each entry.
    ///
    /// - Returns: lines for the user: sizes, clips without a group, groups that are too large, and labels that a split
    ///   lacks.
    /// - Throws: `CommandError` of category `usage` if a pattern takes too long on a name.
    func apply(to entries: inout [Manifest.Entry]) throws -> [String] {
        let groups = try entries.map { try rule.group(of: $0.clip) }
        let plan = SplitPlan(groups: groups, shares: shares, seed: seed)
        for (place, group) in groups.enumerated() { entries[place].split = plan.name(of: group) ?? "" }
        return sizes(plan, of: entries.count) + ungrouped(groups, entries) + large(plan)
            + Self.missingLabels(entries, plan)
    }

    private func sizes(_ plan: SplitPlan, of total: Int) -> [String] {
        plan.sizes.map { size in
            let share = Figures.fixed(100 * Double(size.clips) / Double(max(1, total)), 1)
            var line = "split \(size.name): \(counted(size.clips, "clip"))"
            if case .clip = rule {} else { line += " in \(counted(size.groups, "group"))" }
            return line + ", \(share) % (wanted: \(Figures.fixed(100 * size.share, 1)) %)"
        }
    }

    private func ungrouped(_ groups: [SplitPlan.Group], _ entries: [Manifest.Entry]) -> [String] {
        guard case .patterns = rule else { return [] }
        let alone = zip(groups, entries).filter { if case .clip = $0.0 { true } else { false } }
        guard let first = alone.first else { return [] }
        let word =
            alone.count == 1
            ? "1 clip does not match --group and is a group of its own"
            : "\(alone.count) clips do not match --group and are each a group of their own, the first"
        return ["\(word): \(first.1.clip)"]
    }

    private func large(_ plan: SplitPlan) -> [String] {
        guard let smallest = plan.sizes.map(\.wanted).min() else { return [] }
        let lines = plan.large.prefix(Self.shown).map { group, clips in
            "group '\(group.name)' has \(counted(clips, "clip")), more than the smallest split should have "
                + "(\(Figures.fixed(smallest, 1)))"
        }
        let more = plan.large.count - lines.count
        return lines + (more > 0 ? ["and \(counted(more, "more such group", "more such groups"))"] : [])
    }

    /// Names the labels of the collection that a split has no clip of, so that they cannot be measured or learned from
    /// it.
    private static func missingLabels(_ entries: [Manifest.Entry], _ plan: SplitPlan) -> [String] {
        var labels: [String: Set<String>] = [:]
        for entry in entries { labels[entry.split, default: []].formUnion(entry.labels) }
        let all = labels.values.reduce(into: Set<String>()) { $0.formUnion($1) }
        return plan.sizes.compactMap { size in
            let missing = all.subtracting(labels[size.name] ?? []).sorted()
            guard !missing.isEmpty else { return nil }
            let names = missing.prefix(shown).map { "'\($0)'" }.joined(separator: ", ")
            return "split \(size.name) has no clip of \(counted(missing.count, "label")) of \(all.count): \(names)"
                + (missing.count > shown ? ", ..." : "")
        }
    }
}
