import Foundation

/// File names that are bytes and no text.
enum RawName {
    /// Gives a file a second name; false where the file system refuses it.
    static func link(_ path: String, to raw: [UInt8]) -> Bool {
        Foundation.link(path, raw.map(CChar.init(bitPattern:)) + [0]) == 0
    }
}
