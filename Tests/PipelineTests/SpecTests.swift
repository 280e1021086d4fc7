import Pipeline
import Testing

@Suite struct SpecTests {
    /// A specification, and what the refusal must say.
    static let broken: [(String, String)] = [
        ("", "f.yaml:1: the file is empty"),
        ("- a", "expected a mapping"),
        ("name: x\nstages:\n  a: {uses: count\n  b: 1", "not YAML"),
        ("name: x\nspeed: 3\nstages: {a: {uses: count}}", "f.yaml:2: unknown key 'speed'"),
        ("stages: {a: {uses: count}}", "'name' is missing"),
        ("name: x", "'stages' is missing"),
        ("name: x\nstages:\n  a: {from: b}", "f.yaml:3: stage 'a' does not say what it 'uses'"),
        ("name: x\nstages:\n  a: {uses: count}\n  a: {uses: count}", "'a' stands twice"),
        ("name: x\nstages:\n  a: {uses: count, rate: [1, 2]}", "f.yaml:3: 'rate' of stage 'a' must be a single value"),
        ("name: x\nstages:\n  a b: {uses: count}", "f.yaml:3: a stage's name"),
    ]

    @Test(arguments: broken)
    func refusesWithFileAndLine(yaml: String, expected: String) {
        #expect {
            try SpecParser.parse(yaml: yaml, file: "f.yaml")
        } throws: { "\($0)".contains(expected) }
    }

    @Test("A few lines that unfold into billions of values are refused, and so is what is nested without end")
    func refusesWhatUnfolds() {
        let names = Array("abcdefghij")
        var bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        for (inner, outer) in zip(names, names.dropFirst()) {
            bomb += "\(outer): &\(outer) [\(Array(repeating: "*\(inner)", count: 10).joined(separator: ", "))]\n"
        }
        for (yaml, words) in [
            (bomb, "unfolds into more than"),
            ("name: " + String(repeating: "[", count: 200) + String(repeating: "]", count: 200), "nested more than"),
        ] {
            #expect {
                try SpecParser.parse(yaml: yaml, file: "f.yaml")
            } throws: { "\($0)".contains(words) && "\($0)".hasPrefix("f.yaml:") }
        }
    }

    /// A graph that cannot be, and what the refusal must say.
    static let wrong: [(String, String)] = [
        ("a: {uses: conut}", "f.yaml:3: stage 'a' uses 'conut', expected one of count, frame"),
        (
            "a: {uses: count}\n  b: {uses: total, from: a}",
            "f.yaml:4: stage 'b' (total) takes scores or mel, but 'a' gives audio"
        ),
        ("a: {uses: scale, from: b}", "takes from 'b', which is not a stage"),
        ("a: {uses: scale}", "needs 'from' with audio"),
        ("a: {uses: count, by: 3}", "has no parameter 'by', expected none"),
        (
            "a: {uses: count}\n  b: {uses: scale, from: a, by: 300}",
            "f.yaml:4: 'by' of stage 'b' is '300', expected a number from 0.0 to 100.0"
        ),
        ("a: {uses: scale, from: b}\n  b: {uses: scale, from: a}", "in a cycle: a, b"),
        ("a: {uses: count}\n  b: {uses: scale, from: a.left}", "has no output 'left', expected one of audio"),
        ("a: {uses: count}", "no stage keeps anything: expected at least one that uses keep or total"),
    ]

    @Test(arguments: wrong)
    func refusesAWrongGraph(stages: String, expected: String) throws {
        let spec = try SpecParser.parse(yaml: "name: x\nstages:\n  \(stages)", file: "f.yaml")
        #expect {
            try GraphBuilder(spec, definitions: FakeStages.definitions, digestOfFile: { $0 }).build()
        } throws: { "\($0)".contains(expected) }
    }

    @Test func setChangesOneParameterAndNothingElse() throws {
        let plain = try FakeStages.graph()
        let changed = try FakeStages.graph(sets: ["scale.by=3"])
        #expect(changed.nodes.first { $0.name == "scale" }?.parameters["by"] == "3.0")
        #expect(plain.nodes[0].fingerprint == changed.nodes[0].fingerprint)
        #expect(plain.fingerprint != changed.fingerprint)
        #expect(throws: PipelineError.self) { try FakeStages.graph(sets: ["nothing.by=3"]) }
        #expect(throws: PipelineError.self) { try FakeStages.graph(sets: ["by=3"]) }
    }

    @Test func fingerprintFollowsWhatAffectsResultsOnly() throws {
        let plain = try FakeStages.graph().fingerprint
        #expect(try FakeStages.graph(sets: ["scale.speed=9"]).fingerprint == plain)
        #expect(try FakeStages.graph(sets: ["scale.by=2.0"]).fingerprint == plain)
        #expect(try FakeStages.graph(sets: ["scale.table=other"]).fingerprint != plain)
    }

    @Test func stagesMayStandInAnyOrder() throws {
        let lines = FakeStages.yaml.split(separator: "\n")
        let turned = (lines[..<2] + lines[2...].reversed()).joined(separator: "\n")
        #expect(try FakeStages.graph(turned).fingerprint == FakeStages.graph().fingerprint)
    }
}
