import Models
import Testing

struct ParameterLayoutTests {
    @Test("LEAN has 4,496,392 parameters at 200 classes")
    func leanCount() {
        #expect(ParameterLayout(architecture: .lean, classes: 200).count == 4_496_392)
    }

    @Test("The variants have what they are made of")
    func variants() {
        let trunk = ParameterLayout(architecture: .yamnet, classes: 521).count - 521 * 1025
        #expect(trunk == 3_195_456)
        let projection = 1024 * 256 + 256
        let encoder = 2 * (400 + 256 + 2 * 128) * 512 + 4 * 512
        let heads: [Architecture: Int] = [
            .yamnetProjection: trunk + projection + 257 * 7, .waveEncoder: encoder + 257 * 7,
            .leanMean: trunk + projection + encoder + 513 * 7, .lean: trunk + projection + encoder + 513 * 7,
        ]
        for (architecture, count) in heads {
            #expect(ParameterLayout(architecture: architecture, classes: 7).count == count)
        }
    }

    @Test("VGGish has the 72,141,184 parameters that its authors' sizes come to, and 16,512 more for the whitening")
    func vggish() {
        let layout = ParameterLayout(architecture: .vggish, classes: 0)
        #expect(layout.count == 72_141_184)
        #expect(ParameterLayout(architecture: .vggishPCA, classes: 0).count == layout.count + 128 * 128 + 128)
        #expect(layout.parameters.first?.name == "conv1/w" && layout["conv4_1/w"]?.shape == [9 * 256, 512])
        #expect(layout["fc1_1/w"]?.shape == [12_288, 4096] && layout["fc2/b"]?.shape == [128])
        #expect(layout["head/w"] == nil)
    }

    @Test("Parameters are found by name")
    func names() {
        let layout = ParameterLayout(architecture: .lean, classes: 200)
        #expect(layout["pw13/w"]?.shape == [1024, 1024])
        #expect(layout["encoder2/backward/u"]?.shape == [128, 512])
        #expect(layout["head/w"]?.shape == [512, 200])
        #expect(layout["nothing"] == nil)
        #expect(Set(layout.parameters.map(\.name)).count == layout.parameters.count)
    }
}
