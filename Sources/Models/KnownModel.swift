import Features

/// A model that can be used by name even if its file is not on this machine.
package struct KnownModel: Sendable, Equatable {
    /// The published file from which the model file is made.
    package struct Origin: Sendable, Equatable {
        package let address: String
        /// 64 lower-case hexadecimal digits.
        package let sha256: String
        package let bytes: Int

        /// The file's name, under which a mirror has it.
        package var fileName: String {
            String(address[address.index(after: address.lastIndex(of: "/") ?? address.startIndex)...])
        }
    }

    package let name: String
    /// A description in a few words.
    package let summary: String
    package let licence: String
    package let architecture: Architecture
    package let frontEnd: FrontEnd
    package let classCount: Int
    /// Size of the model file in bytes.
    package let bytes: Int
    /// nil for a model that cannot be fetched: it ships with Earmark, or `instructions` say where to get it.
    package let origin: Origin?
    /// How its weights are had, for a model that neither ships nor can be fetched.
    package var instructions: String?

    /// Google's YAMNet for TensorFlow Lite, dequantised on import.
    package static let yamnet = KnownModel(
        name: "yamnet", summary: "YAMNet by Google: AudioSet's classes, for recordings of any kind",
        licence: "Apache-2.0", architecture: .yamnet, frontEnd: .standard, classCount: 521, bytes: 14_938_052,
        origin: Origin(
            address: "https://storage.googleapis.com/download.tensorflow.org/models/tflite/task_library/"
                + "audio_classification/android/lite-model_yamnet_classification_tflite_1.tflite",
            sha256: "10c95ea3eb9a7bb4cb8bddf6feb023250381008177ac162ce169694d05c317de", bytes: 4_126_810))

    /// The model that ships (Models/README.md).
    package static let leanESC10 = KnownModel(
        name: "lean-esc10", summary: "LEAN, trained on ESC-10 and made-up sounds: for trying things out",
        licence: "Apache-2.0 AND CC-BY-3.0", architecture: .lean, frontEnd: .standard, classCount: 17, bytes: 4_481_998,
        origin: nil)

    /// Google's VGGish. Its authors publish a TensorFlow checkpoint, of which torchvggish's release v0.1 has a conversion
    /// for PyTorch. No whole SHA-256 of either is published, only the one's first digits in its name, so it is not fetched.
    package static let vggish = KnownModel(
        name: "vggish", summary: "VGGish by Google: embeddings of 128 values", licence: "Apache-2.0",
        architecture: .vggish, frontEnd: FrontEndPreset.vggish.frontEnd, classCount: 0, bytes: 288_566_672, origin: nil,
        instructions:
            "get vggish-10086976.pth (whose SHA-256 begins with 10086976) from the release v0.1 of torchvggish, "
            + "https://github.com/harritaylor/torchvggish, and then: earmark model import vggish-10086976.pth --out "
            + "Models/vggish.safetensors")

    /// Every known model, sorted by name.
    package static let all = [leanESC10, vggish, yamnet]
}
