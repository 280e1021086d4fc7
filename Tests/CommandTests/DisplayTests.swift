import Foundation
import Testing

/// What a run shows while it goes on, and what it says at its end.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct DisplayTests {
    /// Runs the program with standard error, or both streams, on a terminal of so many columns.
    private func onTerminal(
        _ arguments: [String], columns: UInt16, withOutput: Bool = false
    ) throws -> (status: Int32, text: String) {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        // TIOCSPTLCK and TIOCGPTN of Linux's asm-generic/ioctls.h, macros that are not imported.
        var (isLocked, number): (Int32, Int32) = (0, 0)
        #expect(master >= 0 && ioctl(master, 0x4004_5431, &isLocked) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
        defer { close(master) }
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        let terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        #expect(terminal >= 0 && ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Tool.path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let handle = FileHandle(fileDescriptor: terminal, closeOnDealloc: false)
        process.standardOutput = withOutput ? handle : FileHandle.nullDevice
        process.standardError = handle
        try process.run()
        close(terminal)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        // Ends with an error once nobody has the terminal open any more.
        while case let count = read(master, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    @Test("The bar is shorter than the terminal is wide, with failures in it", arguments: [200, 80, 60, 40, 25, 12, 5])
    func width(columns: Int) throws {
        let scratch = try Scratch()
        try scratch.synth(12)
        let rows = (0..<1300).map { "gone\($0),gone\($0).wav,,\n" }.joined()
        try scratch.write("corpus.csv", try scratch.text("corpus.csv") + rows)
        let run = try onTerminal(scratch.run("features.yaml").filter { $0 != "--quiet" }, columns: UInt16(columns))
        #expect(run.status == 3)
        // A carriage return and a newline are one character to Swift.
        let shown = run.text.replacingOccurrences(of: "\r\n", with: "\n").split(separator: "\r").compactMap { line in
            line.range(of: "\u{1B}[K").map { line[..<$0.lowerBound] }
        }
        #expect(!shown.isEmpty, "\(run.text)")
        for line in shown { #expect(line.count < columns, "\(line.count): \(line)") }
        if columns >= 40 { #expect(shown.last?.contains("1300 failed") == true, "\(shown)") }
        if columns >= 60 { #expect(shown.last?.hasPrefix("[####") == true, "\(shown)") }
    }

    @Test("Long lines are broken between words on a terminal of 80 columns, and stay whole in a pipe")
    func wrapped() throws {
        let scratch = try Scratch()
        try scratch.synth(40, seed: 9)
        // Short paths: what has no blank cannot be broken.
        let folder = "/tmp/earmark-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createSymbolicLink(atPath: folder, withDestinationPath: scratch.folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let place = ["--cache", folder + "/cache"]
        let (pipeline, manifest) = (Tool.pipeline("label.yaml"), folder + "/corpus.csv")
        let calibrate = ["calibrate", "--truth", manifest, "--least", "3", "--out", folder + "/t.csv"] + place
        let plan = ["plan", pipeline, "--manifest", manifest, "--no-probe"] + place
        for (words, isRun) in [(plan, false), (calibrate, true)] {
            if isRun { #expect(try Tool.run(scratch.run("label.yaml")).status == 0) }
            let piped = try Tool.run(words).output
            #expect(piped.split(separator: "\n").contains { $0.count > 80 }, "\(piped)")
            let shown = try onTerminal(words, columns: 80, withOutput: true).text.replacing("\r\n", with: "\n")
            for line in shown.split(separator: "\n") { #expect(line.count <= 80, "\(line.count): \(line)") }
            // Nothing is lost, and nothing but blanks is added.
            func plain(_ text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }
            #expect(plain(shown) == plain(piped), "\(shown)")
        }
    }

    @Test("A run that is stopped within its first clip says the audio that it has heard, and no time left")
    func stoppedEarly() throws {
        let scratch = try Scratch()
        try scratch.writeWAV("long.wav", samples: [])
        // Two hours of silence, most of it a hole in the file.
        let seconds = 7200
        var header = try scratch.bytes("long.wav")
        let size = 32_000 * seconds
        for (place, value) in [(4, 36 + size), (40, size)] {
            for byte in 0..<4 { header[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
        }
        try scratch.write("long.wav", header)
        #expect(truncate(scratch.path("long.wav"), 44 + size) == 0)
        try scratch.write("m.csv", "clip,path\nlong,long.wav\n")
        let running = try Tool.start(scratch.run("features.yaml", manifest: "m.csv", workers: 1) + ["--json"])
        let shards = scratch.path("cache/shards")
        let hasBegun = running.until {
            (try? FileManager.default.contentsOfDirectory(atPath: shards).contains { $0.hasSuffix(".partial") }) == true
        }
        running.send(SIGINT)
        let run = running.wait()
        #expect(hasBegun && run.status == 75, "\(run.status) \(run.errors)")
        let last = try #require(run.output.split(separator: "\n").last { $0.contains("progress") }, "\(run.output)")
        let event = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
        #expect((event["audio_s"] as? Double).map { $0 > 0 && $0 < Double(seconds) } == true, "\(last)")
        #expect(event["audio_total_s"] as? Double == Double(seconds) && event["eta_s"] is NSNull, "\(last)")
    }

    @Test("The last line's numbers are those of the ledger and of the files: clips, hours, failures")
    func lastLine() throws {
        let scratch = try Scratch()
        for number in 0..<5 { try scratch.writeTone("t\(number).wav", number, seconds: 90) }
        try scratch.write("bad.wav", "no sound")
        try scratch.write("corpus.csv", "clip,path\nbad,bad.wav\n" + (0..<5).map { "t\($0),t\($0).wav\n" }.joined())
        let run = try Tool.run(scratch.run("features.yaml").filter { $0 != "--quiet" })
        #expect(run.status == 3)
        #expect(run.errors.contains("5 clips (7.5 min) done in "), "\(run.errors)")
        #expect(run.errors.contains("6/6 clips, 7.5 min, ") && run.errors.contains("1 failed"), "\(run.errors)")
        let json = try Tool.run(scratch.run("features.yaml", cache: "other").filter { $0 != "--quiet" } + ["--json"])
        let last = try #require(json.output.split(separator: "\n").last { $0.contains("progress") })
        let event = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
        #expect(event["done"] as? Int == 5 && event["failed"] as? Int == 1 && event["audio_s"] as? Double == 450)
        #expect(event["audio_total_s"] as? Double == 450 && event["eta_s"] as? Double == 0)
        // Read from the cache, the same audio goes through again.
        let replay = try Tool.run(scratch.run("label.yaml").filter { $0 != "--quiet" })
        #expect(replay.errors.contains("5 clips (7.5 min) done in "), "\(replay.errors)")
    }

    @Test(
        "A clock that is set back by an hour all the time changes no duration",
        .enabled(if: compiler != nil, "needs a C compiler, and found none"))
    func clockSetBack() throws {
        let scratch = try Scratch()
        try scratch.synth(6)
        try scratch.write(
            "back.c",
            """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <stdatomic.h>
            #include <sys/time.h>
            #include <time.h>
            static _Atomic long calls;
            static long back(void) { return 3600 * atomic_fetch_add(&calls, 1); }
            int clock_gettime(clockid_t clock, struct timespec *at) {
                int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
                int result = real(clock, at);
                if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) at->tv_sec -= back();
                return result;
            }
            int gettimeofday(struct timeval *at, void *zone) {
                int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
                int result = real(at, zone);
                at->tv_sec -= back();
                return result;
            }
            """)
        let library = scratch.path("back.so")
        let built = try Tool.start(
            ["-shared", "-fPIC", "-o", library, scratch.path("back.c"), "-ldl"], executable: Self.compiler ?? ""
        ).wait()
        #expect(built.status == 0, "\(built.errors)")
        let run = try Tool.run(
            scratch.run("features.yaml").filter { $0 != "--quiet" }, environment: ["LD_PRELOAD": library])
        #expect(run.status == 0, "\(run.errors)")
        let number = try #require(
            run.errors.firstMatch(of: /done in (-?[0-9.]+) s/).flatMap { Double($0.1) }, "\(run.errors)")
        #expect(number >= 0 && number < 600, "\(run.errors)")
        let status = try Tool.run("status", "--cache", scratch.path("cache"), environment: ["LD_PRELOAD": library])
        #expect(status.status == 0 && status.output.contains("last run: complete"), "\(status.output)")
    }

    private static let compiler = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
}
