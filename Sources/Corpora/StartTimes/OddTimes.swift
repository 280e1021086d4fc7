import Foundation
import Wording

/// Start times that exist but can hardly be right: of the future, or from before there were digital recorders.
struct OddTimes {
    /// 1980-01-01T00:00:00Z in milliseconds: earlier times are those of a clock that was never set.
    static let earliest: Int64 = 315_532_800_000

    /// Milliseconds since 1970 in UTC.
    private let now: Int64
    private var future: (count: Int, line: Int) = (0, 0)
    private var ancient: (count: Int, line: Int) = (0, 0)

    init(now: Date = Date()) { self.now = Int64(now.timeIntervalSince1970 * 1000) }

    /// Counts a time if it is odd.
    mutating func note(_ time: StartTime, line: Int) {
        if time.instant > now { Self.add(&future, line) }
        if time.instant < Self.earliest { Self.add(&ancient, line) }
    }

    /// Lines for the user.
    var notices: [String] {
        [("in the future", future), ("before 1980", ancient)].compactMap { what, found in
            found.count == 0
                ? nil
                : "\(counted(found.count, "start time")) \(what), used as they are, the first on line \(found.line)"
        }
    }

    private static func add(_ found: inout (count: Int, line: Int), _ line: Int) {
        if found.count == 0 { found.line = line }
        found.count += 1
    }
}
