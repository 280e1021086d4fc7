import Evaluation

/// The section on what the report was made from, and by what.
enum OriginSection {
    /// The section; nil if the origin is not known.
    static func section(_ origin: SummaryReport.Origin?) -> ReportPage.Section? {
        guard let origin else { return nil }
        var text = "<div class=\"wide\"><table class=\"made\"><tbody>\n"
        for line in origin.lines {
            text += "<tr><th scope=\"row\">\(HTMLText.name(line.name))</th><td>\(HTMLText.name(line.value))</td></tr>\n"
        }
        return ReportPage.Section(id: "origin", title: "How this was made", body: text + "</tbody></table></div>\n")
    }
}
