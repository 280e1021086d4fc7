import Evaluation
import Files
import Foundation
import Wording

/// `report.html`: one self-contained page that needs neither a network nor another file.
///
/// The page contains everything; the script only sorts, searches and hides. Names and other external text are escaped
/// and isolated, and a policy in the page's head keeps the browser from loading or running anything from outside it.
package struct ReportPage {
    let content: ReportContent

    package init(_ content: ReportContent) { self.content = content }

    /// Creates a page that contains only statistics.
    package init(_ summary: SummaryReport, title: String = "Earmark statistics") {
        self.init(ReportContent(title: title, summary: summary))
    }

    /// A part of the page.
    struct Section {
        /// Its anchor.
        let id: String
        let title: String
        /// The HTML after the heading.
        let body: String
        /// Its pictures, as separate files.
        var figures: [ReportFigure] = []
    }

    /// The whole page.
    package func html() -> String {
        Self.document(
            title: content.title, lead: [], sections: sections, kind: "statistics", script: ReportScript.text)
    }

    /// All pictures of the page, as separate files.
    package func figures() -> [ReportFigure] { sections.flatMap(\.figures) }

    private var sections: [Section] {
        let summary = content.summary
        let classes = ClassSections(content)
        return [
            SummarySection(content).section, classes.charts, DivisionSection(content).section, classes.table,
            classes.details,
            CurvesSection(content).section, ConfusionSection(content).section, CoOccurrenceSection(content).section,
            LearningSection.section(content.history), OriginSection.section(summary.origin),
        ].compactMap(\.self)
    }

    /// A page of sections.
    ///
    /// - Parameters:
    ///   - lead: lines under the heading, unescaped.
    ///   - kind: what wrote the page, so that a later command can recognise it.
    ///   - script: nil for a page without one.
    static func document(title: String, lead: [String], sections: [Section], kind: String, script: String?) -> String {
        let style = ReportStyle.text
        // Nothing is loaded, and only this exact style and script are allowed: code injected through a name cannot run.
        let policy =
            "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; media-src data:; "
            + "style-src '\(digest(style))'; style-src-attr 'unsafe-inline'; script-src "
            + (script.map { "'\(digest($0))'" } ?? "'none'")
        var page = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="\(policy)"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="generator" content="\(generator(kind))"/>
            <title>\(HTMLText.escaped(title))</title>
            <style>\(style)</style>
            </head>
            <body>
            <a class="skip" href="#main">Skip to the content</a>
            <header>
            <h1>\(HTMLText.name(title))</h1>

            """
        for line in lead { page += "<p class=\"note\">\(HTMLText.name(line))</p>\n" }
        page += "<nav aria-label=\"Sections\"><ul>\n"
        for section in sections { page += "<li><a href=\"#\(section.id)\">\(section.title)</a></li>\n" }
        page += "</ul></nav>\n</header>\n<main id=\"main\">\n"
        for section in sections {
            page += "<section id=\"\(section.id)\" aria-labelledby=\"\(section.id)-title\">\n"
            page += "<h2 id=\"\(section.id)-title\">\(section.title)</h2>\n\(section.body)</section>\n"
        }
        page += "</main>\n"
        if let script { page += "<script>\(script)</script>\n" }
        return page + "</body>\n</html>\n"
    }

    /// The generator named in a page's head.
    static func generator(_ kind: String) -> String { "Earmark \(ProgramVersion.number), \(kind)" }

    /// The policy source that allows exactly one text, by its SHA-256 digest.
    private static func digest(_ text: String) -> String {
        let digits = Array(SHA256.of(Array(text.utf8)).utf8)
        let bytes = stride(from: 0, to: digits.count, by: 2).map { place in
            UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) ?? 0
        }
        return "sha256-" + Data(bytes).base64EncodedString()
    }
}

/// A picture of a page, as a separate file.
package struct ReportFigure: Sendable, Equatable {
    /// A safe file name, always the same for the same report.
    package let name: String
    package let svg: String

    /// - Parameter stem: the name without its extension.
    init(_ stem: String, _ picture: Picture) { self.init(stem, svg: picture.file) }

    /// - Parameter svg: a complete SVG file.
    init(_ stem: String, svg: String) {
        name = SafeName.component(stem, limit: 120) + ".svg"
        self.svg = svg
    }
}

/// HTML building blocks that several sections use.
enum ReportText {
    /// A note, whose text is escaped.
    static func note(_ text: String) -> String { "<p class=\"note\">\(HTMLText.escaped(text))</p>\n" }

    /// A picture with a caption, which is already HTML.
    static func figure(_ picture: Picture, _ caption: String) -> String {
        let drawn =
            picture.hasOwnSize
            ? "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"scrolls sideways\">\(picture.inline)</div>"
            : picture.inline
        return "<figure>\(drawn)<figcaption>\(caption)</figcaption></figure>\n"
    }

    /// A table in a box that scrolls if the table is too wide.
    ///
    /// - Parameters:
    ///   - heads: column names, as HTML.
    ///   - rows: cells, as HTML; the first cell of a row is its heading.
    static func table(_ heads: [String], _ rows: [[String]], style: String) -> String {
        var text = "<div class=\"wide\"><table class=\"\(style)\"><thead><tr>"
        text += heads.map { "<th scope=\"col\">\($0)</th>" }.joined() + "</tr></thead><tbody>\n"
        for row in rows {
            text += "<tr><th scope=\"row\">\(row.first ?? "")</th>"
            text += row.dropFirst().map { "<td>\($0)</td>" }.joined() + "</tr>\n"
        }
        return text + "</tbody></table></div>\n"
    }
}
