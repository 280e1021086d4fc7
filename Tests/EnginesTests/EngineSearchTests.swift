import Engines
import Files
import TestSupport
import Testing

/// Where foreign engines are looked for, and in which order. The libraries are empty files: nothing is opened.
@Suite struct EngineSearchTests {
    private let folder: TemporaryFolder
    /// The folder with its links resolved, as found paths are.
    private let root: String

    init() throws {
        folder = try TemporaryFolder()
        root = FileSystem.resolved(folder.path)
    }

    private func found(_ variables: [String: String], _ kind: ForeignEngineKind = .onnxRuntime) -> [String] {
        EngineSearch(variables: variables, root: folder.path).libraries(kind).map {
            String($0.dropFirst(root.count + 1))
        }
    }

    @Test("What the variable names comes first, then the system, then Python; each library once")
    func order() throws {
        for name in [
            "named/libonnxruntime.so.1.20.0", "loader/libonnxruntime.so.1.1.0", "usr/local/lib/libonnxruntime.so.1.2.0",
            "usr/lib/libonnxruntime.so", "opt/ort/lib/libonnxruntime.so.1.3.0", "special/libonnxruntime.so.1.4.0",
            "venv/lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.so.1.5.0",
            "conda/lib/python3.9/site-packages/onnxruntime/capi/libonnxruntime.so.1.6.0",
            "home/.local/lib/python3.12/site-packages/onnxruntime/capi/libonnxruntime.so.1.7.0",
            "path/lib/python3.10/site-packages/onnxruntime/capi/libonnxruntime.so.1.8.0",
            "usr/lib/python3/dist-packages/onnxruntime/capi/libonnxruntime.so.1.9.0", "path/bin/python3",
        ] { try folder.put(name) }
        try folder.put("etc/ld.so.conf.d/x.conf", "# a comment\n/special\n")
        let variables = [
            "EARMARK_ENGINES": "\(folder.path)/named", "LD_LIBRARY_PATH": "\(folder.path)/loader",
            "VIRTUAL_ENV": "\(folder.path)/venv", "CONDA_PREFIX": "\(folder.path)/conda", "HOME": "\(folder.path)/home",
            "PATH": "\(folder.path)/nowhere:\(folder.path)/path/bin",
        ]
        #expect(
            found(variables).map { $0.split(separator: "/").last ?? "" } == [
                "libonnxruntime.so.1.20.0", "libonnxruntime.so.1.1.0", "libonnxruntime.so.1.4.0",
                "libonnxruntime.so.1.2.0", "libonnxruntime.so", "libonnxruntime.so.1.3.0", "libonnxruntime.so.1.5.0",
                "libonnxruntime.so.1.6.0", "libonnxruntime.so.1.7.0", "libonnxruntime.so.1.8.0",
                "libonnxruntime.so.1.9.0",
            ])
        #expect(found(["EARMARK_ENGINES": "\(folder.path)/named"]).count == 6, "the system's remain")
    }

    @Test("Within a folder a later version comes first, and links to one library are that library")
    func versions() throws {
        for version in ["1.9.1", "1.10.0", "1.2.3"] { try folder.put("lib/libonnxruntime.so.\(version)") }
        try folder.link("lib/libonnxruntime.so", to: "libonnxruntime.so.1.10.0")
        try folder.link("lib/libonnxruntime.so.1", to: "libonnxruntime.so.1.10.0")
        for other in ["libonnxruntime_providers_shared.so", "libonnxruntime.so.debug", "libonnxruntime.a"] {
            try folder.put("lib/\(other)")
        }
        #expect(
            found(["EARMARK_ENGINES": "\(folder.path)/lib"]) == [
                "lib/libonnxruntime.so.1.10.0", "lib/libonnxruntime.so.1.9.1", "lib/libonnxruntime.so.1.2.3",
            ])
    }

    @Test("The variable takes libraries, folders and Python's environments, for each kind of engine")
    func named() throws {
        let library = try folder.put("a/libLiteRt.so")
        try folder.put("venv/lib/python3.11/site-packages/openvino/libs/libopenvino_c.so.2530")
        try folder.put("packages/ai_edge_litert/libLiteRt.so")
        try folder.put("sdk/lib/libonnxruntime.so.1.22.0")
        let names = ["missing", "venv", "packages", "sdk", "empty"].map { "\(folder.path)/\($0)" }
        try folder.put("empty/readme.txt")
        let variables = ["EARMARK_ENGINES": ([library] + names).joined(separator: ":")]
        #expect(found(variables, .liteRT) == ["a/libLiteRt.so", "packages/ai_edge_litert/libLiteRt.so"])
        #expect(
            found(variables, .openVINO) == ["venv/lib/python3.11/site-packages/openvino/libs/libopenvino_c.so.2530"])
        #expect(found(variables) == ["sdk/lib/libonnxruntime.so.1.22.0"])
        let search = EngineSearch(variables: variables, root: folder.path)
        #expect(search.empty == [names[0], names[4]])
    }

    @Test("Nothing is found where nothing is, whatever the variables hold")
    func nothing() {
        for value in ["", ":", "::", "/dev/null", "relative"] {
            let variables = Dictionary(
                uniqueKeysWithValues: ["EARMARK_ENGINES", "PATH", "VIRTUAL_ENV", "HOME", "LD_LIBRARY_PATH"].map {
                    ($0, value)
                })
            for kind in ForeignEngineKind.allCases { #expect(found(variables, kind).isEmpty, "\(value)") }
        }
    }
}
