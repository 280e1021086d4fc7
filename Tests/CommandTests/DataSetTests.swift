import Foundation
import Testing

/// The data set of Docs/Formats.md, taken from the page itself.
@Suite(.serialized, .enabled(if: Tool.isBuilt, Tool.notBuilt))
struct DataSetTests {
    /// What stands on the page between the marks of Python code.
    private func lines() throws -> String {
        let page = String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: Tool.root + "/Docs/Formats.md")), as: UTF8.self)
        let start = try #require(page.range(of: "```python\n"))
        let end = try #require(page.range(of: "```", range: start.upperBound..<page.endIndex))
        return String(page[start.upperBound..<end.lowerBound])
    }

    /// Tones of several lengths, one of whose names is not UTF-8, in a cache that holds log-mel of two overlaps, of a finished run
    /// and of one that was killed.
    private func cache() throws -> Scratch {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path("in"), withIntermediateDirectories: true)
        for (number, seconds) in [0.4, 1, 1.7, 2.5, 6.01].enumerated() {
            try scratch.writeTone("in/\(number).wav", number, seconds: seconds)
        }
        let name = Array((scratch.path("in") + "/").utf8) + [0x6C, 0xE9] + Array(".wav".utf8) + [0]
        #expect(
            name.withUnsafeBufferPointer { to in
                to.withMemoryRebound(to: CChar.self) { rename(scratch.path("in/3.wav"), $0.baseAddress!) }
            } == 0)
        #expect(try Tool.run("manifest", "folder", scratch.path("in"), "--out", scratch.path("m.csv")).status == 0)
        for (pipeline, overlap) in [("features.yaml", "0.5"), ("fsd50k-features.yaml", "0")] {
            #expect(
                try Tool.run(scratch.run(pipeline, manifest: "m.csv", sets: ["chunk.overlap=" + overlap])).status
                    == 0)
        }
        for number in 5..<9 { try scratch.writeTone("in/\(number).wav", number, seconds: 3) }
        _ = try Tool.run("manifest", "folder", scratch.path("in"), "--out", scratch.path("m.csv"), "--force")
        let killed = try Tool.run(
            scratch.run("fsd50k-features.yaml", manifest: "m.csv", sets: ["chunk.overlap=0"]),
            environment: ["EARMARK_CRASH_AT": "ledger.after-commit"])
        #expect(killed.status == 128 + SIGKILL)
        return scratch
    }

    @Test(
        "Every chunk once, of either overlap, each the frames it should be",
        .enabled(if: Python.hasNumPy, Python.notice))
    func numpy() throws {
        let scratch = try cache()
        try scratch.write(
            "read.py",
            try lines() + """

                import sys
                cache = sys.argv[1]
                stages = {row["stage"]: int(row["hop"]) for row in csv.DictReader(open(
                    f"{cache}/shards/index.csv", newline="", errors="surrogateescape")) if row["kind"] == "mel"}
                assert sorted(stages.values()) == [8000, 16000], stages
                samples = {"0.wav": 6400, "1.wav": 16000, "2.wav": 27200, "l\\udce9.wav": 40000, "4.wav": 96160}
                for stage, hop in stages.items():
                    chunks = Chunks(cache, stage)
                    found = {}
                    for k in range(len(chunks)):
                        patch, clip = chunks[k]
                        assert patch.shape == (96, 64) and np.isfinite(patch).all()
                        found.setdefault(clip, []).append(patch)
                    expected = {clip: max(0, -(-(count - 16000) // hop)) + 1 for clip, count in samples.items()}
                    assert {clip: len(patches) for clip, patches in found.items()} == expected, (hop, expected)
                    if hop == 8000: half = found
                for clip, patches in found.items():
                    # The same second, cut by either plan, is the same log-mel.
                    for i, patch in enumerate(patches[:-1]): assert (patch == half[clip][2 * i]).all(), (clip, i)
                assert len(Chunks(cache)) in (sum(map(len, half.values())), sum(map(len, found.values())))
                print("sound")
                """)
        let result = try Python.run(scratch.path("read.py"), scratch.path("cache"))
        #expect(result.status == 0 && result.output == "sound\n", "\(result.output)\(result.errors)")
    }

    @Test(
        "PyTorch's DataLoader reads it with two spawned workers",
        .enabled(if: Python.withTorch != nil, "no Python with PyTorch: set TORCH_PYTHON to one to run this"))
    func torch() throws {
        let scratch = try cache()
        try scratch.write("chunks.py", try lines())
        try scratch.write(
            "load.py",
            """
            import sys
            import numpy as np, pickle
            from torch.utils.data import DataLoader
            from chunks import Chunks

            if __name__ == "__main__":
                chunks = Chunks(sys.argv[1])
                straight = [chunks[k] for k in range(len(chunks))]
                assert chunks.shards, "mapped by now"
                assert len(pickle.dumps(chunks)) < 10_000, "the shards' bytes are sent to the workers"
                loader = DataLoader(chunks, batch_size=4, num_workers=2, multiprocessing_context="spawn")
                seen = [(patch, clip) for patches, clips in loader for patch, clip in zip(patches.numpy(), clips)]
                assert [clip for _, clip in seen] == [clip for _, clip in straight]
                assert all((a == b).all() for (a, _), (b, _) in zip(seen, straight))
                print(len(seen))
            """)
        let result = try Python.run(scratch.path("load.py"), scratch.path("cache"), python: Python.withTorch)
        #expect(result.status == 0 && Int(result.output.dropLast()) ?? 0 > 10, "\(result.output)\(result.errors)")
    }
}
