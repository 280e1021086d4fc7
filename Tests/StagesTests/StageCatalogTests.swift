import Foundation
import Pipeline
import Stages
import TestSupport
import Testing

/// What is registered, held against what users read of it.
@Suite struct StageCatalogTests {
    private static let definitions = StageCatalog.definitions

    private static func docs() throws -> String {
        try String(contentsOf: Fixture.repository.appending(path: "Docs/Pipelines.md"), encoding: .utf8)
    }

    @Test func namesAreTheirOwnAndPlain() {
        let names = Self.definitions.map(\.name)
        #expect(Set(names).count == names.count)
        for definition in Self.definitions {
            for name in [definition.name] + definition.parameters.map(\.key) + definition.outputs.map(\.port) {
                #expect(name.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*/) != nil, "\(name)")
            }
            #expect(Set(definition.parameters.map(\.key)).count == definition.parameters.count)
        }
    }

    @Test func everyParameterHasHelpAndADefaultThatFits() {
        for definition in Self.definitions {
            for parameter in definition.parameters {
                #expect(
                    !parameter.help.isEmpty && !parameter.help.hasSuffix("."), "\(definition.name).\(parameter.key)")
                if let fallback = parameter.fallback {
                    #expect(parameter.canonical(fallback) == fallback, "\(definition.name).\(parameter.key)")
                }
            }
        }
    }

    @Test("Docs/Pipelines.md has each kind, what it takes and gives, its parameters with their defaults and choices")
    func everyKindIsDocumented() throws {
        let docs = try Self.docs()
        let settings = try #require(docs.firstRange(of: "Settings that override the preset's"))
        let words = Set(docs[settings.upperBound...].prefix(600).split { !($0.isLetter || $0.isNumber || $0 == "-") })
        // The first table; that of the train section has no stages.
        let stages = docs.prefix(upTo: try #require(docs.firstRange(of: "## ")).lowerBound)
        let rows = stages.split(separator: "\n").filter { $0.hasPrefix("| `") }.map {
            $0.split(separator: "|", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
        }
        #expect(rows.map { $0[1] } == Self.definitions.map { "`\($0.name)`" })
        for (row, definition) in zip(rows, Self.definitions) {
            let (takes, gives, parameters) = (row[2], row[3], row[4])
            for type in definition.inputs.flatMap(\.types) { #expect(takes.contains(type.rawValue), "\(row)") }
            for type in definition.outputs.compactMap(\.type) { #expect(gives.contains(type.rawValue), "\(row)") }
            for parameter in definition.parameters {
                guard parameters.contains("`\(parameter.key)`") || parameters.contains("`\(parameter.key): ") else {
                    #expect(words.contains(Substring(parameter.key)), "\(definition.name).\(parameter.key)")
                    continue
                }
                if let fallback = parameter.fallback {
                    #expect(
                        parameters.contains("`\(parameter.key): \(fallback)"), "\(definition.name).\(parameter.key)")
                }
                if case .choice(let names) = parameter.kind {
                    for name in names { #expect(parameters.contains(name), "\(definition.name).\(parameter.key)") }
                }
            }
        }
    }

    /// The ledger has a row for what a stage keeps; the graph knows which stages keep something.
    @Test func whatPersistsIsKept() throws {
        let pipeline = try PipelineLoader.load(
            path: Fixture.repository.appending(path: "Pipelines/label.yaml").path, sets: [])
        let kept = pipeline.graph.nodes.map { pipeline.kept(by: $0) }
        #expect(kept.map { $0 != nil } == pipeline.graph.nodes.map(\.definition.persists))
        #expect(kept.compactMap { $0 } == [.chunks, .mel, .scores, .clipScores])
    }

    /// Each kind has its file, and in it its definition, its preparation and its operator.
    @Test func aKindIsOneFile() throws {
        let folder = Fixture.repository.appending(path: "Sources/Stages").path
        var found: [String: String] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
            if file != "StageKind.swift", text.contains(": StageKind {") { found[file] = text }
        }
        #expect(found.count == Self.definitions.count)
        for (file, text) in found {
            let kinds = Self.definitions.filter { text.contains("name: \"\($0.name)\"") }
            #expect(kinds.count == 1 && file.hasSuffix("Stage.swift"), "\(file)")
            for part in ["static let definition", "static func prepare", "func makeOperator", "Operator: "] {
                #expect(text.contains(part), "\(file): \(part)")
            }
            // No kind knows another by name.
            let own = kinds.first?.name
            for other in Self.definitions where other.name != own {
                #expect(!text.contains("\"\(other.name)\""), "\(file) names '\(other.name)'")
            }
        }
    }
}
