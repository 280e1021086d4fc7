import Files
import Foundation

/// File names that every file system accepts: FAT, NTFS and APFS as well as Linux's own.
package enum SafeName {
    /// Windows device names, which no file may have, with any extension.
    private static let devices: Set<String> = Set(
        ["con", "prn", "aux", "nul"] + (1...9).flatMap { ["com\($0)", "lpt\($0)"] })
    /// Characters that FAT and NTFS forbid.
    private static let forbidden = Set("/\\:*?\"<>|".unicodeScalars)

    /// One component of a path. Characters that a name may not contain become underscores, and so do dots and spaces at its
    /// end, so that the result is never `.` or `..`. A name that is too long is cut and gets the start of its digest.
    ///
    /// - Parameter limit: bytes of UTF-8, at least 16.
    package static func component(_ name: String, limit: Int) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in name.unicodeScalars {
            // `PathText` stores bytes that are not UTF-8 as U+EF80 to U+EFFF.
            let isOdd =
                scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .lineSeparator
                || scalar.properties.generalCategory == .paragraphSeparator || (0xEF80...0xEFFF).contains(scalar.value)
            scalars.append(isOdd || forbidden.contains(scalar) ? "_" : scalar)
        }
        var end = scalars.endIndex
        while end > scalars.startIndex, [" ", "."].contains(scalars[scalars.index(before: end)]) {
            end = scalars.index(before: end)
        }
        let blanks = scalars.distance(from: end, to: scalars.endIndex)
        var text = String(scalars[..<end]) + String(repeating: "_", count: blanks)
        if text.isEmpty { text = "_" }
        if devices.contains(text.prefix { $0 != "." }.lowercased()) { text = "_" + text }
        guard text.utf8.count > limit else { return text }
        let mark = "-" + digest(name)
        while text.utf8.count > limit - mark.utf8.count { text.removeLast() }
        return text + mark
    }

    /// The first eight hexadecimal digits of the SHA-256 of a name's bytes.
    package static func digest(_ name: String) -> String { String(SHA256.of(PathText.bytes(name)).prefix(8)) }

    /// A key that is equal for names that a file system may treat as the same: letter case and composition do not count.
    package static func key(_ name: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.precomposedStringWithCanonicalMapping.lowercased().utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return hash
    }
}
