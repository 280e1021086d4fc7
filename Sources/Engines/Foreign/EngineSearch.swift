import Files

/// Where the libraries of foreign engines are looked for. No program is run for it, and nothing is opened.
package struct EngineSearch: Sendable {
    /// The environment variable that names libraries, folders with libraries, or environments of Python.
    package static let variable = "EARMARK_ENGINES"

    private let variables: [String: String]
    private let root: String

    /// - Parameters:
    ///   - variables: the environment variables.
    ///   - root: put before the system's own paths; a test's own folder, or "".
    package init(variables: [String: String], root: String = "") {
        self.variables = variables
        self.root = root
    }

    /// Where the libraries of one kind are, links resolved and each named once, in the order in which they are tried:
    ///
    /// 1. what `EARMARK_ENGINES` names, from left to right;
    /// 2. the system: the loader's path, its configured folders, `/usr/local`, `/usr` and `/opt`;
    /// 3. Python: `VIRTUAL_ENV`, `CONDA_PREFIX`, the user's own packages, those of the first `python3` on the path, and
    ///    those of the system.
    ///
    /// Within a folder, a later version comes before an earlier one.
    package func libraries(_ kind: ForeignEngineKind) -> [String] {
        var seen: Set<String> = []
        return (named + system + python).flatMap { place in
            switch place {
            case .candidate(let path): name(of: path).hasPrefix(kind.fileName) ? [path] : []
            case .folder(let folder): Self.libraries(kind, in: folder)
            case .packages(let folder): Self.libraries(kind, in: folder + "/" + kind.packageFolder)
            }
        }.map(FileSystem.resolved).filter { seen.insert($0).inserted }
    }

    /// What `EARMARK_ENGINES` names although no engine is there.
    package var empty: [String] {
        entries.filter { entry in
            let places = places(of: entry)
            return ForeignEngineKind.allCases.allSatisfy { kind in
                places.allSatisfy {
                    switch $0 {
                    case .candidate(let path): !name(of: path).hasPrefix(kind.fileName)
                    case .folder(let folder): Self.libraries(kind, in: folder).isEmpty
                    case .packages(let folder): Self.libraries(kind, in: folder + "/" + kind.packageFolder).isEmpty
                    }
                }
            }
        }
    }

    /// Where something is looked for.
    private enum Place {
        case candidate(String)
        /// A folder that holds libraries.
        case folder(String)
        /// A folder that holds Python's packages.
        case packages(String)
    }

    private var entries: [String] { list(Self.variable) }

    private var named: [Place] { entries.flatMap(places) }

    private func places(of entry: String) -> [Place] {
        switch FileSystem.kind(entry) {
        case .file: [.candidate(entry)]
        case .folder: [.folder(entry), .folder(entry + "/lib"), .packages(entry)] + packages(of: entry)
        case .other, nil: []
        }
    }

    private var system: [Place] {
        let configured = FileSystem.names(in: root + "/etc/ld.so.conf.d").filter { $0.hasSuffix(".conf") }.flatMap {
            lines(root + "/etc/ld.so.conf.d/" + $0).filter { $0.hasPrefix("/") }.map { root + $0 }
        }
        let usual = ["/usr/local/lib", "/usr/lib64", "/usr/lib"].map { root + $0 }
        let optional = FileSystem.names(in: root + "/opt").map { root + "/opt/" + $0 }
        let intel = FileSystem.names(in: root + "/opt/intel").map { root + "/opt/intel/" + $0 + "/runtime/lib/intel64" }
        return (list("LD_LIBRARY_PATH") + configured + usual + optional + optional.map { $0 + "/lib" } + intel).map {
            Place.folder($0)
        }
    }

    private var python: [Place] {
        var found: [Place] = []
        for name in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
            if let prefix = variables[name], !prefix.isEmpty { found += packages(of: prefix) }
        }
        if let home = variables["HOME"], !home.isEmpty { found += packages(of: home + "/.local") }
        if let folder = list("PATH").first(where: { FileSystem.isFile($0 + "/python3") }) {
            // Not of what the link leads to: in a virtual environment that is the system's Python.
            found += packages(of: FileSystem.folder(of: folder))
        }
        found += packages(of: root + "/usr/local") + packages(of: root + "/usr")
        return found + [.packages(root + "/usr/lib/python3/dist-packages")]
    }

    /// The folders of packages below an installation or an environment of Python, the latest version of Python first.
    private func packages(of prefix: String) -> [Place] {
        let versions = FileSystem.names(in: prefix + "/lib").filter { $0.hasPrefix("python3") }
        return versions.sorted { Self.isLater($0, than: $1) }.flatMap { version in
            ["site-packages", "dist-packages"].map { Place.packages("\(prefix)/lib/\(version)/\($0)") }
        }
    }

    private static func libraries(_ kind: ForeignEngineKind, in folder: String) -> [String] {
        FileSystem.names(in: folder).filter { name in
            // `libonnxruntime.so` and `libonnxruntime.so.1.23.2`, but not `libonnxruntime.so.debug`.
            guard name.hasPrefix(kind.fileName) else { return false }
            let rest = name.dropFirst(kind.fileName.count)
            return rest.isEmpty || rest.first == "." && rest.allSatisfy { $0 == "." || $0.isNumber }
        }.sorted { isLater($0, than: $1) }.map { folder + "/" + $0 }
    }

    /// Whether a name is that of a later version: 3.11 is later than 3.9.
    private static func isLater(_ name: String, than other: String) -> Bool {
        let numbers = { (name: String) in name.split { !$0.isNumber }.map { Int($0) ?? 0 } }
        return numbers(other).lexicographicallyPrecedes(numbers(name))
    }

    private func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The paths that a variable lists, without empty ones.
    private func list(_ variable: String) -> [String] {
        (variables[variable] ?? "").split(separator: ":").map(String.init)
    }

    private func lines(_ path: String) -> [String] {
        guard let bytes = try? FileSystem.read(path, upTo: 65_536) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map {
            String($0.drop { $0 == " " })
        }
    }
}
