import Foundation
import TestSupport
import Testing

import Archives

/// Archives made by other programs, where they are installed: each member's bytes are those of its file.
@Suite struct OtherMakersTests {
    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    private static let notice: Comment = "needs /usr/bin/python3, whose zipfile and tarfile make the archives"

    private static func run(_ program: String, _ arguments: [String], in folder: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Files of odd names and sizes below `in`.
    private func files(_ folder: TemporaryFolder) throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        let deep = (0..<12).map { "folder number \($0)" }.joined(separator: "/")
        for (number, name) in ["a.wav", "é ü.wav", "\(deep)/deep.wav", "empty", "b/c/d.bin"].enumerated() {
            let content = ReadMember.content(UInt64(number), name == "empty" ? 0 : 10_000 * number + 3)
            contents["in/" + name] = content
            try folder.put("in/" + name, content)
        }
        return contents
    }

    private func check(_ archive: String, _ contents: [String: [UInt8]]) throws {
        let index = try Archive(archive).index
        #expect(index.damage == nil && index.count == contents.count, "\(archive)")
        for (name, content) in contents {
            #expect(try ReadMember.bytes(archive + "!/" + name) == content, "\(archive): \(name)")
            #expect(try ReadMember.digest(archive + "!/" + name) == ReadMember.digest(content), "\(archive): \(name)")
        }
    }

    // Only this interpreter's own modules are used, so any Python 3 does.
    @Test(.enabled(if: python != nil, notice))
    func pythons() throws {
        let folder = try TemporaryFolder()
        let contents = try files(folder)
        let script = """
            import io, os, tarfile, zipfile
            names = sorted(os.path.join(d, f) for d, _, fs in os.walk('in') for f in fs)
            for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                with zipfile.ZipFile(f'z{method}.zip', 'w', method) as z:
                    for n in names: z.write(n)
            class Pipe(io.RawIOBase):
                def __init__(self, f): self.f = f
                def writable(self): return True
                def write(self, b): return self.f.write(b)
            with open('streamed.zip', 'wb') as f, zipfile.ZipFile(Pipe(f), 'w', zipfile.ZIP_DEFLATED) as z:
                for n in names: z.write(n)
            with zipfile.ZipFile('large.zip', 'w') as z:
                for n in names:
                    with z.open(zipfile.ZipInfo(n), 'w', force_zip64=True) as f: f.write(open(n, 'rb').read())
            for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
                with tarfile.open(f't{form}.tar', 'w', format=form) as t:
                    for n in names: t.add(n)
            """
        #expect(try Self.run(Self.python ?? "", ["-c", script], in: folder.path) == 0)
        for name in ["z0.zip", "z8.zip", "streamed.zip", "large.zip", "t0.tar", "t1.tar", "t2.tar"] {
            try check(folder.path + "/" + name, contents)
        }
    }

    private static let zip = "/usr/bin/zip"
    // Info-ZIP is on few machines.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: zip), "needs Info-ZIP's /usr/bin/zip"))
    func infoZip() throws {
        let folder = try TemporaryFolder()
        let contents = try files(folder)
        #expect(try Self.run(Self.zip, ["-q", "-r", "a.zip", "in"], in: folder.path) == 0)
        #expect(try Self.run(Self.zip, ["-q", "-0", "-r", "b.zip", "in"], in: folder.path) == 0)
        try check(folder.path + "/a.zip", contents)
        try check(folder.path + "/b.zip", contents)
        #expect(try Self.run(Self.zip, ["-q", "-P", "secret", "-r", "c.zip", "in"], in: folder.path) == 0)
        let error = #expect(throws: ArchiveError.self) { try ReadMember.bytes(folder.path + "/c.zip!/in/a.wav") }
        #expect(error?.message.contains("encrypted") == true)
    }

    private static let tar = "/usr/bin/tar"
    // GNU tar is on every Debian, but not on every system.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: tar), "needs GNU tar as /usr/bin/tar"))
    func gnuTar() throws {
        let folder = try TemporaryFolder()
        let contents = try files(folder)
        for form in ["gnu", "ustar", "posix", "v7"] {
            let names = form == "v7" ? ["in/a.wav", "in/b"] : ["in"]
            #expect(
                try Self.run(Self.tar, ["--format=" + form, "-cf", form + ".tar"] + names, in: folder.path) == 0)
            try check(
                folder.path + "/\(form).tar",
                form == "v7" ? contents.filter { ["in/a.wav", "in/b/c/d.bin"].contains($0.key) } : contents)
        }
        // A file with a hole, which GNU tar writes as sparse.
        let hole = folder.path + "/in/hole.wav"
        let file = open(hole, O_CREAT | O_WRONLY, 0o600)
        #expect(ftruncate(file, 5_000_000) == 0 && pwrite(file, "end", 3, 4_999_997) == 3)
        close(file)
        for form in ["gnu", "posix"] {
            #expect(
                try Self.run(
                    Self.tar, ["--format=" + form, "--sparse", "-cf", "s-\(form).tar", "in/hole.wav", "in/a.wav"],
                    in: folder.path) == 0)
            let path = folder.path + "/s-\(form).tar"
            let index = try Archive(path).index
            #expect((0..<index.count).compactMap(index.entry).contains { $0.content == .refused(.sparse) }, "\(form)")
            #expect(try ReadMember.bytes(path + "!/in/a.wav") == contents["in/a.wav"])
        }
        #expect(try Self.run(Self.tar, ["-czf", "a.tar.gz", "in"], in: folder.path) == 0)
        let refused = #expect(throws: ArchiveError.self) { try Archive(folder.path + "/a.tar.gz") }
        #expect(refused?.failureClass == .unsupported && refused?.message.contains("gzip") == true)
    }
}
