/// A number and its noun, which is singular if the number is one: `1 clip`, `2 clips`, `0 clips`.
///
/// - Parameter plural: for nouns that do not take an s.
package func counted(_ count: some BinaryInteger, _ noun: String, _ plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}

/// A whole number with commas between groups of thousands: `1,234,567`.
package func grouped(_ number: some BinaryInteger) -> String {
    var text = ""
    for (place, digit) in String(number).reversed().enumerated() {
        if place > 0, place % 3 == 0, digit != "-" { text = "," + text }
        text = String(digit) + text
    }
    return text
}
