import Files
import Errors
import Foundation
import Wording

/// The pipelines and models that ship with the program, wherever the program is installed.
struct ShippedFiles {
    /// The folder that holds `Pipelines` and `Models`; a pipeline names its model relative to itself, as
    /// `../Models/NAME`.
    let folder: String

    var pipelines: String { folder + "/Pipelines" }
    var models: String { folder + "/Models" }

    /// Finds the folder that EARMARK_DATA names, else `share/earmark` beside the program's `bin`, else the checkout
    /// that the program was built in; nil if there is none.
    ///
    /// - Throws: `CommandError` if EARMARK_DATA names a folder without `Pipelines`.
    static func find() throws -> ShippedFiles? {
        if let named = ProcessInfo.processInfo.environment["EARMARK_DATA"], !named.isEmpty {
            let files = ShippedFiles(folder: named)
            guard isFolder(files.pipelines) else {
                throw CommandError(
                    .usage, "EARMARK_DATA is '\(named)': found no folder 'Pipelines' in it, expected one")
            }
            return files
        }
        guard let program = program() else { return nil }
        var folder = URL(fileURLWithPath: program).deletingLastPathComponent().deletingLastPathComponent()
        let installed = ShippedFiles(folder: folder.path + "/share/earmark")
        if isFolder(installed.pipelines) { return installed }
        while folder.path != "/" {
            let checkout = ShippedFiles(folder: folder.path)
            if isFolder(checkout.pipelines), isFile(checkout.folder + "/Package.swift") { return checkout }
            folder.deleteLastPathComponent()
        }
        return nil
    }

    /// Finds the file that a command's argument means.
    ///
    /// A file in the working folder comes first; `NAME` then also means `NAME.yaml`. Otherwise `NAME.yaml`, `NAME` and
    /// `Pipelines/NAME.yaml` mean the pipeline of that name that ships. A path with any other folder in it is returned
    /// unchanged.
    ///
    /// - Throws: `CommandError` if no such pipeline is found, or if EARMARK_DATA names a folder without `Pipelines`.
    static func pipeline(_ argument: String) throws -> String {
        if isFile(argument) { return argument }
        let isInFolder = argument.hasPrefix("Pipelines/")
        let name = isInFolder ? String(argument.dropFirst("Pipelines/".count)) : argument
        if name.contains("/") || name.isEmpty { return argument }
        let names = name.hasSuffix(".yaml") ? [name] : [name, name + ".yaml"]
        if !isInFolder, let own = names.first(where: isFile) { return own }
        guard let shipped = try find() else {
            if isInFolder { return argument }
            throw CommandError(
                .badInput, at: argument,
                "no such pipeline in the working folder, and none that ship were found; set EARMARK_DATA "
                    + "to the folder that holds 'Pipelines'")
        }
        if let path = names.map({ shipped.pipelines + "/" + $0 }).first(where: isFile) { return path }
        let all = FileSystem.names(in: shipped.pipelines).filter { $0.hasSuffix(".yaml") }
        let near = NearestName.find(name, in: all).map { " (is '\($0)' meant?)" } ?? ""
        throw CommandError(
            .badInput, at: argument,
            "no such pipeline in the working folder or in \(shipped.pipelines), which has "
                + all.joined(separator: ", ") + near)
    }

    /// The program's own file with links resolved; nil if the system does not report it.
    private static func program() -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { buffer in
            readlink("/proc/self/exe", buffer.baseAddress.unsafelyUnwrapped, buffer.count)
        }
        return count > 0 ? String(validating: bytes.prefix(count), as: UTF8.self) : nil
    }

    private static func isFolder(_ path: String) -> Bool { kind(path) == S_IFDIR }
    private static func isFile(_ path: String) -> Bool { kind(path) == S_IFREG }

    private static func kind(_ path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}
