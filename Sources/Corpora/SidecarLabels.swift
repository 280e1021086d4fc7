import Files
import Foundation

/// Labels in a WebDataset's files beside a recording: `KEY.json` and `KEY.cls` belong to `KEY.flac`, where the key is
/// the path up to the first dot of the name.
enum SidecarLabels {
    /// The keys of a JSON object that hold labels; the first that is there counts.
    private static let keys = ["labels", "label", "classes", "class", "cls", "tags", "tag"]
    /// A larger member is not read.
    static let mostBytes = 1 << 20

    /// A member's key and what follows the first dot of its name, in lower case; nil for a name without a key.
    static func split(_ name: String) -> (key: ClipName, ending: String)? {
        let bytes = Array(name.utf8)
        let base = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        guard let dot = bytes[base...].firstIndex(of: UInt8(ascii: ".")), dot > base else { return nil }
        return (
            ClipName(String(decoding: bytes[..<dot], as: UTF8.self)),
            String(decoding: bytes[(dot + 1)...], as: UTF8.self).lowercased()
        )
    }

    /// The labels of a `.cls` member: one a line.
    static func ofText(_ bytes: [UInt8]) -> [String] {
        unique(bytes.split { $0 == 0x0A || $0 == 0x0D }.map { LabelText.cleaned(PathText.text($0)) })
    }

    /// The labels of a `.json` member: texts or numbers, one or a list; empty if there are none, or it is not JSON.
    static func ofJSON(_ bytes: [UInt8]) -> [String] {
        guard let object = try? JSONDecoder().decode([String: Value].self, from: Data(bytes)) else { return [] }
        for key in keys {
            if let value = object[key] { return unique(value.texts.map(LabelText.cleaned)) }
        }
        return []
    }

    private static func unique(_ labels: [String]) -> [String] {
        var seen: Set<ClipName> = []
        return labels.filter { !$0.isEmpty && seen.insert(ClipName($0)).inserted }
    }

    /// A value of which only texts and numbers are of use.
    private struct Value: Decodable {
        let texts: [String]

        init(from decoder: any Decoder) throws {
            let single = try decoder.singleValueContainer()
            if let text = try? single.decode(String.self) {
                texts = [text]
            } else if let number = try? single.decode(Int.self) {
                texts = ["\(number)"]
            } else if let number = try? single.decode(Double.self) {
                texts = ["\(number)"]
            } else {
                texts = ((try? single.decode([Value].self)) ?? []).flatMap(\.texts)
            }
        }
    }
}
