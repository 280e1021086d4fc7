/// Numbers as text, straight into a table's bytes: `String(format:)` takes 25 times as long.
package enum NumberText {
    private static let powers: [Double] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

    /// A number with just so many digits behind the point, halves rounded away from zero: `12.500000`.
    ///
    /// - Parameter digits: 0 to 9. The number's magnitude must be below 9e9.
    package static func append(_ value: Double, digits: Int, to out: inout [UInt8]) {
        append(value, digits: digits, trimmed: false, to: &out)
    }

    /// As `append(_:digits:to:)`, without zeros at the end: `12.5`, `3`.
    package static func append(_ value: Double, upTo digits: Int, to out: inout [UInt8]) {
        append(value, digits: digits, trimmed: true, to: &out)
    }

    /// A score with as many digits as tell it from every other float32: what is read back is the score that was compared
    /// with a threshold.
    package static func append(score: Float, to out: inout [UInt8]) { out += score.description.utf8 }

    private static func append(_ value: Double, digits: Int, trimmed: Bool, to out: inout [UInt8]) {
        guard value.isFinite, abs(value) < 9e9, powers.indices.contains(digits) else {
            out += value.description.utf8
            return
        }
        var number = Int((abs(value) * powers[digits]).rounded())
        if value < 0, number > 0 { out.append(UInt8(ascii: "-")) }
        var places = digits
        if trimmed {
            while places > 0, number % 10 == 0 {
                number /= 10
                places -= 1
            }
        }
        var reversed: [UInt8] = []
        var place = 0
        while number > 0 || place <= places {
            if place == places, places > 0 { reversed.append(UInt8(ascii: ".")) }
            reversed.append(UInt8(ascii: "0") + UInt8(number % 10))
            number /= 10
            place += 1
        }
        out += reversed.reversed()
    }
}
