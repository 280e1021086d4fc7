/// Why a TensorFlow Lite file is not the one expected; the importer adds the file's name.
struct TFLiteError: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
