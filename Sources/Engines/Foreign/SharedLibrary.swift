import Errors
import Files
import Glibc

/// A shared library that was opened at run time; the handle is given back with the object.
///
/// Its code stays in memory nevertheless: engines start threads, and leave functions that are called when a thread or
/// the process ends, and those must still find it there.
final class SharedLibrary: @unchecked Sendable {
    let path: String
    let handle: UnsafeMutableRawPointer

    /// - Throws: `ForeignEngineError`, with the loader's own words if it cannot be opened.
    init(path: String) throws {
        try ELFCheck.run(path)
        guard let handle = FileSystem.withBytes(path, { dlopen($0, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) }) else {
            let words = dlerror().map { String(cString: $0) } ?? "no reason given"
            // The loader's words begin with the path, which is the error's place already.
            let reason = words.hasPrefix(path + ": ") ? String(words.dropFirst(path.count + 2)) : words
            throw ForeignEngineError(.badInput, place: ErrorPlace(path), "cannot be opened: \(reason)")
        }
        self.path = path
        self.handle = handle
    }

    deinit { dlclose(handle) }

    /// The address of a function that the library exports; nil if it has none of this name.
    func function(_ name: String) -> UnsafeMutableRawPointer? { dlsym(handle, name) }
}
