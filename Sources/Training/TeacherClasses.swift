import Corpora
import Errors
import Wording

/// Which of a teacher's classes stand for which of the student's: those that a label map names, else those of the same name
/// or identifier.
package struct TeacherClasses: Sendable, Equatable {
    /// For each class of the student, the indexes of the teacher's classes; the highest of their scores counts.
    package let columns: [[Int]]
    /// The student's classes without a class of the teacher.
    package let untaught: [String]
    /// How many of the teacher's classes stand for none of the student's.
    package let unused: Int
    /// Labels of the map that the teacher does not have.
    package let unknown: [String]

    /// How many names a message lists.
    private static let named = 5

    /// - Parameters:
    ///   - student: the classes to learn.
    ///   - map: from the teacher's class names to the student's classes; nil for none.
    /// - Throws: `TrainingError` if no class has a teacher.
    package init(student: ClassNames, teacher: TeacherStage, map: LabelMap?) throws {
        try self.init(
            student: student, names: teacher.classes, identifiers: teacher.identifiers, stage: teacher.name, map: map)
    }

    /// As above, from the teacher's names and identifiers.
    ///
    /// - Throws: `TrainingError` if no class has a teacher.
    package init(
        student: ClassNames, names: [String], identifiers: [String], stage: String, map: LabelMap?
    ) throws {
        var columns = [[Int]](repeating: [], count: student.names.count)
        var unused = 0
        for (index, name) in names.enumerated() {
            let identifier = identifiers.indices.contains(index) ? identifiers[index] : ""
            let byName = student.place(of: name) ?? (identifier.isEmpty ? nil : student.place(of: identifier))
            let places = map?[name] ?? byName.map { [$0] } ?? []
            if places.isEmpty { unused += 1 }
            for place in places where columns[place].last != index { columns[place].append(index) }
        }
        self.columns = columns
        self.unused = unused
        untaught = student.names.indices.filter { columns[$0].isEmpty }.map { student.names[$0] }
        let own = Set(names)
        unknown = (map?.labels ?? []).filter { !own.contains($0) }
        guard untaught.count < student.names.count else {
            throw TrainingError(
                .usage, at: nil,
                "none of the \(counted(student.names.count, "class", "classes")) is among the \(names.count) of teacher "
                    + "'\(stage)', such as '\(names.first ?? "")', expected one at least; --label-map can say which are the "
                    + "same")
        }
    }

    /// What was matched and what was not, a line each.
    ///
    /// - Parameter weight: the teacher's weight in the loss.
    package func lines(teacher: String, weight: Float) -> [String] {
        let classes = columns.count
        let used = Set(columns.joined()).count
        var lines = [
            "teacher \(teacher): \(classes - untaught.count) of \(counted(classes, "class", "classes")) learnt from \(used) "
                + "of its \(counted(used + unused, "class", "classes"))"
        ]
        if !untaught.isEmpty {
            let rest = ((1 - Double(weight)) * 1e6).rounded() / 1e6
            lines.append(
                "\(counted(untaught.count, "class", "classes")) without a teacher, "
                    + (rest > 0 ? "learnt from labels alone with weight \(rest): " : "not learnt at all: ")
                    + Self.listed(untaught))
        }
        if !unknown.isEmpty {
            lines.append(
                "\(counted(unknown.count, "label")) of the label map that the teacher does not have: \(Self.listed(unknown))"
            )
        }
        return lines
    }

    private static func listed(_ names: [String]) -> String {
        names.prefix(named).map { "'\($0)'" }.joined(separator: ", ") + (names.count > named ? ", ..." : "")
    }
}
