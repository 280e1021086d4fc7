import Corpora
import Errors
import Foundation

/// Which clips a split keeps together, by `--group`: each clip by itself, the clips of one folder, or the clips in
/// whose names a pattern captures the same text.
enum GroupRule {
    case clip
    case folder
    case pattern(NSRegularExpression)

    /// - Parameter text: `folder` or a regular expression; nil for no groups.
    /// - Throws: `CommandError` of category `usage` if the text is not a regular expression, or captures nothing.
    init(_ text: String?) throws {
        switch text {
        case nil: self = .clip
        case "folder"?: self = .folder
        case let text?:
            guard let expression = try? NSRegularExpression(pattern: text) else {
                throw CommandError(
                    .usage, "--group is '\(text)', expected 'folder' or a regular expression")
            }
            guard expression.numberOfCaptureGroups > 0 else {
                throw CommandError(
                    .usage,
                    "--group is '\(text)', which captures nothing; expected 'folder' or a regular expression with a part "
                        + "in parentheses, such as '^([^_]+)_'")
            }
            self = .pattern(expression)
        }
    }

    /// Returns the group of a clip by its name; the clip by itself if a pattern does not match.
    func group(of clip: String) -> SplitPlan.Group {
        switch self {
        case .clip: return .clip(ClipName(clip))
        case .folder: return .folder(of: clip)
        case .pattern(let expression):
            let whole = NSRange(clip.startIndex..., in: clip)
            guard let match = expression.firstMatch(in: clip, range: whole),
                let range = Range(match.range(at: 1), in: clip)
            else { return .clip(ClipName(clip)) }
            return .named(ClipName(String(clip[range])))
        }
    }
}
