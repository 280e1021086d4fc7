import Engines
import Errors
import Files
import Foundation
import TestSupport
import Testing

/// Real engines on graphs of a few hundred bytes, whose results are worked out here.
///
/// Most machines have no such engine, and this program needs none: so each engine's cases run where it is found.
@Suite(.enabled(if: !RealEngines.all.isEmpty, RealEngines.notice(.onnxRuntime, .openVINO, .liteRT)))
struct RealEngineTests {
    /// A graph and an engine that reads it.
    struct Case: Sendable, CustomTestStringConvertible {
        let kind: ForeignEngineKind
        let file: String
        var testDescription: String { "\(file) by \(kind.title)" }
    }

    private static func cases(_ name: String) -> [Case] {
        ForeignFormat.allCases.flatMap { format in
            let file = name + format.fileExtension
            guard FileSystem.isFile(path(file)) else { return [Case]() }
            return format.engines.filter(RealEngines.all.contains).map { Case(kind: $0, file: file) }
        }
    }

    private static func path(_ file: String) -> String {
        Fixture.repository.appending(path: "Tests/Fixtures/graphs/\(file)").path
    }

    private func graph(_ test: Case) throws -> any ForeignGraph {
        try #require(RealEngines.engine(test.kind)).load(Self.path(test.file))
    }

    /// The wanted outputs; nil for the others.
    private func run(
        _ runner: any ForeignRunner, _ inputs: [[Float]], wanted: Set<Int>? = nil
    ) throws -> [[Float]?] {
        let values = inputs.map { AlignedFloats($0) }
        let results = runner.outputShapes.enumerated().map { place, shape in
            wanted.map { $0.contains(place) } ?? true ? AlignedFloats(count: shape.reduce(1, *)) : nil
        }
        // The pointers alone would not keep the values alive.
        try withExtendedLifetime((values, results)) {
            try runner.run(inputs: values.map { UnsafePointer($0.pointer) }, outputs: results.map { $0?.pointer })
        }
        return results.map { result in result.map { result in (0..<result.count).map { result.pointer[$0] } } }
    }

    private static func rows(_ count: Int) -> [Float] {
        (0..<count * 4).map { Float(($0 * 37 + 11) % 64) / 8 - 4 }
    }

    private static let (factors, terms): ([Float], [Float]) = ([1, 2, 3, 4], [0.5, -0.5, 0.25, 0])

    @Test("Multiply and add, for any size of the open dimension, call after call", arguments: cases("multiply-add"))
    func multiplyAdd(_ test: Case) throws {
        let graph = try graph(test)
        #expect(graph.inputs == [ForeignTensor(name: "x", element: .float32, shape: [nil, 4])])
        #expect(graph.outputs == [ForeignTensor(name: "y", element: .float32, shape: [nil, 4])])
        for count in [1, 2, 16, 33] {
            let runner = try graph.makeRunner(inputShapes: [[count, 4]])
            #expect(runner.outputShapes == [[count, 4]])
            for shift in 0..<3 {
                let x = Self.rows(count).map { $0 + Float(shift) }
                let expected = x.enumerated().map { $1 * Self.factors[$0 % 4] + Self.terms[$0 % 4] }
                #expect(try run(runner, [x]) == [expected])
            }
        }
        #expect(throws: ForeignEngineError.self) { try graph.makeRunner(inputShapes: [[2, 5]]) }
        #expect(throws: ForeignEngineError.self) { try graph.makeRunner(inputShapes: [[1 << 30, 4]]) }
    }

    @Test("Runners of several threads do not disturb one another", arguments: cases("multiply-add"))
    func threads(_ test: Case) throws {
        let graph = try graph(test)
        let wrong = Mutexed(0)
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            do {
                let runner = try graph.makeRunner(inputShapes: [[thread + 1, 4]])
                for call in 0..<50 {
                    let x = Self.rows(thread + 1).map { $0 + Float(call) }
                    let expected = x.enumerated().map { $1 * Self.factors[$0 % 4] + Self.terms[$0 % 4] }
                    if try run(runner, [x]) != [expected] { wrong.add(1) }
                }
            } catch { wrong.add(1000) }
        }
        #expect(wrong.value == 0)
    }

    @Test("Two outputs, one of int64; an output that is not wanted is left out", arguments: cases("two-outputs"))
    func twoOutputs(_ test: Case) throws {
        let graph = try graph(test)
        #expect(graph.outputs.map(\.name) == ["y", "place"])
        #expect(graph.outputs.map(\.element) == [.float32, .int64])
        let runner = try graph.makeRunner(inputShapes: [[3, 4]])
        #expect(runner.outputShapes == [[3, 4], [3]])
        let x: [Float] = [1, 5, 2, 0, -1, -2, -3, -4, 0, 0, 0, 7]
        let y = x.enumerated().map { $1 * Self.factors[$0 % 4] }
        #expect(try run(runner, [x]) == [y, [1, 0, 3]])
        #expect(try run(runner, [x], wanted: [1]) == [nil, [1, 0, 3]])
        #expect(try run(runner, [x.map { -$0 }], wanted: [0]) == [y.map { -$0 }, nil])
        #expect(try run(runner, [x], wanted: []) == [nil, nil])
    }

    @Test("Values of every type pass through", arguments: cases("types"))
    func types(_ test: Case) throws {
        let graph = try graph(test)
        #expect(graph.inputs.map(\.element) == [.float16, .int8, .uint8, .int64, .bool])
        let runner = try graph.makeRunner(inputShapes: Array(repeating: [1, 4], count: 5))
        let values: [[Float]] = [
            [0.5, -2, 1024, 0], [-128, 127, 0, 1], [0, 255, 7, 1], [-9, 1_048_576, 0, 3], [0, 1, 1, 0],
        ]
        #expect(try run(runner, values) == values)
        var wrong = values
        wrong[1][0] = 128
        #expect(throws: ForeignEngineError.self) { try run(runner, wrong) }
    }

    @Test("A quantised graph takes and gives real numbers, or is refused", arguments: cases("quantised"))
    func quantised(_ test: Case) throws {
        guard test.kind == .liteRT else {
            let error = #expect(throws: ForeignEngineError.self) { try graph(test) }
            #expect(error.map { "\($0)".contains("LiteRT") } == true)
            return
        }
        let runner = try graph(test).makeRunner(inputShapes: [[2, 4]])
        #expect(runner.outputShapes == [[8]])
        let values: [Float] = [0, 0.5, -1, 10, -20.5, 62, -65.5, 1.5]
        #expect(try run(runner, [values]) == [values])
    }

    @Test("What is not a number comes back as such", arguments: cases("square-root"))
    func notANumber(_ test: Case) throws {
        let runner = try graph(test).makeRunner(inputShapes: [[1, 4]])
        let found = try #require(try run(runner, [[4, -1, 0, 9]])[0])
        #expect(found[0] == 2 && found[1].isNaN && found[2] == 0 && found[3] == 3)
    }

    @Test("An unknown operator is an error of one line with the engine's words", arguments: cases("unknown-operator"))
    func unknownOperator(_ test: Case) throws {
        let error = #expect(throws: ForeignEngineError.self) {
            try graph(test).makeRunner(inputShapes: [[1, 4]])
        }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.hasPrefix(Self.path(test.file) + ": \(test.kind.title) "), "\(text)")
        #expect(text.contains("Mystery") && !text.contains { $0.isNewline }, "\(text)")
    }

    @Test("An absurd shape is refused as it stands in the file", arguments: cases("absurd-shape"))
    func absurdShape(_ test: Case) throws {
        let error = #expect(throws: (any Error).self) { try graph(test) }
        #expect(error.map { "\($0)".hasPrefix(Self.path(test.file) + ": ") } == true, "\(String(describing: error))")
    }

    @Test("A file cut short anywhere is an error, or still a graph; never a crash", arguments: cases("multiply-add"))
    func truncated(_ test: Case) throws {
        let engine = try #require(RealEngines.engine(test.kind))
        let folder = try TemporaryFolder()
        let bytes = try FileSystem.read(Self.path(test.file))
        if test.file.hasSuffix(".xml") {
            try folder.put("g.bin", FileSystem.read(Self.path("multiply-add.bin")))
        }
        var refused = 0
        for cut in Array(stride(from: 0, to: bytes.count, by: max(1, bytes.count / 40))) + [bytes.count - 1] {
            let path = try folder.put(
                "g" + (test.file.firstRange(of: ".").map { test.file[$0.lowerBound...] } ?? ""), Array(bytes[..<cut]))
            do { _ = try engine.load(path).makeRunner(inputShapes: [[2, 4]]) } catch {
                #expect(error is any EarmarkError && "\(error)".hasPrefix(path + ": "), "\(error)")
                refused += 1
            }
        }
        #expect(refused > 20)
    }

    @Test("A missing file is an error of that file", arguments: RealEngines.all)
    func missing(_ kind: ForeignEngineKind) throws {
        let engine = try #require(RealEngines.engine(kind))
        let path = "/nowhere/g" + kind.formats[0].fileExtension
        let error = #expect(throws: (any Error).self) { try engine.load(path) }
        #expect(error.map { "\($0)".hasPrefix(path + ": ") } == true, "\(String(describing: error))")
    }
}

/// A number that several threads change.
private final class Mutexed: @unchecked Sendable {
    private let lock = NSLock()
    private var number: Int
    init(_ number: Int) { self.number = number }
    func add(_ more: Int) { lock.withLock { number += more } }
    var value: Int { lock.withLock { number } }
}
