import Foundation
import Models
import TestSupport
import Testing

/// Identifiers of YAMNet's classes for files that have the names alone.
struct AudioSetIdentifiersTests {
    @Test(
        "They are those of the official class map, of its names alone, and a file's own go before",
        // Google's class map lies on some machines only.
        .enabled(if: Fixture.hasYAMNet, Fixture.noYAMNet))
    func official() throws {
        try TemporaryFolder.with { folder in
            let path = folder + "/m.safetensors"
            try YAMNetImporter.importModel(tflite: Fixture.tflite, classes: Fixture.classMap, to: path)
            var metadata = try ModelFile(path: path).metadata
            #expect(metadata.classIDs.count == 521 && metadata.classIDs[0] == "/m/09x0r")
            #expect(AudioSetIdentifiers.known(metadata.classes) == metadata.classIDs)
            let own = metadata.classIDs
            metadata.classIDs = [String](repeating: "", count: 521)
            #expect(metadata.identifiers == own)
            metadata.classIDs = []
            #expect(metadata.identifiers == own)
            metadata.classIDs = (0..<521).map { "/m/\($0)" }
            #expect(metadata.identifiers == metadata.classIDs)
            var other = metadata.classes
            other.swapAt(3, 4)
            #expect(AudioSetIdentifiers.known(other).isEmpty)
        }
    }

    @Test("Other classes have none, however many")
    func others() {
        #expect(AudioSetIdentifiers.known([]).isEmpty && AudioSetIdentifiers.known(["Speech"]).isEmpty)
        #expect(AudioSetIdentifiers.known((0..<521).map { "Class \($0)" }).isEmpty)
        #expect(Seeded.metadata(.waveEncoder, classes: 3).identifiers == ["/m/00", "/m/01", "/m/02"])
    }
}
