import Evaluation
import Foundation

/// A table with its metrics by their definitions, made by Scripts/fixtures/make.py.
struct MetricFixture: Decodable {
    var clips: Int
    var classes: Int
    var scores: [Float]
    var truth: [Int]
    var known: [Int]
    var ap: [Double]
    var auc: [Double]
    var bestF1: [Double]
    var bestThreshold: [Double]
    var mAP: Double
    var aucMacro: Double
    var dPrime: Double
    var microAP: Double
    var lwlrap: Double
    var top1: Double
    var mean: [Double]
    var deviation: [Double]
    var quantiles: [[Double]]
    var clipsAbove: [Int]

    enum CodingKeys: String, CodingKey {
        case clips, classes, scores, truth, known, ap, auc, mAP, lwlrap, top1, mean, deviation, quantiles
        case bestF1 = "best_f1"
        case bestThreshold = "best_threshold"
        case aucMacro = "auc_macro"
        case dPrime = "d_prime"
        case microAP = "micro_ap"
        case clipsAbove = "clips_above"
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/evaluation")

    static func load(_ name: String) throws -> MetricFixture {
        try JSONDecoder().decode(
            MetricFixture.self, from: Data(contentsOf: folder.appendingPathComponent(name + ".json")))
    }

    func table() throws -> ScoreTable {
        try ScoreTable(
            classes: (0..<classes).map { "class \($0)" }, scores: scores,
            seconds: [Double](repeating: 36, count: clips))
    }

    func labels() throws -> LabelTable {
        var table = LabelTable(classes: classes)
        for clip in 0..<clips { try table.append((0..<classes).filter { truth[clip * classes + $0] == 1 }) }
        return table
    }
}
