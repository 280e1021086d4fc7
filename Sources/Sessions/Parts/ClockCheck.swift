import Cache
import Errors
import Files
import Foundation
import Wording

/// Refuses to work where clocks differ.
///
/// Times go into the records of runs, and which run of a pipeline was the last, whose settings count, goes by them. Parts
/// that were made on machines whose clocks differ could not be put in order.
package enum ClockCheck {
    /// Seconds by which clocks may differ: more than writing takes on a slow file system, and far less than any part runs.
    package static let tolerance = 60.0

    /// Seconds since 1970 by this machine's clock.
    package static var now: Double { Date().timeIntervalSince1970 }

    /// Compares this machine's clock with that of the file system, which is another machine's if the file system is.
    ///
    /// - Parameters:
    ///   - folder: a folder on the file system; a file is made in it for a moment.
    ///   - now: reads this machine's clock.
    /// - Throws: `CacheError` if they differ by more than `tolerance`; `FileError` if no file can be made.
    package static func require(in folder: String, now: () -> Double = { ClockCheck.now }) throws {
        let path = folder + "/clock-\(UInt64.random(in: 0...UInt64.max))"
        defer { unlink(path) }
        let before = now()
        try FileSystem.write(path) { try $0([UInt8](repeating: 0, count: 1)[...]) }
        let after = now()
        guard let written = FileSystem.status(path).map(seconds) else { return }
        let ahead = written < before ? before - written : written > after ? after - written : 0
        guard abs(ahead) > tolerance else { return }
        throw error(folder, "this machine's clock is \(difference(ahead)) that of the file system")
    }

    /// Checks that a file is not from the future.
    ///
    /// - Throws: `CacheError` if it was changed more than `tolerance` after now.
    package static func requirePast(_ path: String, now: Double = ClockCheck.now) throws {
        guard let written = FileSystem.status(path).map(seconds), written > now + tolerance else { return }
        throw error(path, "this machine's clock is \(difference(now - written)) that by which the file was written")
    }

    /// Checks that a part is not from the future.
    ///
    /// - Throws: `CacheError` if its process wrote of itself more than `tolerance` after now.
    static func requirePast(_ state: PartState, in folder: CacheFolder, now: Double = ClockCheck.now) throws {
        guard state.written > now + tolerance else { return }
        throw error(
            folder.folder,
            "part \(state.part) was computed on \(state.host), whose clock is \(difference(state.written - now)) this "
                + "machine's")
    }

    private static func difference(_ ahead: Double) -> String {
        let seconds = Int(min(abs(ahead), 1e12).rounded())
        return counted(seconds, "second") + (ahead > 0 ? " ahead of" : " behind")
    }

    private static func error(_ path: String, _ found: String) -> CacheError {
        CacheError(
            .badInput, path: path,
            "\(found), expected at most \(Int(tolerance)) seconds between them; set the clocks, then run this again")
    }

    private static func seconds(_ status: stat) -> Double {
        Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
    }
}
