import Errors
import Files

/// The format of a graph's file.
package enum ForeignFormat: String, Sendable, CaseIterable {
    case onnx = "ONNX"
    case tensorFlowLite = "TensorFlow Lite"
    /// OpenVINO's own: an XML file, and a file of the same name that ends in `.bin` with the weights.
    case intermediate = "OpenVINO IR"

    /// How the names of its files end.
    package var fileExtension: String {
        switch self {
        case .onnx: ".onnx"
        case .tensorFlowLite: ".tflite"
        case .intermediate: ".xml"
        }
    }

    /// The engines that read it, the preferred one first: the one that the format was made for.
    package var engines: [ForeignEngineKind] {
        switch self {
        case .onnx: [.onnxRuntime, .openVINO]
        case .tensorFlowLite: [.liteRT, .openVINO]
        case .intermediate: [.openVINO]
        }
    }

    /// The format of a file by its name; of a file with another name, by the mark that TensorFlow Lite files have in
    /// their bytes 4 to 7.
    ///
    /// - Throws: `ForeignEngineError` if it is of none of these formats; `FileError` if it cannot be read.
    package static func of(_ path: String) throws -> ForeignFormat {
        let name = path.lowercased()
        if let format = allCases.first(where: { name.hasSuffix($0.fileExtension) }) { return format }
        if try FileSystem.read(path, upTo: 8).dropFirst(4) == [0x54, 0x46, 0x4C, 0x33] { return .tensorFlowLite }
        let known = allCases.map { "\($0.rawValue) (\($0.fileExtension))" }.joined(separator: ", ")
        throw ForeignEngineError(
            .badInput, place: ErrorPlace(path), "found a file of another name, expected one of \(known)")
    }
}

extension ForeignEngineKind {
    /// The engine's name as its makers write it.
    package var title: String {
        switch self {
        case .onnxRuntime: "ONNX Runtime"
        case .openVINO: "OpenVINO"
        case .liteRT: "LiteRT"
        }
    }

    /// What it reads.
    package var formats: [ForeignFormat] { ForeignFormat.allCases.filter { $0.engines.contains(self) } }

    /// The command that brings it.
    package var installCommand: String {
        switch self {
        case .onnxRuntime: "pip install --upgrade onnxruntime"
        case .openVINO: "pip install openvino"
        case .liteRT: "pip install ai-edge-litert"
        }
    }

    /// The command that brings it, and which version of the package: those of ONNX Runtime before 1.20 have no library.
    package var installAdvice: String {
        self == .onnxRuntime ? "\(installCommand), version 1.20 or later of the package" : installCommand
    }

    /// The first version whose interface this program knows.
    package var leastVersion: String {
        switch self {
        case .onnxRuntime: "1.\(OnnxRuntimeEngine.interface)"
        case .openVINO: "2025.0"
        case .liteRT: "2.2"
        }
    }

    /// How the name of its shared library begins; a version may follow.
    var fileName: String {
        switch self {
        case .onnxRuntime: "libonnxruntime.so"
        case .openVINO: "libopenvino_c.so"
        case .liteRT: "libLiteRt.so"
        }
    }

    /// Where its Python package has the library, below the folder of all packages.
    var packageFolder: String {
        switch self {
        case .onnxRuntime: "onnxruntime/capi"
        case .openVINO: "openvino/libs"
        case .liteRT: "ai_edge_litert"
        }
    }

    /// Opens a library of this kind.
    ///
    /// - Throws: `ForeignEngineError` if it is not one, is damaged, or its interface is older than this program knows.
    func open(_ path: String) throws -> any ForeignEngine {
        if self == .openVINO { try Self.checkParts(of: path) }
        if self == .onnxRuntime { OnnxRuntimeEngine.disableTelemetry() }
        let library = try SharedLibrary(path: path)
        return switch self {
        case .onnxRuntime: try OnnxRuntimeEngine(library)
        case .openVINO: try OpenVINOEngine(library)
        case .liteRT: try LiteRTEngine(library)
        }
    }

    /// Checks OpenVINO's other libraries, which lie beside the one that is asked for: it opens them by itself.
    private static func checkParts(of path: String) throws {
        let folder = FileSystem.folder(of: path)
        for name in FileSystem.names(in: folder) where name.hasPrefix("libopenvino") && folder + "/" + name != path {
            // `libopenvino.so.2641` and `libopenvino_intel_cpu_plugin.so`, but not `libopenvino.so.2641-gdb.py`.
            guard let ending = name.firstRange(of: ".so")?.upperBound,
                name[ending...].allSatisfy({ $0 == "." || $0.isNumber })
            else { continue }
            do { try ELFCheck.run(folder + "/" + name) } catch let error as ForeignEngineError {
                throw ForeignEngineError(.badInput, place: ErrorPlace(path), "needs \(name), which \(error.message)")
            }
        }
    }

    /// The error for a library that lacks a function.
    ///
    /// - Parameter version: nil if the library does not say it.
    func lacks(_ function: String, _ version: String?, _ path: String) -> ForeignEngineError {
        ForeignEngineError(
            .badInput, place: ErrorPlace(path),
            "found \(title)\(version.map { " " + $0 } ?? "") without the function \(function), expected version "
                + "\(leastVersion) or later: \(installAdvice)")
    }

    /// The error for a library that can be opened but not started, with what it says of it.
    func cannotStart(_ version: String, _ path: String, words: String) -> ForeignEngineError {
        ForeignEngineError(.badInput, place: ErrorPlace(path), "\(title) \(version) cannot be started: \(words)")
    }

    /// The error for a library whose interface is older than this program knows.
    func isTooOld(_ version: String, _ path: String) -> ForeignEngineError {
        ForeignEngineError(
            .badInput, place: ErrorPlace(path),
            "found \(title) \(version), expected version \(leastVersion) or later: \(installAdvice)")
    }
}

extension ForeignEngine {
    /// Name and version, such as `ONNX Runtime 1.23.2`.
    package var title: String { "\(kind.title) \(version)" }

    /// An error of a graph's file in the engine's own words, put into one line.
    func error(_ file: String, _ doing: String, words: String) -> ForeignEngineError {
        let line = words.split(whereSeparator: \.isNewline).map { String($0.drop { $0 == " " || $0 == "\t" }) }
        return ForeignEngineError(
            .badInput, place: ErrorPlace(file), "\(title) cannot \(doing): \(line.joined(separator: " "))")
    }
}
