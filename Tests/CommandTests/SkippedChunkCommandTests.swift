import Foundation
import Testing

/// What a user sees of `chunk.skip-below`: in the run's last lines, in `status`, and in and beside each export.
@Suite(.enabled(if: Tool.isBuilt, Tool.notBuilt))
struct SkippedChunkCommandTests {
    /// A tone, faint noise throughout, and a tone with two seconds of silence behind it.
    private func recordings() throws -> Scratch {
        let scratch = try Scratch()
        func tone(_ seconds: Double, _ height: Double) -> [Int16] {
            (0..<Int(16_000 * seconds)).map { Int16(height * sin(Double($0) * 0.05)) }
        }
        try scratch.writeWAV("loud.wav", samples: tone(2, 9000))
        try scratch.writeWAV("quiet.wav", samples: (0..<40_000).map { Int16($0 % 2) })
        try scratch.writeWAV("half.wav", samples: tone(2, 9000) + [Int16](repeating: 0, count: 32_000))
        try scratch.write(
            "m.csv", "clip,path,labels\nloud,loud.wav,Rain\nquiet,quiet.wav,Rain\nhalf,half.wav,Bark\n")
        return scratch
    }

    private struct Meta: Decodable {
        struct Coverage: Decodable {
            struct Skipped: Decodable, Equatable {
                let below: Double
                let chunks: Int
                let seconds: Double
                let clips: Int

                enum CodingKeys: String, CodingKey {
                    case chunks, seconds, clips
                    case below = "below_dbfs"
                }
            }
            let done: Int
            let skipped: Skipped?
        }
        let coverage: Coverage
    }

    private static let skip = ["chunk.skip-below=-60"]
    // Of 'quiet' four chunks, 2.5 s; of 'half', which has seven, those that begin at 2, 2.5 and 3 s, of which the last 1.5 s
    // are covered by no other.
    private static let expected = Meta.Coverage.Skipped(below: -60, chunks: 7, seconds: 4, clips: 1)

    @Test func aRunAndItsStatusSayWhatWasSkipped() throws {
        let scratch = try recordings()
        let arguments = scratch.run("label.yaml", manifest: "m.csv", sets: Self.skip).filter { $0 != "--quiet" }
        let run = try Tool.run(arguments)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("skipped: 7 chunks below -60.0 dBFS, in 2 clips of this run; "), "\(run.errors)")
        let status = try Tool.run("status", "--cache", scratch.path("cache"))
        #expect(
            // Broken between words, as it is longer than a line.
            status.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                .contains("skipped: 7 chunks, 0.0011 hours below -60.0 dBFS; 1 clip as a whole"),
            "\(status.output)")
        let json = try Tool.run("status", "--cache", scratch.path("cache"), "--json")
        let told = #""skipped":{"below_dbfs":-60.0,"chunks":7,"seconds":4.000,"clips":1}"#
        #expect(json.output.components(separatedBy: told).count == 3, "\(json.output)")
        #expect(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) is [String: Any])
        let events = try Tool.run(
            scratch.run("label.yaml", manifest: "m.csv", cache: "other", sets: Self.skip).filter { $0 != "--quiet" }
                + ["--json"])
        #expect(events.output.contains(#""skipped_chunks":7,"skipped_seconds":4.000,"skipped_clips":2,"#))
        // Without the setting, nobody is told of it.
        let plain = try Tool.run(
            scratch.run("label.yaml", manifest: "m.csv", cache: "plain").filter { $0 != "--quiet" })
        #expect(plain.status == 0 && !plain.errors.contains("skipped"))
        #expect(try !Tool.run("status", "--cache", scratch.path("plain"), "--json").output.contains("skipped"))
        #expect(try Tool.run("verify", "--cache", scratch.path("cache")).status == 0)
    }

    @Test func exportsHaveNoScoresWhereNothingWasHeard() throws {
        let scratch = try recordings()
        #expect(try Tool.run(scratch.run("label.yaml", manifest: "m.csv", sets: Self.skip)).status == 0)
        func export(_ what: String, _ format: String, _ out: String, _ more: String...) throws {
            let made = try Tool.run(
                ["export", what, "--cache", scratch.path("cache"), "--format", format, "--out", scratch.path(out)]
                    + more)
            #expect(made.status == 0, "\(made.errors)")
            #expect(made.errors.contains("skipped: 7 chunks"), "\(made.errors)")
            let meta = try JSONDecoder().decode(Meta.self, from: Data(try scratch.bytes(out + ".meta.json")))
            #expect(meta.coverage.skipped == Self.expected && meta.coverage.done == 3)
        }
        try export("scores", "csv", "s.csv")
        let rows = try scratch.lines("s.csv").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        #expect(rows.map { $0[0] } == ["clip", "loud", "quiet", "half"])
        #expect(rows[2].count == rows[0].count && rows[2].dropFirst().allSatisfy(\.isEmpty))
        for row in [rows[1], rows[3]] { #expect(row.dropFirst().allSatisfy { Double($0) != nil }) }
        try export("scores", "jsonl", "s.jsonl")
        struct Line: Decodable {
            let clip: String
            let scores: [String: Double?]
        }
        let lines = try scratch.lines("s.jsonl").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        #expect(lines[1].clip == "quiet" && lines[1].scores.values.allSatisfy { $0 == nil })
        #expect(lines[0].scores.values.allSatisfy { $0 != nil })
        try export("scores", "npy", "s.npy")
        let values = Array(try scratch.bytes("s.npy").suffix(3 * 4 * (rows[0].count - 1))).withUnsafeBytes {
            Array($0.bindMemory(to: Float.self))
        }
        let count = values.count / 3
        #expect(values[count..<2 * count].allSatisfy(\.isNaN) && !values[..<count].contains(where: \.isNaN))
        // At a threshold of 0 every class is everywhere, but where nothing was heard.
        try export("labels", "csv", "l.csv", "--threshold", "0")
        #expect(try !scratch.text("l.csv").contains("quiet") && scratch.text("l.csv").contains("half,"))
        try export("labels", "sqlite", "l.sqlite", "--threshold", "0")
        try export("events", "csv", "e.csv", "--threshold", "0")
        let events = try scratch.lines("e.csv").dropFirst().map { $0.split(separator: ",") }
        #expect(Set(events.map { $0[0] }) == ["loud", "half"])
        // The chunk that begins at 2 s is skipped, and events end where it begins.
        #expect(
            events.filter { $0[0] == "half" }.allSatisfy { Double($0[2]) == 0 && Double($0[3]) == 2 }, "\(events)")
        let stats = try Tool.run(
            "stats", "--cache", scratch.path("cache"), "--truth", scratch.path("m.csv"), "--out", scratch.path("stats")
        )
        #expect(stats.status == 0, "\(stats.errors)")
        #expect(stats.output.contains("of the truth's 3 clips 2 with and 1 without scores (1 skipped for their level)"))
        #expect(stats.output.contains("skipped: 7 chunks"))
        #expect(try scratch.text("stats/summary.json").contains(#""skipped""#))
    }
}
