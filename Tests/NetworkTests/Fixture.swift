import Foundation

/// Golden vectors and files of the repository, found from this file's own place.
enum Fixture {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Google's files, which lie beside the repository on some machines only.
    static let tflite = repository.appending(path: "../shared/models/yamnet.tflite").standardized.path
    static let classMap = repository.appending(path: "../shared/models/yamnet_class_map.csv").standardized.path
    static var hasYAMNet: Bool { FileManager.default.fileExists(atPath: tflite) }

    struct Unreadable: Error {
        let name: String
    }

    /// The values of a float32 `.npy` file of Tests/Fixtures/network.
    static func floats(_ name: String) throws -> [Float] {
        let data = [UInt8](try Data(contentsOf: repository.appending(path: "Tests/Fixtures/network/\(name).npy")))
        guard data.count > 10, data[6] == 1 else { throw Unreadable(name: name) }
        let start = 10 + Int(data[8]) + 256 * Int(data[9])
        return data.withUnsafeBytes { bytes in
            (0..<(data.count - start) / 4).map {
                Float(
                    bitPattern: UInt32(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * $0, as: UInt32.self)))
            }
        }
    }

    /// A folder of its own for one test, removed afterwards.
    static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "earmark-network-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path)
    }
}
