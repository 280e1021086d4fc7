import Corpora
import Errors
import Foundation

/// Which clips a split keeps together, by `--group`: each clip by itself, the clips of one folder, or the clips in
/// whose names a pattern captures the same text.
enum GroupRule {
    case clip
    case folder
    /// The first that matches counts.
    case patterns([NSRegularExpression])

    /// How often the search of one name may report progress, once in some thousands of steps: a pattern such as `(a+)+$`
    /// can take longer than anyone waits. It is no time, so that every machine refuses the same.
    private static let mostReports = 1000

    /// - Parameter texts: `folder`, or regular expressions; empty for no groups.
    /// - Throws: `CommandError` of category `usage` if a text is not a regular expression, or captures nothing.
    init(_ texts: [String]) throws {
        if texts.isEmpty {
            self = .clip
        } else if texts == ["folder"] {
            self = .folder
        } else {
            self = .patterns(try texts.map(Self.expression))
        }
    }

    private static func expression(_ text: String) throws -> NSRegularExpression {
        if text == "folder" {
            throw CommandError(.usage, "--group is 'folder' besides another one, expected it alone")
        }
        guard let expression = try? NSRegularExpression(pattern: text) else {
            throw CommandError(.usage, "--group is '\(text)', expected 'folder' or a regular expression")
        }
        guard expression.numberOfCaptureGroups > 0 else {
            throw CommandError(
                .usage,
                "--group is '\(text)', which captures nothing; expected 'folder' or a regular expression with a part "
                    + "in parentheses, such as '^([^_]+)_'")
        }
        return expression
    }

    /// Returns the group of a clip by its name; the clip by itself if no pattern matches.
    ///
    /// - Throws: `CommandError` of category `usage` if the search of the name takes too long.
    func group(of clip: String) throws -> SplitPlan.Group {
        switch self {
        case .clip: return .clip(ClipName(clip))
        case .folder: return .folder(of: clip)
        case .patterns(let expressions):
            for expression in expressions {
                if let text = try Self.captured(by: expression, in: clip) { return .named(ClipName(text)) }
            }
            return .clip(ClipName(clip))
        }
    }

    /// What the first parentheses of an expression hold where it first matches; nil if it does not, or they are not
    /// part of the match.
    private static func captured(by expression: NSRegularExpression, in clip: String) throws -> String? {
        var (found, reports) = (NSTextCheckingResult?.none, 0)
        let whole = NSRange(clip.startIndex..., in: clip)
        expression.enumerateMatches(in: clip, options: [.reportProgress], range: whole) { match, _, stop in
            if let match { found = match } else { reports += 1 }
            if match != nil || reports > mostReports { stop.pointee = true }
        }
        guard reports <= mostReports else {
            throw CommandError(
                .usage,
                "--group is '\(expression.pattern)', which takes too many steps on '\(clip)'; expected one without "
                    + "repetitions within repetitions")
        }
        return found.flatMap { Range($0.range(at: 1), in: clip) }.map { String(clip[$0]) }
    }
}
