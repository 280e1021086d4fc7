/// A division of the clips into named groups, such as folders or splits.
package struct ClipGroups: Sendable, Equatable {
    /// The noun for one group: `folder` or `split`.
    package let kind: String
    /// What all groups have in common, such as the folder that contains them; empty if there is nothing to say.
    package let within: String
    package let names: [String]
    /// Each clip's group, as an index into `names`.
    package let groupOf: [Int32]
    /// The number of clips in each group.
    package let clips: [Int]

    /// - Parameters:
    ///   - kind: the noun for one group.
    ///   - within: what all groups have in common, or empty.
    ///   - groupOf: each clip's group, an index into `names`.
    package init(kind: String, within: String = "", names: [String], groupOf: [Int32]) {
        self.kind = kind
        self.within = within
        self.names = names
        self.groupOf = groupOf
        clips = groupOf.reduce(into: [Int](repeating: 0, count: names.count)) { $0[Int($1)] += 1 }
    }

    /// Whether there is anything to compare.
    package var isDivided: Bool { names.count > 1 }
}
