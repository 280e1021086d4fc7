import Corpora
import Evaluation
import Files

/// What a user asked for in labels or events, before the model's classes are known.
package struct SelectionRequest: Sendable {
    /// nil for the model's recommended thresholds, or else `Thresholds.usual`.
    package var threshold: Double?
    /// A file in the form of `ThresholdTable`.
    package var thresholds: String?
    /// nil for `Thresholds.releaseShare` of each threshold.
    package var release: Double?
    /// Keep this many of the best in each clip; nil for all.
    package var top: Int?
    package var only: [String] = []
    package var not: [String] = []
    package var clips: [String] = []

    package init() {}

    /// - Parameters:
    ///   - classes: the model's.
    ///   - identifiers: theirs, where the model knows them: a class may be asked for by either.
    ///   - recommended: what the model's file recommends; nil where it does not.
    ///   - without: the threshold where neither the request nor the model has one.
    ///   - usesReleases: false for labels, for which a release above its threshold is no fault.
    /// - Throws: `TableError` or `SettingError` where names, numbers or the file are not right.
    package func resolved(
        classes: [String], identifiers: [String] = [], recommended: ThresholdTable? = nil,
        without: Double = Thresholds.usual, usesReleases: Bool = true
    ) throws -> ResultSelection {
        let names = ClassNames(classes, identifiers: identifiers)
        let places = try ClassSelection(only: only, not: not, classes: names).places
        var tables: [ThresholdTable] = []
        if let thresholds { tables.append(try ThresholdTable(contentsOf: thresholds, classes: names)) }
        // One threshold given by hand for all classes replaces those that the model recommends.
        if threshold == nil, let recommended { tables.append(recommended) }
        let fallback = threshold ?? without
        return ResultSelection(
            places: places,
            thresholds: try Thresholds(
                classes: classes, fallback: fallback, tables: tables, release: release,
                chosen: usesReleases ? places : []),
            clips: ClipSelection(clips), top: top,
            settings: try settings(fallback: fallback, recommended: tables.last),
            thresholdText: ClassThresholds(layers: tables.map(\.layer), fallback: fallback).text(classes),
            isThresholdTold: !tables.isEmpty || threshold == nil && without > 0)
    }

    /// The settings in an export's provenance.
    private func settings(fallback: Double, recommended: ThresholdTable?) throws -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = [("threshold", "\(fallback)")]
        if let thresholds {
            found.append(("thresholds", FileSystem.absolute(thresholds)))
            found.append(("thresholds.sha256", SHA256.of(try FileSystem.read(thresholds))))
        }
        if let recommended, recommended.file != thresholds {
            found.append(("thresholds.recommended", recommended.file))
            found.append(("thresholds.recommended.sha256", SHA256.of(recommended.text)))
        }
        if let top { found.append(("top", "\(top)")) }
        if !only.isEmpty { found.append(("class", only.joined(separator: "; "))) }
        if !not.isEmpty { found.append(("not-class", not.joined(separator: "; "))) }
        if !clips.isEmpty { found.append(("clip", clips.joined(separator: "; "))) }
        return found
    }
}

/// The classes, thresholds and clips from which labels or events are made.
package struct ResultSelection: Sendable {
    /// Indices of the classes, ascending.
    package let places: [Int]
    package let thresholds: Thresholds
    package let clips: ClipSelection
    /// Keep this many of the best in each clip; nil for all.
    package let top: Int?
    /// What the user asked for, for an export's provenance.
    package let settings: [(name: String, value: String)]
    /// Where the thresholds come from, in words.
    package let thresholdText: String
    /// Whether `thresholdText` says more than the user's own request.
    let isThresholdTold: Bool

    /// A note on the thresholds for the summary; empty if there are none, or one that the user gave for all classes.
    package var thresholdNote: String { isThresholdTold ? " (thresholds: \(thresholdText))" : "" }
}
