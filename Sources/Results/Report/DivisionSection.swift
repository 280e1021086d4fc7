import Evaluation
import Wording

/// How much sound there is by hour of day, date, month, or a column of the manifest.
struct DivisionSection {
    /// The most bars in a picture.
    private static let mostBars = 40
    private let content: ReportContent

    init(_ content: ReportContent) { self.content = content }

    /// nil if the clips are not divided.
    var section: ReportPage.Section? {
        if content.divisions.isEmpty { return nil }
        var (body, figures) = ("", [ReportFigure]())
        for division in content.divisions {
            let shown = Self.bars(division)
            let left = division.groups.count - shown.groups
            let caption =
                "Hours of sound by \(division.kind.heading)"
                + (left > 0 ? "; shown are the \(shown.groups) with the most sound, of \(division.groups.count)" : "")
                + Self.without(division)
            let picture = BarPicture(
                label: "Hours of sound by \(division.kind.heading)", bars: shown.bars, full: nil
            ).picture()
            body += ReportText.figure(picture, HTMLText.escaped(caption))
            figures.append(ReportFigure("sound-by-\(division.kind.name)", picture))
        }
        var notes = ""
        if content.divisions.contains(where: { $0.kind.isTime }) {
            notes = ReportText.note(
                "Times are those of each recording's own zone, as its manifest has them; a recording that lasts beyond a full "
                    + "hour or midnight is divided there.")
        }
        return ReportPage.Section(
            id: "divisions", title: "When and where", body: "<div class=\"pair\">\n\(body)</div>\n" + notes,
            figures: figures)
    }

    /// The bars of a division in its order; the hours of a day are all there, the other groups as far as there is room.
    private static func bars(_ division: ClipDivision) -> (bars: [BarPicture.Bar], groups: Int) {
        func bar(_ group: ClipDivision.Group) -> BarPicture.Bar {
            .init(
                name: group.name, value: group.hours,
                text: "\(HTMLText.number(group.hours)) h", interval: nil)
        }
        if division.kind == .hour {
            return (DivisionDetail.hours(division) { bar($1) }, division.groups.count)
        }
        let most = division.groups.indices.sorted {
            (division.groups[$1].hours, $0) < (division.groups[$0].hours, $1)
        }
        .prefix(mostBars).sorted()
        return (most.map { bar(division.groups[$0]) }, most.count)
    }

    private static func without(_ division: ClipDivision) -> String {
        let clips = division.clipsWithoutValue
        if clips == 0 { return "" }
        return "; \(counted(clips, "clip")) \(clips == 1 ? "has" : "have") no "
            + (division.kind.isTime ? "start time" : "\(division.kind.name)")
    }
}

/// Where one class was found in a division.
struct DivisionDetail {
    /// The most groups of a table.
    private static let mostGroups = 8
    private let division: ClipDivision
    private let index: Int
    private let className: String

    init(_ division: ClipDivision, _ index: Int, className: String) {
        self.division = division
        self.index = index
        self.className = className
    }

    /// One bar for each hour of the day, with or without sound, and one for clips without a start time.
    ///
    /// - Parameter bar: makes the bar of a group at a place in the division.
    static func hours(_ division: ClipDivision, _ bar: (Int, ClipDivision.Group) -> BarPicture.Bar) -> [BarPicture.Bar]
    {
        let places = Dictionary(uniqueKeysWithValues: division.groups.indices.map { (division.groups[$0].value, $0) })
        let names: [String?] = (0..<24).map { ($0 < 10 ? "0" : "") + String($0) } + (places[nil] == nil ? [] : [nil])
        return names.map { name in
            if let place = places[name] { return bar(place, division.groups[place]) }
            return BarPicture.Bar(name: name ?? "", value: 0, text: "no sound", interval: nil)
        }
    }

    /// The share of a group's time in which the class was heard, or of its clips if there are no chunk scores.
    private func share(_ place: Int) -> Double {
        let group = division.groups[place]
        if division.rate == nil {
            return group.clips > 0 ? Double(division[place, index].clipsAbove) / Double(group.clips) : 0
        }
        return group.hours > 0 ? division.hoursAbove(group: place, index) / group.hours : 0
    }

    private var isFound: Bool {
        division.groups.indices.contains { division[$0, index] != ClipDivision.Cell() }
    }

    private func amount(_ place: Int) -> String {
        division.rate == nil
            ? counted(division[place, index].clipsAbove, "clip")
            : "\(HTMLText.number(division.hoursAbove(group: place, index))) h"
    }

    var caption: String {
        "Share of the \(division.rate == nil ? "clips" : "time") at or above the threshold, by hour of day"
    }

    /// The class by hour of day; nil if it was not found.
    func picture() -> Picture? {
        guard isFound else { return nil }
        let bars = Self.hours(division) { place, group in
            .init(name: group.name, value: share(place), text: amount(place), interval: nil)
        }
        return BarPicture(label: "\(className): \(caption)", bars: bars, full: nil).picture()
    }

    /// The groups in which the class was found, those with the most of it first; nil if it was not found, or there is
    /// only one group.
    var table: String? {
        guard isFound, division.groups.count > 1 else { return nil }
        let order = division.groups.indices.filter { division[$0, index] != ClipDivision.Cell() }.sorted {
            let (first, second) = (division[$0, index], division[$1, index])
            return (second.samples, second.clipsAbove, $0) < (first.samples, first.clipsAbove, $1)
        }
        let rows = order.prefix(Self.mostGroups).map {
            [HTMLText.name(division.groups[$0].name), amount($0), HTMLText.percent(share($0))]
        }
        let rest = order.count - rows.count
        let head = division.rate == nil ? "Clips" : "Hours above"
        return "<div>"
            + ReportText.table(["By \(HTMLText.name(division.kind.heading))", head, "Share"], rows, style: "small")
            + (rest > 0 ? ReportText.note("and in \(counted(rest, "more", "more"))") : "") + "</div>\n"
    }
}
