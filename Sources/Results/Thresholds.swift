import Corpora
import Errors
import Tables

/// The thresholds of a model's classes, each with the release below which an event ends.
package struct Thresholds: Sendable, Equatable {
    /// The default threshold of a class.
    package static let usual = 0.5
    /// The default release of a class, as a share of its threshold.
    package static let releaseShare = 0.5

    /// By class, in the model's order: a score at or above it counts.
    package let on: [Float]
    /// By class: an event lasts while its curve is at or above it. Never above `on`.
    package let release: [Float]

    /// - Parameters:
    ///   - fallback: the threshold of classes that are in no table.
    ///   - tables: the first table that has a class's threshold or release decides it.
    ///   - release: for classes whose release is in no table; nil for `releaseShare` of the threshold.
    ///   - chosen: the indices of the wanted classes: only these are checked against their release.
    /// - Throws: `TableError` or `SettingError` if a release is above its threshold.
    package init(
        classes: [String], fallback: Double, tables: [ThresholdTable] = [], release: Double? = nil,
        chosen: [Int]? = nil
    ) throws {
        var (on, below) = (
            [Double](repeating: fallback, count: classes.count), [Double?](repeating: nil, count: classes.count)
        )
        let places = ClassNames(classes)
        var lines: [Int: (file: String, line: Int)] = [:]
        for table in tables.reversed() {
            for entry in table.entries {
                guard let place = places.place(of: entry.label) else { continue }
                if let threshold = entry.threshold {
                    on[place] = threshold
                    // The release in a lower-priority table belongs to that table's threshold.
                    below[place] = nil
                }
                if let release = entry.release {
                    below[place] = release
                    lines[place] = (table.file, entry.line)
                }
            }
        }
        let isChosen = chosen.map(Set.init)
        for place in classes.indices where isChosen?.contains(place) ?? true {
            if let release = below[place] {
                guard release > on[place], let (file, line) = lines[place] else { continue }
                throw TableError(
                    file: file, line: line, found: "release \(release) of class '\(classes[place])'",
                    expected: "at most its threshold, which is \(on[place])")
            } else if let release, release > on[place] {
                throw SettingError(
                    name: "--release", found: "\(release)",
                    expected: "at most the threshold, which is \(on[place]) for class '\(classes[place])'")
            }
        }
        self.on = on.map { Float($0) }
        self.release = zip(on, below).map { Float($1 ?? release ?? $0 * Self.releaseShare) }
    }
}
