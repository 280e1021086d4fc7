import Errors
import Corpora
import Files
import Foundation
import Tables

/// The classes of a training run, and checks of the clips in its splits against them.
package struct Labels: Sendable {
    package let classes: [String]
    /// The ontology identifiers in the same order; empty if they are not known.
    package let ids: [String]

    /// Reads classes from a file, one per line: a name, or FSD50K's `index,label,mid`.
    ///
    /// - Throws: `TableError` or `TrainingError` with the line, or `FileError` if the file cannot be read.
    package init(file: String) throws {
        var reader = CSVReader(bytes: try FileSystem.read(file), file: file)
        var classes: [String] = []
        var ids: [String] = []
        while try reader.next() {
            let fields = reader.fields.map { reader.text($0) }
            guard fields.count == 1 || fields.count == 3, let name = fields.count == 1 ? fields.first : fields[1],
                !name.isEmpty, !classes.contains(name)
            else {
                throw TrainingError(
                    .badInput, at: ErrorPlace(file, line: reader.rowLine),
                    "found '\(fields.joined(separator: ","))', "
                        + "expected a class name, or index,label,mid, each class once")
            }
            classes.append(name)
            if fields.count == 3 { ids.append(fields[2]) }
        }
        self.classes = classes
        self.ids = ids.count == classes.count ? ids : []
    }

    /// - Parameters:
    ///   - classes: names, in the order of the scores.
    ///   - ids: their ontology identifiers, or none.
    package init(classes: [String], ids: [String] = []) {
        self.classes = classes
        self.ids = ids
    }

    /// Returns the clips of a split, or all clips if `split` is nil.
    ///
    /// - Throws: `TrainingError` if there are none.
    package static func clips(_ manifest: Manifest, split: String?) throws -> [(row: Int, entry: Manifest.Entry)] {
        var found: [(Int, Manifest.Entry)] = []
        var splits = Set<String>()
        for row in 0..<manifest.count {
            var entry = manifest.entry(row)
            // A table of cuts is an export, whose labels a spreadsheet must not compute.
            entry.labels = entry.labels.map(CSV.name(ofSafe:))
            splits.insert(entry.split)
            if split == nil || entry.split == split { found.append((row, entry)) }
        }
        guard !found.isEmpty else {
            let names = splits.sorted().map { "'\($0)'" }.joined(separator: ", ")
            throw TrainingError(
                .badInput, at: ErrorPlace(manifest.file),
                "no clip of split '\(split ?? "")', expected one; found \(names.isEmpty ? "no clips" : names)"
            )
        }
        return found
    }

    /// Returns the classes that occur in the clips, sorted by name.
    package static func found(in clips: [(row: Int, entry: Manifest.Entry)]) -> Labels {
        Labels(classes: Set(clips.flatMap(\.entry.labels)).sorted())
    }

    /// Checks what can be checked before training starts.
    ///
    /// - Parameters:
    ///   - isTraining: if true, every class must have a clip, and labels must be class names, not identifiers.
    ///   - isValidation: if true, the clips choose the epoch of a training, which can do without them.
    ///   - hasTeacher: if true, clips may have no label, and classes no clip: a teacher's scores take their place.
    ///   - map: maps labels that are not classes.
    /// - Throws: `TrainingError` if there are fewer than two classes, a clip without a label or, in training, a class
    ///   without a clip; `TableError` if a label is unknown.
    package func check(
        _ clips: [(row: Int, entry: Manifest.Entry)], manifest: Manifest, split: String, isTraining: Bool,
        hasTeacher: Bool = false, isValidation: Bool = false, map: LabelMap? = nil
    ) throws {
        for (row, entry) in clips where entry.labels.isEmpty && !hasTeacher {
            throw TrainingError(
                .badInput, at: ErrorPlace(manifest.file, line: manifest.line(row)),
                "clip '\(entry.clip)' of split '\(split)' has no label, expected at least one"
                    + (isValidation ? "; with an empty --validation-split the last epoch is kept" : ""))
        }
        guard classes.count >= 2 else {
            throw TrainingError(
                .badInput, at: ErrorPlace(manifest.file),
                "split '\(split)' has \(classes.count == 1 ? "the one class '\(classes[0])'" : "no labels"), "
                    + "expected at least 2 classes")
        }
        try checkNames(clips, manifest: manifest, identifiers: !isTraining, map: map)
        let left = Set(classes).subtracting(clips.lazy.flatMap(\.entry.labels))
        if isTraining, !hasTeacher, let empty = left.min() {
            throw TrainingError(
                .badInput, at: ErrorPlace(manifest.file),
                "class '\(empty)' has no clip in split '\(split)', expected at least one"
                    + (left.count > 1 ? " (\(left.count) such classes)" : ""))
        }
    }

    /// Checks that every label of the clips is that of a class; clips may have none.
    ///
    /// - Parameters:
    ///   - identifiers: if true, labels may also be identifiers.
    ///   - map: maps labels that are not classes.
    /// - Throws: `TableError` naming the first label that is unknown, and how many there are.
    package func checkNames(
        _ clips: [(row: Int, entry: Manifest.Entry)], manifest: Manifest, identifiers: Bool = true,
        map: LabelMap? = nil
    ) throws {
        try ClassNames(classes, identifiers: identifiers ? ids : []).check(
            clips.lazy.map { (line: manifest.line($0.row), clip: $0.entry.clip, labels: $0.entry.labels) },
            file: manifest.file, map: map)
    }
}
