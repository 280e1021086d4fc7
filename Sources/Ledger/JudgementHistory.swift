/// The judgements that are in force: those that were not undone.
package struct JudgementHistory: Sendable {
    /// The judgements of each clip, in the order in which they were added. The key is the bytes of the clip's name,
    /// because a `String` key would equal every canonically equivalent spelling.
    private var byClip: [[UInt8]: [Judgement]] = [:]
    /// The clip of each judgement in force.
    private var clipOf: [Int64: [UInt8]] = [:]

    /// - Parameter rows: all rows, in the order in which they were added.
    package init(_ rows: [JudgementRow]) { for row in rows { add(row) } }

    /// Adds the next row.
    ///
    /// - Returns: the clip that the row changes; nil if it undoes a judgement that is not in force.
    @discardableResult
    package mutating func add(_ row: JudgementRow) -> String? {
        switch row {
        case .judgement(let judgement):
            let clip = Array(judgement.subject.clip.utf8)
            byClip[clip, default: []].append(judgement)
            clipOf[judgement.id] = clip
            return judgement.subject.clip
        case .undo(_, let of, _, _):
            guard let clip = clipOf.removeValue(forKey: of) else { return nil }
            byClip[clip]?.removeAll { $0.id == of }
            if byClip[clip]?.isEmpty == true { byClip[clip] = nil }
            return String(decoding: clip, as: UTF8.self)
        }
    }

    /// The number of judgements in force, over all clips.
    package var count: Int { clipOf.count }
    package var isEmpty: Bool { clipOf.isEmpty }

    /// The names of the clips that have judgements, in the order of their first ones.
    package var clips: [String] {
        byClip.values.compactMap(\.first).sorted { $0.id < $1.id }.map(\.subject.clip)
    }

    /// The judgements of a clip in the order in which they were added; empty if it has none.
    package func judgements(of clip: String) -> [Judgement] {
        byClip.isEmpty ? [] : byClip[Array(clip.utf8)] ?? []
    }

    /// All judgements in force, in the order in which they were added.
    package var all: [Judgement] { byClip.values.flatMap { $0 }.sorted { $0.id < $1.id } }
}
