import Testing

/// Other programs' readers of events, run while a test runs: the Python that EARMARK_PYTHON names, or that of `.build/readers`, which
/// `make test` makes.
package enum Readers {
    /// nil where none has all of them.
    package static let python = PythonCommand.find(
        variable: "EARMARK_PYTHON", environment: "readers",
        modules: "crowsetta, jams, pandas, sed_eval, soundfile, webvtt")

    package static let notice: Comment =
        "needs a Python with the readers of Scripts/tests/requirements.txt: Scripts/tests/readers.sh makes one, EARMARK_PYTHON names another"

    /// Runs a program of Scripts/tests with that Python.
    ///
    /// - Throws: where it cannot be started.
    package static func run(_ script: String, _ arguments: String...) throws -> (status: Int32, text: String) {
        try PythonCommand.run(script: script, arguments, with: python)
    }
}
