import Tables

extension Calibration {
    /// The same keys in the same order every time; `threshold` and the values that depend on it are null for a class that keeps
    /// its default, and `note` says why. `_95` are 95 % intervals as `[low, high]`.
    package func json(coverage: Coverage, truth: TruthCoverage?) -> String {
        var members: [(String, JSONText)] = [("coverage", coverage.json)]
        if let truth { members.append(("truth_coverage", truth.json)) }
        members.append(("goal", .string(goal.description)))
        members.append(("least", .integer(least)))
        members.append(("resamples", .integer(resamples)))
        members.append(("seed", .integer(Int(truncatingIfNeeded: seed))))
        members.append(("clips", .integer(clips)))
        members.append(("thresholds", .integer(found)))
        members.append(("classes", .array(classes.map { json($0) })))
        return JSONText.object(members).text() + "\n"
    }

    private func json(_ row: ClassCalibration) -> JSONText {
        let (found, counts) = (row.threshold, row.threshold?.counts)
        func number(_ value: Double?) -> JSONText { value.map { .number($0) } ?? .null }
        // One by one: the compiler takes minutes to check them all in one list.
        var members: [(String, JSONText)] = [("class", .string(row.name))]
        members.append(("threshold", number(found?.value)))
        members.append(("threshold_95", .interval(found?.interval)))
        members.append(("precision", number(counts?.precision)))
        members.append(("precision_95", .interval(counts?.precisionInterval)))
        members.append(("recall", number(counts?.recall)))
        members.append(("recall_95", .interval(counts?.recallInterval)))
        members.append(("f1", number(counts?.f1)))
        members.append(("positives", .integer(row.positives)))
        members.append(("negatives", .integer(row.negatives)))
        let reason: String? = row.reason(in: self)
        members.append(("note", reason.map { .string($0) } ?? .null))
        return .object(members)
    }
}
