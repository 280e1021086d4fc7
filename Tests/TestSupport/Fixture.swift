import Foundation
import Testing

/// Golden vectors and files of the repository, found from this file's own place.
package enum Fixture {
    package static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Google's files, which lie beside the repository, or in the folder that EARMARK_TEST_DATA names, on some machines
    /// only.
    package static let testData = URL(
        fileURLWithPath: ProcessInfo.processInfo.environment["EARMARK_TEST_DATA"]
            ?? repository.appending(path: "../shared").path
    ).standardized.path
    package static let tflite = testData + "/models/yamnet.tflite"
    package static let classMap = testData + "/models/yamnet_class_map.csv"
    package static var hasYAMNet: Bool { [tflite, classMap].allSatisfy(FileManager.default.fileExists(atPath:)) }
    package static let noYAMNet: Comment =
        "needs Google's YAMNet, and found none as \(tflite) and \(classMap); EARMARK_TEST_DATA names another folder"

    package struct Unreadable: Error {
        let name: String
    }

    /// The values of a float32 `.npy` file of Tests/Fixtures/network.
    package static func floats(_ name: String) throws -> [Float] {
        try floats(path: repository.appending(path: "Tests/Fixtures/network/\(name).npy").path)
    }

    /// The values of any float32 `.npy` file.
    package static func floats(path: String) throws -> [Float] {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        guard data.count > 10, data[6] == 1 else { throw Unreadable(name: path) }
        let start = 10 + Int(data[8]) + 256 * Int(data[9])
        return data.withUnsafeBytes { bytes in
            (0..<(data.count - start) / 4).map {
                Float(
                    bitPattern: UInt32(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * $0, as: UInt32.self)))
            }
        }
    }

}
