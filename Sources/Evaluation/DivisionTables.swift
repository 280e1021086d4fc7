import Tables

extension ClipDivision {
    private static let columns = ["class", "clips", "clips_above", "clips_heard", "hours", "hours_above"]

    /// A table with one row for each group and class: `hour,class,clips,clips_above,clips_heard,hours,hours_above`.
    ///
    /// `clips` and `hours` are what there is in the group, whatever the class. Classes of which nothing was found in any
    /// group have no rows; all others have one for every group. Without chunk scores, `clips_heard` and `hours_above`
    /// are empty.
    ///
    /// - Parameter names: of the classes.
    package func csv(_ names: [String]) -> [UInt8] {
        let title = Self.columns.contains(kind.name) ? "manifest." + kind.name : kind.name
        var out = CSV.row([CSV.safeField(title)] + Self.columns)
        let found = foundClasses
        for (place, group) in groups.enumerated() {
            let head = CSV.field(CSV.safeField(group.name))
            for index in found {
                let cell = self[place, index]
                out += head
                out.append(UInt8(ascii: ","))
                CSV.append(
                    [
                        CSV.safeField(names[index]), "\(group.clips)", "\(cell.clipsAbove)",
                        rate == nil ? "" : "\(cell.clipsHeard)", "\(group.hours)",
                        rate == nil ? "" : "\(hoursAbove(group: place, index))",
                    ], to: &out)
            }
        }
        return out
    }

    /// The same as JSON: the groups, each with its classes of which anything was found in it.
    ///
    /// - Parameter names: of the classes.
    package func json(_ names: [String]) -> String {
        let found = foundClasses
        let list = groups.enumerated().map { place, group in
            JSONText.object([
                ("value", group.value.map { .string($0) } ?? .null), ("clips", .integer(group.clips)),
                ("hours", .number(group.hours)),
                (
                    "classes",
                    .array(
                        found.filter { self[place, $0] != Cell() }.map { index in
                            let cell = self[place, index]
                            return .object([
                                ("class", .string(names[index])), ("clips_above", .integer(cell.clipsAbove)),
                                ("clips_heard", rate == nil ? .null : .integer(cell.clipsHeard)),
                                ("hours_above", .number(hoursAbove(group: place, index))),
                            ])
                        })
                ),
            ])
        }
        return JSONText.object([
            ("by", .string(kind.name)), ("clips_without_value", .integer(clipsWithoutValue)),
            ("classes_found", .integer(found.count)), ("classes", .integer(classes)), ("groups", .array(list)),
        ]).text() + "\n"
    }
}
