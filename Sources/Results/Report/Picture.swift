import Evaluation

/// An SVG drawing, either inside the page or as a separate file.
struct Picture {
    /// The width in units of about a pixel, as is `height`.
    let width: Double
    let height: Double
    /// A text alternative that describes the picture.
    let label: String
    /// The SVG elements.
    var content = ""
    /// Whether the picture is shown at its own size, in a scrolling box, instead of filling the available width.
    var hasOwnSize = false

    /// - Parameters:
    ///   - width, height: in units of about a pixel.
    ///   - label: a description of the picture, unescaped.
    init(width: Double, height: Double, label: String, hasOwnSize: Bool = false) {
        self.width = width
        self.height = height
        self.label = label
        self.hasOwnSize = hasOwnSize
    }

    /// The SVG element for a page whose style sheet contains `Picture.style`.
    var inline: String { element("") }

    /// The picture as a complete SVG file.
    var file: String {
        let own = " xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Self.text(width))\" height=\"\(Self.text(height))\""
        let head =
            "<title>\(HTMLText.escaped(label))</title><style>\(Self.fileStyle)</style>"
            + "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>"
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + element(own, inside: head) + "\n"
    }

    private func element(_ attributes: String, inside: String = "") -> String {
        let size = hasOwnSize && attributes.isEmpty ? " width=\"\(Self.text(width))\"" : ""
        return "<svg class=\"picture\"\(attributes)\(size) viewBox=\"0 0 \(Self.text(width)) \(Self.text(height))\" "
            + "role=\"img\" aria-label=\"\(HTMLText.escaped(label))\">\(inside)\(content)</svg>"
    }

    /// Adds a line of text.
    ///
    /// - Parameters:
    ///   - y: the baseline.
    ///   - attributes: additional attributes, such as ` text-anchor="end"`.
    mutating func text(_ words: String, _ x: Double, _ y: Double, _ attributes: String = "") {
        content += "<text x=\"\(Self.text(x))\" y=\"\(Self.text(y))\"\(attributes)>\(HTMLText.escaped(words))</text>"
    }

    /// Adds a path.
    mutating func path(_ commands: String, _ style: String) {
        content += "<path class=\"\(style)\" d=\"\(commands)\"/>"
    }

    /// A coordinate with at most one decimal place.
    static func text(_ value: Double) -> String {
        var out: [UInt8] = []
        NumberText.append(value, upTo: 1, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// A name, cut at its end if it is longer than `limit` characters.
    static func short(_ name: String, _ limit: Int) -> String {
        name.count > limit ? name.prefix(limit - 1) + "…" : name
    }

    /// A named colour of the page and its pictures.
    private struct Colour {
        let name: String
        let light: String
        let dark: String
    }

    private static let palette = [
        Colour(name: "ink", light: "#1b2530", dark: "#e6ebf0"), Colour(name: "soft", light: "#586675", dark: "#9dabb9"),
        Colour(name: "page", light: "#f6f7f9", dark: "#11161c"),
        Colour(name: "card", light: "#ffffff", dark: "#1a2129"),
        Colour(name: "line", light: "#dce2e8", dark: "#313c47"), Colour(name: "bar", light: "#1f7a8c", dark: "#54b3c4"),
        Colour(name: "mark", light: "#b3541e", dark: "#f0a06a"),
        Colour(name: "limit", light: "#5c4a9c", dark: "#b9a8f2"),
        Colour(name: "on", light: "#ffffff", dark: "#0c1116"),
    ]

    /// The CSS variables of the page's colours, light or dark according to the reader's setting.
    static let colours: String = {
        func variables(_ value: (Colour) -> String) -> String {
            palette.map { "--\($0.name):\(value($0))" }.joined(separator: ";")
        }
        return ":root{color-scheme:light dark;\(variables(\.light))}\n"
            + "@media (prefers-color-scheme:dark){:root{\(variables(\.dark))}}\n"
    }()

    /// The style of a separate file: literal colours, as programs other than browsers do not support CSS variables.
    private static let fileStyle: String = {
        func named(_ value: (Colour) -> String) -> String {
            palette.reduce(style + ".paper{fill:var(--card)}\n") {
                $0.split(separator: "var(--\($1.name))", omittingEmptySubsequences: false).joined(separator: value($1))
            }
        }
        return named(\.light) + "@media (prefers-color-scheme:dark){\n\(named(\.dark))}\n"
    }()

    /// The style of the elements of pictures.
    static let style = """
        .picture text{font:11px system-ui,sans-serif;fill:var(--ink)}
        .picture .soft{fill:var(--soft)}
        .picture .on{fill:var(--on)}
        .picture .grid{stroke:var(--line);fill:none}
        .picture .axis{stroke:var(--soft);fill:none}
        .picture .bar{fill:var(--bar)}
        .picture .mark{fill:var(--mark)}
        .picture .line{fill:none;stroke:var(--bar);stroke-width:1.7;stroke-linejoin:round}
        .picture .second{fill:none;stroke:var(--mark);stroke-width:1.7;stroke-linejoin:round}
        .picture .limit{fill:none;stroke:var(--limit);stroke-width:1.4;stroke-dasharray:4 3}
        .picture .interval{fill:none;stroke:var(--mark);stroke-width:2}

        """
}
