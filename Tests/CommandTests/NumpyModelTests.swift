import Foundation
import Testing

/// Model files in the hands of the format's own reader for NumPy.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt))
struct NumpyModelTests {
    /// Element types by the names of the format that NumPy lacks.
    private static let foreign: Set<String> = ["BF16", "F8_E4M3", "F8_E5M2"]

    @Test("The shipped model has types that NumPy has, and safetensors.numpy opens it")
    func shipped() throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: Tool.lean))
        let length = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        let header = try #require(
            try JSONSerialization.jsonObject(with: bytes[8..<8 + length]) as? [String: [String: Any]])
        let types = Set(header.compactMap { $0.value["dtype"] as? String })
        #expect(types.isDisjoint(with: Self.foreign) && types.contains("I8"), "\(types)")
        // At 200 classes 183 more, each 512 weights, a scale and a bias.
        #expect(bytes.count + 183 * (512 + 2 + 4) <= 4_600_000)

        guard Python.hasNumPy, try Python.run("-c", "import safetensors.numpy").status == 0 else {
            print("skipped: no Python with safetensors")
            return
        }
        let script = """
            import sys
            from safetensors.numpy import load_file
            tensors = load_file(sys.argv[1])
            for name, tensor in tensors.items():
                if tensor.dtype == "int8":
                    scale = tensors[name + "/scale"].astype("float32")
                    assert scale.shape == (tensor.shape[1],) and (scale > 0).all(), name
            print(len(tensors))
            """
        let result = try Python.run("-c", script, Tool.lean)
        #expect(result.status == 0 && result.output == "\(header.count - 1)\n", "\(result.errors)")
    }
}
