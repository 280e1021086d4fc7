/// A shell-style pattern that must match the whole of a name: `*` matches any characters, `?` one, `[a-z]` one of these,
/// `[!a-z]` one that is not among these, and a backslash makes the next character literal.
///
/// `*` and `?` match a slash too, as in `fnmatch` without FNM_PATHNAME, so `*bark*` finds a recording in any folder. `fnmatch`
/// itself was rejected: it works on bytes if no locale is set, and a `?` would match half an `é`.
package struct Glob: Sendable, Equatable {
    private enum Part: Sendable, Equatable {
        case any
        case one
        case just(Unicode.Scalar)
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    package let text: String
    private let parts: [Part]

    package init(_ text: String) {
        self.text = text
        var parts: [Part] = []
        let scalars = Array(text.unicodeScalars)
        var place = 0
        while place < scalars.count {
            let scalar = scalars[place]
            place += 1
            switch scalar {
            case "*": if parts.last != .any { parts.append(.any) }
            case "?": parts.append(.one)
            case "\\" where place < scalars.count:
                parts.append(.just(scalars[place]))
                place += 1
            case "[":
                if let (set, end) = Self.set(scalars, from: place) {
                    parts.append(set)
                    place = end
                } else {
                    parts.append(.just(scalar))
                }
            default: parts.append(.just(scalar))
            }
        }
        self.parts = parts
    }

    /// The set after an opening bracket; nil if no bracket closes it, and then the opening bracket is literal.
    private static func set(_ scalars: [Unicode.Scalar], from start: Int) -> (Part, end: Int)? {
        var place = start
        var isNegated = false
        if place < scalars.count, scalars[place] == "!" || scalars[place] == "^" {
            isNegated = true
            place += 1
        }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        let first = place
        while place < scalars.count {
            if scalars[place] == "]", place > first { return (.set(ranges, isNegated: isNegated), place + 1) }
            // As in `fnmatch`, a backslash makes the next character literal here too.
            if scalars[place] == "\\", place + 1 < scalars.count { place += 1 }
            let low = scalars[place]
            if place + 2 < scalars.count, scalars[place + 1] == "-", scalars[place + 2] != "]" {
                if low <= scalars[place + 2] { ranges.append(low...scalars[place + 2]) }
                place += 3
            } else {
                ranges.append(low...low)
                place += 1
            }
        }
        return nil
    }

    /// Whether the pattern matches the whole of a name.
    package func matches(_ name: String) -> Bool {
        let scalars = Array(name.unicodeScalars)
        // Position of the last star met, and how much it matches. Only that one star is ever retried, so the time is at most
        // the product of both lengths.
        var (part, place) = (0, 0)
        var star: (part: Int, place: Int)?
        while place < scalars.count {
            if part < parts.count, parts[part] == .any {
                star = (part, place)
                part += 1
            } else if part < parts.count, Self.fits(parts[part], scalars[place]) {
                part += 1
                place += 1
            } else if let (starPart, starPlace) = star {
                star = (starPart, starPlace + 1)
                (part, place) = (starPart + 1, starPlace + 1)
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { $0 == .any }
    }

    private static func fits(_ part: Part, _ scalar: Unicode.Scalar) -> Bool {
        switch part {
        case .any: false
        case .one: true
        case .just(let wanted): wanted == scalar
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }
}
