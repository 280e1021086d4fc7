import Foundation

/// Text for an HTML page or an SVG picture.
package enum HTMLText {
    /// Text for an element or a quoted attribute. What XML has no character for becomes U+FFFD, other control characters become
    /// blanks, so that the result is well-formed in both.
    package static func escaped(_ text: String) -> String {
        if text.utf8.allSatisfy(isPlain) { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x26: out += "&amp;"
            case 0x3C: out += "&lt;"
            case 0x3E: out += "&gt;"
            case 0x22: out += "&quot;"
            case 0x27: out += "&#39;"
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: out += " "
            // `PathText` keeps bytes that are not UTF-8 as U+EF80 to U+EFFF.
            case 0xEF80...0xEFFF, 0xFDD0...0xFDEF: out += "\u{FFFD}"
            case let value where value & 0xFFFE == 0xFFFE: out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != 0x26 && byte != 0x3C && byte != 0x3E && byte != 0x22 && byte != 0x27
    }

    /// A name from elsewhere, escaped and isolated, so that its writing direction does not reach the text around it.
    package static func name(_ text: String) -> String { "<bdi>\(escaped(text))</bdi>" }

    /// A value with four digits after the point, or a dash if it is not defined.
    package static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e14 else { return "–" }
        let scaled = Int((abs(value) * 10_000).rounded())
        let fraction = String(scaled % 10_000)
        let sign = value < 0 && scaled > 0 ? "−" : ""
        return sign + "\(scaled / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
    }

    /// A share in percent, in HTML: with one digit after the point below a tenth, with two below a hundredth; what would then
    /// be none is said to be less.
    package static func percent(_ share: Double) -> String {
        guard share.isFinite else { return "–" }
        let digits = share >= 0.0995 ? 1 : share >= 0.00995 ? 10 : 100
        let scaled = Int((share * 100 * Double(digits)).rounded())
        if scaled == 0 { return share > 0 ? "&lt;0.01&#160;%" : "0&#160;%" }
        let rest = scaled % digits
        let fraction = digits == 1 ? "" : digits == 10 ? ".\(rest)" : rest < 10 ? ".0\(rest)" : ".\(rest)"
        return "\(scaled / digits)\(fraction)&#160;%"
    }

    /// Bytes as a URL that holds them itself.
    package static func dataURL(_ bytes: [UInt8], type: String) -> String {
        "data:\(type);base64," + Data(bytes).base64EncodedString()
    }

    /// The length of `dataURL`, in bytes.
    package static func dataURLLength(_ bytes: [UInt8], type: String) -> Int {
        "data:;base64,".utf8.count + type.utf8.count + (bytes.count + 2) / 3 * 4
    }
}
