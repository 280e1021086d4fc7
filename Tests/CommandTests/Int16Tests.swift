import Foundation
import Testing

/// Whether scores mind that samples kept as int16 are clipped where the resampler overshoots.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct Int16Tests {
    @Test("ESC-10: clipped samples are counted, and LEAN's scores from int16 and float32 samples agree")
    func scores() throws {
        guard FileManager.default.fileExists(atPath: Tool.esc10 + "/meta.csv") else {
            print("skipped: no ESC-10 at \(Tool.esc10)")
            return
        }
        let scratch = try Scratch()
        #expect(try Tool.run("manifest", "folder", Tool.esc10, "--out", scratch.path("corpus.csv")).status == 0)
        var tables: [[[Double]]] = []
        for dtype in ["int16", "float32"] {
            let run = try Tool.run(
                scratch.run("label.yaml", cache: dtype, sets: ["raw-cache.dtype=" + dtype, "infer.precision=float32"]))
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.errors.contains("were beyond full scale and were clipped") == (dtype == "int16"))
            _ = try Tool.run("export", "scores", "--cache", scratch.path(dtype), "--out", scratch.path("s.csv"))
            tables.append(
                try scratch.lines("s.csv").dropFirst().map { line in
                    line.split(separator: ",").suffix(17).compactMap { Double($0) }
                })
        }
        #expect(tables[0].count == 240 && tables[1].count == 240)
        let differences = zip(tables[0], tables[1]).flatMap { zip($0, $1).map { abs($0 - $1) } }
        let changes = zip(tables[0], tables[1]).count { first, second in
            first.firstIndex(of: first.max() ?? 0) != second.firstIndex(of: second.max() ?? 0)
        }
        print(
            "int16 against float32 samples: largest difference of a score \(differences.max() ?? 1), top-1 changes \(changes)"
        )
        #expect(differences.max() ?? 1 < 0.001 && changes == 0)
    }
}
