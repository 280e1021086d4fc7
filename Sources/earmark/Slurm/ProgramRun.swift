import Errors
import Files
import Glibc

/// Another program that is run to its end, such as a command of Slurm.
struct ProgramRun {
    /// Exit status, or 128 and the signal's number.
    let status: Int32
    let output: String
    let errors: String

    /// Runs a program, found on the PATH, with nothing on its standard input.
    ///
    /// - Throws: `CommandError` of category `usage` if there is no such program, `inputOutput` if it cannot be run.
    init(_ words: [String]) throws {
        let files = try (0..<2).map { _ in try Self.temporary() }
        defer { for file in files { close(file) } }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, files[0], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, files[1], STDERR_FILENO)
        // This program ignores some signals, which the other one must not inherit.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { word in
            FileSystem.withBytes(word) { strdup($0) }
        }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        var process: pid_t = 0
        let code = posix_spawnp(&process, words[0], &actions, &attributes, arguments, environ)
        guard code == 0 else {
            throw code == ENOENT
                ? CommandError(
                    .usage, at: words[0],
                    "found no such program on the PATH, expected the commands of Slurm on this machine")
                : CommandError(.inputOutput, at: words[0], "cannot run it: \(String(cString: strerror(code)))")
        }
        var ended: Int32 = 0
        while waitpid(process, &ended, 0) < 0, errno == EINTR {}
        status = ended & 0x7F == 0 ? ended >> 8 & 0xFF : 128 + ended & 0x7F
        output = Self.text(files[0])
        errors = Self.text(files[1])
    }

    /// What it said, for a message: its standard error, else its output, in one line.
    var words: String {
        let text = errors.isEmpty ? output : errors
        return text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: "; ")
    }

    /// An open file without a name.
    private static func temporary() throws -> Int32 {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var name = Array((folder + "/earmark-XXXXXX").utf8CString)
        let file = mkstemp(&name)
        guard file >= 0 else { throw FileError(path: folder, "cannot make a temporary file in it", code: errno) }
        unlink(name)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        return file
    }

    private static func text(_ file: Int32) -> String {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pread(file, &piece, piece.count, off_t(bytes.count))
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }
}
