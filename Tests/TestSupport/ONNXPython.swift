import Testing

/// ONNX's own checker and ONNX Runtime, run while a test runs: the Python that EARMARK_ONNX_PYTHON names, or that of
/// `.build/onnx`, which `make test` makes.
package enum ONNXPython {
    /// nil where none has both.
    package static let python = PythonCommand.find(
        variable: "EARMARK_ONNX_PYTHON", environment: "onnx", modules: "numpy, onnx, onnxruntime")

    package static let notice: Comment =
        "needs a Python with ONNX Runtime: Scripts/tests/onnx.sh makes one, EARMARK_ONNX_PYTHON names another"

    /// Runs Scripts/tests/check_onnx.py.
    ///
    /// - Throws: where it cannot be started.
    package static func check(_ arguments: [String]) throws -> (status: Int32, text: String) {
        try PythonCommand.run(script: "check_onnx.py", arguments, with: python)
    }
}
