import Files

/// The formats of other programs' model files, recognised by their first bytes so that a message can say what to do
/// instead.
enum ForeignModel {
    case tensorFlowLite, onnx, pyTorch, numpyArchive, numpyArray, hdf5, zip

    /// Recognises the format of a file; nil if it is none of these. A safetensors file is never mistaken for one of
    /// them, because it begins with the length of its header, whose upper bytes are zero.
    init?(_ bytes: UnsafeRawBufferPointer) {
        func has(_ text: String, at offset: Int) -> Bool {
            bytes.count >= offset + text.utf8.count && bytes[offset..<offset + text.utf8.count].elementsEqual(text.utf8)
        }
        func has(_ start: [UInt8]) -> Bool { bytes.starts(with: start) }
        if has("TFL3", at: 4) {
            self = .tensorFlowLite
        } else if has([0x50, 0x4B, 3, 4]) {
            // The name of the first file in the archive starts at byte 30 (PKWARE APPNOTE 6.3).
            let start = String(decoding: bytes.dropFirst(30).prefix(256), as: UTF8.self)
            self =
                start.contains("data.pkl") || start.contains(".format_version")
                ? .pyTorch
                : start.contains(".npy") ? .numpyArchive : .zip
        } else if has([0x80, 2]) || has([0x80, 3]) || has([0x80, 4]), bytes.count < 8 || bytes[7] != 0 {
            self = .pyTorch
        } else if has([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) {
            self = .numpyArray
        } else if has([0x89, 0x48, 0x44, 0x46]) {
            self = .hdf5
        } else if bytes.count > 8, bytes[0] == 8, (3...20).contains(bytes[1]),
            [0x12, 0x1A, 0x22, 0x3A].contains(bytes[2]),
            bytes[7] != 0
        {
            // Protocol buffers have no magic number, but every exporter begins with a version of the format followed by
            // a text or the graph.
            self = .onnx
        } else {
            return nil
        }
    }

    /// What the file is.
    var name: String {
        switch self {
        case .tensorFlowLite: "a TensorFlow Lite file"
        case .onnx: "an ONNX file"
        case .pyTorch: "a PyTorch file"
        case .numpyArchive: "an archive of NumPy arrays (.npz)"
        case .numpyArray: "a NumPy array (.npy)"
        case .hdf5: "an HDF5 file, such as Keras writes"
        case .zip: "a ZIP archive"
        }
    }

    /// Says what the file is, what was expected and what to do.
    func advice(_ path: String) -> String {
        let found = "\(name), expected an Earmark model file (safetensors)"
        return switch self {
        case .tensorFlowLite: "\(found); make one: earmark model import \(path) --out NAME.safetensors"
        case .pyTorch: "\(found); if it is VGGish, make one: earmark model import \(path) --out NAME.safetensors"
        case .onnx:
            "\(found); 'earmark model import' reads only YAMNet in TensorFlow Lite format and VGGish in PyTorch's"
        case .numpyArchive, .numpyArray, .hdf5, .zip: found
        }
    }
}

/// What kind of program made a file.
package enum ForeignFile {
    /// Whether a file is in TensorFlow Lite format.
    ///
    /// - Throws: `ModelError.file` if it cannot be read; `FileError` if the system has run out of a resource.
    package static func isTensorFlowLite(_ path: String) throws -> Bool {
        try MappedFile(model: path).withBytes { ForeignModel($0) == .tensorFlowLite }
    }
}
