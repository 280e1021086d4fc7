/// Text for an HTML page.
enum HTMLText {
    /// Names escaped for an element or a quoted attribute.
    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case _ where scalar.value < 0x20: out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// A value with four digits after the point, or a dash if it is not defined.
    static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e14 else { return "–" }
        let scaled = Int((abs(value) * 10_000).rounded())
        let fraction = String(scaled % 10_000)
        let sign = value < 0 && scaled > 0 ? "−" : ""
        return sign + "\(scaled / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
    }
}
