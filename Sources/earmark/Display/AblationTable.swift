import Engines
import Evaluation
import Files
import Foundation
import Models
import Training

/// The paper's table: each variant with and without overlap, in floats and in int8, with the size of its file.
struct AblationTable {
    private struct Row {
        let variant: String
        let precision: String
        let megabytes: Double
        let overlap: Double
        let truth: SummaryReport.Truth
    }

    let judge: ModelEvaluator
    let models: [String]
    let overlap: Double

    func print(json: Bool) throws {
        let scratch = NSTemporaryDirectory() + "/earmark-" + UUID().uuidString
        try FileSystem.makeFolder(scratch)
        defer { try? FileSystem.remove(scratch) }
        var rows: [Row] = []
        for (index, path) in models.enumerated() {
            var files = [path]
            if try !ModelFile(path: path).isQuantized {
                files.append("\(scratch)/\(index).safetensors")
                try ModelQuantizer.quantize(from: path, to: files[1])
            }
            for file in files { rows += try evaluate(file) }
        }
        if json { printJSON(rows) } else { printTable(rows) }
    }

    private func evaluate(_ file: String) throws -> [Row] {
        let header = try ModelFile(path: file)
        let engine = try EngineRegistry.standard.load(file)
        var overlaps = [overlap]
        if overlap != 0 { overlaps.append(0) }
        return try overlaps.compactMap { overlap in
            guard let truth = try judge.report(engine, overlap: overlap).truth else { return nil }
            return Row(
                variant: engine.model.network, precision: engine.model.precision,
                megabytes: Double(header.size) / 1e6, overlap: overlap, truth: truth)
        }
    }

    private func printTable(_ rows: [Row]) {
        StandardStream.output.line(
            "variant            precision      MB  overlap     mAP   (95 %)               d'   lwlrap   top-1")
        for row in rows {
            let interval = row.truth.meanAveragePrecisionInterval.map {
                "\(Figures.fixed($0.low, 4))-\(Figures.fixed($0.high, 4))"
            }
            let top = row.truth.singleLabelClips > 0 ? Figures.fixed(row.truth.topOneAccuracy, 4) : "-"
            let cells: [(String, Int)] = [
                (row.variant, 18), (row.precision, 9), (left(Figures.fixed(row.megabytes, 2), 7), 7),
                (left("\(Int((row.overlap * 100).rounded())) %", 8), 8),
                (left(Figures.fixed(row.truth.meanAveragePrecision, 4), 7), 7), (interval ?? "", 15),
                (left(Figures.fixed(row.truth.dPrime, 2), 6), 6), (left(Figures.fixed(row.truth.lwlrap, 4), 7), 7),
                (left(top, 6), 6),
            ]
            StandardStream.output.line(
                cells.map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  "))
        }
    }

    private func left(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Formats a metric as JSON; null if it is not defined.
    private func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }

    private func printJSON(_ rows: [Row]) {
        let objects = rows.map {
            #"{"variant":"\#($0.variant)","precision":"\#($0.precision)","megabytes":\#(Figures.fixed($0.megabytes, 3)),"#
                + #""overlap":\#($0.overlap),"mAP":\#(number($0.truth.meanAveragePrecision)),"#
                + #""d_prime":\#(number($0.truth.dPrime)),"lwlrap":\#(number($0.truth.lwlrap)),"#
                + #""top_1":\#(number($0.truth.topOneAccuracy))}"#
        }
        StandardStream.output.line("[" + objects.joined(separator: ",\n ") + "]")
    }
}
