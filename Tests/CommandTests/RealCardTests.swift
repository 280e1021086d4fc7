import Foundation
import Testing

/// A card with an engine of this machine, on real recordings: YAMNet's published 8-bit file beside the native network.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct RealCardTests {
    /// Asked of the program itself, which looks in EARMARK_ENGINES and where Python's packages are.
    private static let hasLiteRT: Bool = {
        guard Tool.isBuilt, let found = try? Tool.run("model", "engines", "--json"), found.status == 0,
            let object = try? JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any]
        else { return false }
        let engines = object["engines"] as? [[String: Any]] ?? []
        return engines.contains { $0["engine"] as? String == "litert" && $0["path"] is String }
    }()
    private static let noLiteRT: Comment =
        "needs LiteRT, and 'earmark model engines' found none; pip install ai-edge-litert brings it, EARMARK_ENGINES names it"

    /// Four recordings of each class of ESC-10.
    private func manifest(_ scratch: Scratch) throws {
        var rows = "clip,path\n"
        for folder in try FileManager.default.contentsOfDirectory(atPath: Tool.esc10).sorted() {
            let files =
                (try? FileManager.default.contentsOfDirectory(atPath: Tool.esc10 + "/" + folder))?.sorted() ?? []
            for file in files.prefix(4) { rows += "\(file),\"\(Tool.esc10)/\(folder)/\(file)\"\n" }
        }
        try scratch.write("m.csv", rows)
    }

    private func scores(_ scratch: Scratch, _ cache: String) throws -> [[Double]] {
        let exported = try Tool.run(
            "export", "scores", "--cache", scratch.path(cache), "--out", scratch.path(cache + ".csv"))
        #expect(exported.status == 0, "\(exported.errors)")
        return try scratch.lines(cache + ".csv").dropFirst().map {
            $0.split(separator: ",").dropFirst().compactMap { Double($0) }
        }
    }

    @Test(
        "Close to the native network, and the same scores for any batch and number of workers",
        .enabled(if: hasLiteRT, noLiteRT), .enabled(if: Tool.hasYAMNet, Tool.noYAMNet),
        .enabled(if: Tool.hasESC10, Tool.noESC10))
    func yamnet() throws {
        let scratch = try Scratch()
        try manifest(scratch)
        let card = scratch.path("card/yamnet.yaml")
        let imported = try Tool.run(
            "model", "import", Tool.tflite, "--card", Tool.root + "/Models/cards/yamnet-tflite.yaml", "--out", card)
        #expect(
            imported.status == 0 && imported.output.contains("the file has what the card says"), "\(imported.errors)")
        #expect(imported.output.contains("runs on litert"), "\(imported.output)")
        #expect(try Tool.run("model", "pipeline", card, "--out", scratch.path("p.yaml")).status == 0)
        for (cache, workers, batch) in [("one", 1, 64), ("three", 3, 7)] {
            let run = try Tool.run(
                scratch.run(
                    scratch.path("p.yaml"), manifest: "m.csv", cache: cache, workers: workers,
                    sets: ["infer.batch=\(batch)"]))
            #expect(run.status == 0, "\(run.errors)")
        }
        let (one, three) = (try scores(scratch, "one"), try scores(scratch, "three"))
        #expect(try scratch.bytes("one.csv") == scratch.bytes("three.csv"))
        let native = scratch.path("yamnet.safetensors")
        #expect(try Tool.run("model", "import", Tool.tflite, "--classes", Tool.classMap, "--out", native).status == 0)
        let run = try Tool.run(
            scratch.run(
                "label.yaml", manifest: "m.csv", cache: "native",
                sets: ["infer.model=" + native, "infer.normalization=none"]))
        #expect(run.status == 0, "\(run.errors)")
        let ours = try scores(scratch, "native")
        #expect(one.count == 40 && three.count == 40 && ours.count == 40 && ours.allSatisfy { $0.count == 521 })
        var (same, sum, largest) = (0, 0.0, 0.0)
        for (theirs, mine) in zip(one, ours) where theirs.count == mine.count {
            func best(_ row: [Double]) -> Int? { row.indices.max { row[$0] < row[$1] } }
            if best(theirs) == best(mine) { same += 1 }
            for (a, b) in zip(theirs, mine) {
                sum += abs(a - b)
                largest = max(largest, abs(a - b))
            }
        }
        // Eight bits of activations, which the native network does not round to.
        #expect(same >= 30, "\(same) of 40 have the same best class")
        #expect(sum / (40 * 521) < 0.01, "mean difference \(sum / (40 * 521)), largest \(largest)")
    }
}
