import Foundation

/// Formats numbers for people.
enum Figures {
    /// Formats a number with the given number of decimals, always with a decimal point; a dash if it is not finite.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return "-" }
        let scale = pow(10, Double(decimals))
        let scaled = (value * scale).rounded()
        if decimals == 0 { return String(Int(scaled)) }
        let whole = Int(abs(scaled)) / Int(scale)
        let part = String(Int(abs(scaled)) % Int(scale))
        let sign = scaled < 0 ? "-" : ""
        return "\(sign)\(whole)." + String(repeating: "0", count: decimals - part.count) + part
    }

    /// Formats seconds as `1 h 02 min`, `3 min 04 s` or `5 s`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(min(max(0, seconds), 1e15).rounded())
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        if whole >= 3600 { return "\(whole / 3600) h \(two(whole % 3600 / 60)) min" }
        if whole >= 60 { return "\(whole / 60) min \(two(whole % 60)) s" }
        return "\(whole) s"
    }

    /// Formats seconds of audio as `18 s`, `7.5 min`, `2.34 h`, `12.3 h` or `1234 h`.
    static func audio(_ seconds: Double) -> String {
        if seconds < 60 { return "\(fixed(seconds, 0)) s" }
        if seconds < 3600 { return "\(fixed(seconds / 60, 1)) min" }
        let hours = seconds / 3600
        return "\(fixed(hours, hours < 10 ? 2 : hours < 1000 ? 1 : 0)) h"
    }

    /// Formats bytes in the largest unit, up to TB, that leaves a number of at least 1.
    static func bytes(_ count: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var value = Double(count)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(fixed(value, 1)) \(units[unit])"
    }
}
