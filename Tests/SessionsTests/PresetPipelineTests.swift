import Cache
import Features
import Foundation
import Ledger
import Pipeline
import Sessions
import Stages
import Testing

/// Front-ends by name and by parameters, through whole pipelines.
@Suite struct PresetPipelineTests {
    /// A pipeline that keeps samples and frames.
    private static func yaml(
        rate: Int? = nil, chunk: [String: String] = [:], mel: [String: String] = [:], dtype: String = "float32"
    ) -> String {
        func stage(_ fields: [(String, String)]) -> String {
            "{" + fields.map { "\($0.0): \($0.1)" }.joined(separator: ", ") + "}"
        }
        func sorted(_ fields: [String: String]) -> [(String, String)] {
            fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        return """
            name: preset
            stages:
              decode: {uses: decode}
              resample: \(stage([("uses", "resample"), ("from", "decode")] + (rate.map { [("rate", "\($0)")] } ?? [])))
              chunk: \(stage([("uses", "chunk"), ("from", "resample")] + sorted(chunk)))
              mel: \(stage([("uses", "log-mel"), ("from", "chunk")] + sorted(mel)))
              raw-cache: {uses: cache, from: chunk, dtype: float32}
              mel-cache: {uses: cache, from: mel, dtype: \(dtype)}
            """
    }

    private static func load(_ yaml: String) throws -> LoadedPipeline {
        try PipelineLoader.load(yaml: yaml, file: "p.yaml", sets: [])
    }

    private static func prints(_ pipeline: LoadedPipeline) -> [String: String] {
        Dictionary(uniqueKeysWithValues: pipeline.graph.nodes.map { ($0.name, $0.fingerprint.hex) })
    }

    /// Those of the version before there were presets: caches made then go on working.
    @Test func fingerprintsOfBefore() throws {
        let raw = "3b22f51b1650bdfab0d5b6b9ae5db2f2d6be34a138ff2780db5d51e23c23a55d"
        let mel = "2df122046f713b1935b3b2a5244089c03fa3fc75c3297fb571c14f6cbcdb9140"
        for name in ["features", "fsd50k-features", "fsd50k-train", "fsd50k-label", "label"] {
            let prints = Self.prints(
                try PipelineLoader.load(path: PipelineFixture.root + "/Pipelines/\(name).yaml", sets: []))
            #expect(prints["raw-cache"] == raw && prints["mel-cache"] == mel, "\(name)")
        }
    }

    /// The audio stream that is taken unless one is named leaves the fingerprints, and those of failures, as they were
    /// before streams could be named.
    @Test func onlyANamedStreamCounts() throws {
        func load(_ stream: String) throws -> Graph {
            try Self.load(Self.yaml().replacingOccurrences(of: "{uses: decode}", with: "{uses: decode\(stream)}")).graph
        }
        let plain = try load("")
        let before = Fingerprint(fields: ["stage", "decode", "3", "non-finite=fail", "truncated=fail"])
        #expect(plain.nodes[0].fingerprint == before)
        let failure = Fingerprint(fields: ["failure", "decode", "3"])
        #expect(plain.failureTarget(node: 0, failureClass: .unsupported) == failure)
        let automatic = try load(", stream: auto")
        #expect(automatic.nodes.map(\.fingerprint) == plain.nodes.map(\.fingerprint))
        #expect(automatic.failureTarget(node: 0, failureClass: .unsupported) == failure)
        var prints = [plain.nodes[0].fingerprint]
        for stream in ["0", "1", "999"] {
            let named = try load(", stream: \(stream)")
            #expect(named.nodes[0].parameters["stream"] == stream && !prints.contains(named.nodes[0].fingerprint))
            #expect(named.failureTarget(node: 0, failureClass: .unsupported) != failure)
            prints.append(named.nodes[0].fingerprint)
        }
        for wrong in ["-1", "1000", "first", "1.5"] {
            #expect(throws: PipelineError.self) { try load(", stream: \(wrong)") }
        }
    }

    /// YAMNet's own values, spelled out, are YAMNet's.
    @Test func valuesOfBeforeAreNoOthers() throws {
        let plain = Self.prints(try Self.load(Self.yaml()))
        let usual = [
            "preset": "yamnet", "rate": "16000", "window": "400", "window-shape": "hann", "hop": "160", "fft": "512",
            "bands": "64", "low": "125", "high": "7500.0", "mel-scale": "htk", "triangles": "mel", "band-norm": "none",
            "framing": "left", "dc": "keep", "pre-emphasis": "0", "pre-emphasis-of": "wave", "spectrum": "magnitude",
            "logarithm": "natural", "reference": "7", "offset": "0.001", "floor": "0", "range": "0", "mean": "0",
            "deviation": "1", "patch": "96",
        ]
        #expect(Self.prints(try Self.load(Self.yaml(mel: usual))) == plain)
        let chunk = ["preset": "yamnet", "seconds": "1", "rate": "16000", "overlap": "0.50"]
        #expect(Self.prints(try Self.load(Self.yaml(chunk: chunk))) == plain)
        // Settings of another preset that make YAMNet's of it.
        #expect(Self.prints(try Self.load(Self.yaml(mel: ["preset": "vggish", "offset": "0.001"]))) == plain)
    }

    /// Every parameter that changes the frames changes the fingerprint, and no two changes meet.
    @Test func everyParameterCounts() throws {
        let changes = [
            "window": ["384", "320"], "window-shape": ["hamming", "povey"], "hop": ["80", "40"],
            "fft": ["1024", "2048"], "bands": ["40", "80"], "low": ["100", "60"], "high": ["7000", "8000"],
            "mel-scale": ["slaney"], "triangles": ["hertz"], "band-norm": ["area"],
            "framing": ["centred-zero", "centred-reflect"], "dc": ["remove"], "pre-emphasis": ["0.9", "0.97"],
            "spectrum": ["power"], "logarithm": ["decimal", "decibel"], "offset": ["0.01", "0.1"],
            "floor": ["0.1", "0.2"], "mean": ["1", "2"], "deviation": ["2", "3"],
        ]
        func mel(_ settings: [String: String]) throws -> String {
            try #require(Self.prints(try Self.load(Self.yaml(mel: settings)))["mel"])
        }
        var seen = [try mel([:]): "nothing"]
        for (key, values) in changes.sorted(by: { $0.key < $1.key }) {
            for value in values {
                #expect(seen.updateValue(key + value, forKey: try mel([key: value])) == nil, "\(key): \(value)")
            }
        }
        // Two that count only with others.
        let scopes = try ["frame", "wave"].map { try mel(["pre-emphasis": "0.9", "pre-emphasis-of": $0]) }
        #expect(scopes[0] != scopes[1])
        let references = try ["1", "2"].map { try mel(["logarithm": "decibel", "reference": $0]) }
        #expect(references[0] != references[1])
        // VGGish's is YAMNet's with another offset.
        #expect(seen[try mel(["preset": "vggish"])] == "offset0.01")
        // A range is for patches: the same frames are stored.
        let ranged = Self.prints(try Self.load(Self.yaml(mel: ["range": "5", "mean": "1"])))
        #expect(ranged["mel"] == Self.prints(try Self.load(Self.yaml()))["mel"])
        let lengths = try ["1", "2", "3"].map {
            try #require(Self.prints(try Self.load(Self.yaml(chunk: ["seconds": $0])))["chunk"])
        }
        #expect(Set(lengths).count == 3)
    }

    @Test(arguments: FrontEndPreset.allCases) func aRun(preset: FrontEndPreset) throws {
        let fixture = try PipelineFixture()
        let frontEnd = preset.frontEnd
        for (name, seconds) in [("short", 0.3), ("long", 1.7)] { try fixture.addClip(name, seconds: seconds) }
        let yaml = Self.yaml(
            rate: frontEnd.rate, chunk: ["preset": preset.rawValue], mel: ["preset": preset.rawValue])
        let session = try RunSession(
            pipeline: Self.load(yaml), manifest: fixture.manifest(), cache: fixture.cache())
        let report = try session.run(session.plan(), workers: 2, stop: StopSignal()) { _ in }
        #expect(report.result.done == 2 && report.failures == 0)
        try session.close()
        let ledger = try fixture.cache().reading()
        let reader = CacheReader(cache: fixture.cache().folder, ledger: ledger)
        let plan = try ChunkPlan(frontEnd: frontEnd, overlap: 0.5)
        for stage in try ledger.stages() {
            let told = try #require(try ledger.frontEnds()[stage.id])
            #expect(told.rate == frontEnd.rate && told.hop == (stage.kind == "mel" ? frontEnd.hop : 1))
            #expect(told.chunkHop == plan.hop)
            #expect(try JSONDecoder().decode(FrontEnd.self, from: Data(told.settings.utf8)) == frontEnd)
            try ledger.forEachResult(stage: stage.id) { result in
                let name = try #require(try Self.names(ledger)[result.clip])
                let samples = Int((name == "short" ? 0.3 : 1.7) * Double(frontEnd.rate))
                // Resampled lengths are rounded.
                let lengths = (samples - 2...samples + 2).map(plan.paddedLength)
                let rows = Int(result.rowCount)
                if stage.kind == "raw" {
                    #expect(lengths.contains(rows), "\(name)")
                } else {
                    #expect(lengths.map(frontEnd.frames).contains(rows), "\(name)")
                    let (values, columns) = try reader.floats(result)
                    #expect(columns == frontEnd.bands && values.allSatisfy(\.isFinite))
                }
            }
        }
    }

    /// The hop of the table of rows is that of the stage's own rate.
    @Test func hopsOfTheIndex() throws {
        let fixture = try PipelineFixture()
        try fixture.addClip("a", seconds: 0.5)
        for (preset, rate) in [("yamnet", 16_000), ("panns", 32_000)] {
            let yaml = Self.yaml(rate: rate, chunk: ["preset": preset], mel: ["preset": preset])
                .replacing("name: preset", with: "name: \(preset)")
            let session = try RunSession(
                pipeline: Self.load(yaml), manifest: fixture.manifest(), cache: fixture.cache())
            _ = try session.run(session.plan(), workers: 1, stop: StopSignal()) { _ in }
            try session.close()
        }
        var hops: [String: [Int64?]] = [:]
        try ShardIndex.forEach(fixture.cache().reading(), pipeline: nil) { hops[$0.kind, default: []].append($0.hop) }
        let wanted = [8000, FrontEndPreset.panns.frontEnd.chunk / 2].map { Int64?(Int64($0)) }
        #expect(hops == ["raw": wanted, "mel": wanted] && wanted[1] != 8000)
    }

    /// What was no parameter then stood at its default: it is no difference to be told.
    @Test func settingsOfBeforeThereWerePresets() throws {
        let now = PipelineSettings(try Self.load(Self.yaml(chunk: ["overlap": "0.75"], mel: ["offset": "0.01"])).graph)
        let text = PipelineSettings(try Self.load(Self.yaml()).graph).text
        let then = text.replacing(#","preset":"yamnet""#, with: "").replacing(#""preset":"yamnet""#, with: "")
        #expect(text.contains("preset") && !then.contains("preset"))
        let before = try #require(PipelineSettings(text: then))
        #expect(
            now.differences(from: before) == [
                "chunk.overlap was 0.5, is now 0.75", "mel.offset was not set, is now 0.01",
            ])
    }

    private static func names(_ ledger: Ledger) throws -> [Int64: String] {
        var names: [Int64: String] = [:]
        try ledger.forEachClip { names[$0.id] = $0.name }
        return names
    }

    @Test(arguments: [4000, 11_025, 48_000, 384_000]) func anyRate(rate: Int) throws {
        let fixture = try PipelineFixture()
        try fixture.addClip("a", seconds: 0.5)
        // A hundred frames of 160 samples.
        let yaml = Self.yaml(
            rate: rate, chunk: ["rate": "\(rate)", "seconds": "\(16_000 / Double(rate))"],
            mel: ["rate": "\(rate)", "high": "\(rate / 2)"])
        let session = try RunSession(pipeline: Self.load(yaml), manifest: fixture.manifest(), cache: fixture.cache())
        #expect(try session.run(session.plan(), workers: 1, stop: StopSignal()) { _ in }.result.done == 1)
    }

    /// What does not fit is refused with its line, what was found and what was expected.
    @Test(arguments: [
        (yaml(rate: 32_000), "p.yaml:5: stage 'chunk': its samples come at 32000 Hz, but preset 'yamnet' has 16000 Hz"),
        (
            yaml(rate: 3999),
            "p.yaml:4: 'rate' of stage 'resample' is '3999', expected a whole number from 4000 to 384000"
        ),
        (yaml(rate: 384_001), "p.yaml:4: 'rate' of stage 'resample' is '384001'"),
        (
            yaml(mel: ["preset": "panns"]),
            "p.yaml:6: stage 'mel': made for 32000 Hz, but the chunks are at 16000 Hz; expected a 'preset' in stage 'chunk'"
        ),
        (
            yaml(chunk: ["preset": "ast"], mel: ["hop": "7"]),
            "p.yaml:6: stage 'mel': a chunk begins every 5120.0 ms, expected a multiple of 0.4375 ms"
        ),
        (yaml(mel: ["patch": "99"]), "p.yaml:6: stage 'mel': a patch of 99 frames takes 16080 samples"),
        (yaml(mel: ["window": "600"]), "p.yaml:6: stage 'mel' (log-mel): 'window' is 600, expected 2 to the 512"),
        (
            yaml(mel: ["high": "9000"]),
            "p.yaml:6: stage 'mel' (log-mel): 'high' is 9000.0, expected above 125.0 to 8000.0"
        ),
        (yaml(mel: ["framing": "middle"]), "p.yaml:6: 'framing' of stage 'mel' is 'middle', expected one of left"),
        (
            yaml(chunk: ["seconds": "0.50001"]),
            "p.yaml:5: stage 'chunk' (chunk): 'seconds' is 0.50001, which is 8000.1"
        ),
        (yaml(chunk: ["preset": "vggish", "overlap": "0.01"]), "expected a whole number of samples"),
    ])
    func refused(yaml: String, message: String) {
        let fault = #expect(throws: PipelineError.self) { try Self.load(yaml) }
        #expect(fault?.description.contains(message) == true, "\(fault?.description ?? "")")
    }
}
