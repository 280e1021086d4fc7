import Errors
import Files
import Foundation
import Models
import Tables

/// The class names in the official YAMNet file: a text file in a ZIP archive appended to the model, stored without
/// compression (PKWARE APPNOTE 6.3, local file header).
enum LabelList {
    private static let name = "yamnet_label_list.txt"

    /// Returns the names as a class map, `index,mid,display_name`; the mids are empty if the list is not the official
    /// one.
    ///
    /// - Throws: `CommandError` of category `badInput` if the file has no such list.
    static func classMap(in file: Data, of path: String) throws -> [UInt8] {
        let signature = Data([0x50, 0x4B, 3, 4])
        var from = file.startIndex
        while let found = file.range(of: signature, in: from..<file.endIndex) {
            from = found.upperBound
            let head = found.lowerBound
            guard head + 30 <= file.endIndex else { break }
            let number = { (at: Int, size: Int) in
                (0..<size).reduce(0) { $0 | Int(file[head + at + $1]) << ($1 * 8) }
            }
            let (method, size, nameLength, extra) = (number(8, 2), number(22, 4), number(26, 2), number(28, 2))
            let body = head + 30 + nameLength + extra
            guard method == 0, size > 0, body + size <= file.endIndex,
                file[(head + 30)..<(head + 30 + nameLength)].elementsEqual(name.utf8)
            else { continue }
            let names = String(decoding: file[body..<body + size], as: UTF8.self).split(separator: "\n")
            let isOfficial = SHA256.of([UInt8](file[body..<body + size])) == YAMNetIdentifiers.digestOfNames
            var out = CSV.row(["index", "mid", "display_name"])
            for (index, name) in names.enumerated() {
                let mid = isOfficial ? YAMNetIdentifiers.all[index] : ""
                CSV.append([String(index), mid, name.trimmingCharacters(in: .whitespaces)], to: &out)
            }
            return out
        }
        throw CommandError(
            .badInput, at: path,
            "has no \(name), which the official file has; expected --classes with a class map")
    }
}
