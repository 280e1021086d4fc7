import Foundation

/// Golden vectors that Scripts/fixtures/make.py wrote, found from this file's own place.
enum Golden {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/frontend")

    /// The integers of a CSV file without a header.
    static func rows(_ name: String) throws -> [[Int]] {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8).split(separator: "\n").map {
            $0.split(separator: ",").compactMap { Int($0) }
        }
    }

    /// The values of a raw little-endian float32 file.
    static func floats(_ name: String) throws -> [Float] {
        let data = [UInt8](try Data(contentsOf: folder.appending(path: "\(name).f32")))
        return data.withUnsafeBytes { bytes in
            (0..<data.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
    }
}
