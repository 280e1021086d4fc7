import Evaluation
import Foundation
import Testing

/// Thresholds held against searches that try every threshold there is: one in Python, whose results are a fixture, one here.
@Suite struct CalibratorTests {
    private struct Golden: Decodable {
        struct Row: Decodable {
            let `class`: Int
            let goal: Double
            let positives: Int
            let reached: Int
            let threshold: Double?
            let counted: Int?
            let hits: Int?
            let interval: [Double]?
            let precision95: [Double]?
            let recall95: [Double]?
        }
        let resamples: Int
        let seed: UInt64
        let tables: [String: [Row]]
    }

    private func golden() throws -> Golden {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in
            let key = path[path.count - 1].stringValue
            return Key(stringValue: ["precision_95": "precision95", "recall_95": "recall95"][key] ?? key)
        }
        return try decoder.decode(
            Golden.self, from: Data(contentsOf: MetricFixture.folder.appendingPathComponent("calibration.json")))
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    @Test(arguments: ["smooth", "ties", "coarse"])
    func equalsTheReference(name: String) throws {
        let golden = try golden()
        let fixture = try MetricFixture.load(name)
        let rows = try #require(golden.tables[name])
        #expect(rows.count == 4 * fixture.known.count)
        for row in rows {
            let goal: ThresholdGoal = row.goal == 0 ? .bestF1 : .precision(row.goal)
            let calibrator = Calibrator(goal: goal, least: 1, resamples: golden.resamples, seed: golden.seed)
            let found = try calibrator.calibrate(fixture.table(), truth: fixture.labels()).classes[row.class]
            #expect(found.positives == row.positives && found.negatives == fixture.clips - row.positives)
            #expect((found.threshold != nil) == (row.reached == 1), "class \(row.class), \(goal)")
            guard let threshold = found.threshold else { continue }
            #expect(threshold.value == row.threshold, "class \(row.class), \(goal)")
            #expect(threshold.counts.counted == row.counted && threshold.counts.hits == row.hits)
            for (interval, expected) in [
                (threshold.interval, row.interval), (threshold.counts.precisionInterval, row.precision95),
                (threshold.counts.recallInterval, row.recall95),
            ] {
                let (interval, expected) = (try #require(interval), try #require(expected))
                #expect(abs(interval.low - expected[0]) < 1e-9 && abs(interval.high - expected[1]) < 1e-9)
            }
        }
    }

    /// F1, precision and recall of counting from a threshold, by looking at every clip.
    private func plain(_ scores: [Float], _ truth: [Bool], _ threshold: Double) -> (f1: Double, p: Double, r: Double) {
        var (hits, wrong, missed) = (0.0, 0.0, 0.0)
        for (score, isTrue) in zip(scores, truth) {
            let isCounted = Double(score) >= threshold
            if isCounted, isTrue { hits += 1 }
            if isCounted, !isTrue { wrong += 1 }
            if !isCounted, isTrue { missed += 1 }
        }
        return (2 * hits / (2 * hits + wrong + missed), hits / (hits + wrong), hits / (hits + missed))
    }

    private func one(_ scores: [Float], _ truth: [Bool], _ goal: ThresholdGoal) throws -> ClassCalibration {
        let table = try ScoreTable(
            classes: ["a"], scores: scores, seconds: [Double](repeating: 1, count: scores.count))
        var labels = LabelTable(classes: 1)
        for isTrue in truth { try labels.append(isTrue ? [0] : []) }
        return try Calibrator(goal: goal, least: 1, resamples: 0).calibrate(table, truth: labels).classes[0]
    }

    @Test("No threshold of all is better, and no higher one as good, whatever the scores")
    func bruteForce() throws {
        var state: UInt64 = 3
        func number(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var (reached, missed) = (0, 0)
        for round in 0..<400 {
            let clips = 2 + number(25)
            let levels = [2, 5, 40, 1 << 20][round % 4]
            // Some tables of neighbouring floats, between which nothing lies.
            let scores = (0..<clips).map { _ -> Float in
                let level = number(levels + 1)
                return round % 3 == 0
                    ? Float(bitPattern: Float(0.25).bitPattern + UInt32(level)) : Float(level) / Float(levels)
            }
            var truth = (0..<clips).map { _ in number(3) == 0 }
            truth[0] = true
            truth[1] = false
            // Every set of clips that a threshold can count: at each score and between any two.
            let sorted = Set(scores.map(Double.init)).sorted()
            let tries = sorted + zip(sorted, sorted.dropFirst()).map { ($0 + $1) / 2 }
            let all = tries.map { (threshold: $0, value: plain(scores, truth, $0)) }
            let f1 = try #require(one(scores, truth, .bestF1).threshold)
            let own = plain(scores, truth, f1.value)
            #expect(own.f1 == f1.counts.f1 && own.p == f1.counts.precision && own.r == f1.counts.recall)
            #expect(all.allSatisfy { $0.value.f1 <= own.f1 + 1e-12 })
            let counted = scores.filter { Double($0) >= f1.value }.count
            let asGood = all.filter { $0.value.f1 > own.f1 - 1e-12 }.map(\.threshold)
            #expect(asGood.allSatisfy { threshold in scores.count { Double($0) >= threshold } >= counted })
            // As a float it counts the same clips.
            #expect(scores.filter { $0 >= Float(f1.value) }.count == counted && (0...1).contains(f1.value))
            for least in [0.3, 0.5, 0.75, 0.9, 1] {
                let able = all.filter { $0.value.p >= least }
                let found = try one(scores, truth, .precision(least))
                guard let threshold = found.threshold else {
                    missed += 1
                    #expect(able.allSatisfy { $0.value.r == 0 } && found.outcome != .tooFewClips)
                    continue
                }
                reached += 1
                let own = plain(scores, truth, threshold.value)
                #expect(own.p >= least && own.r == able.map(\.value.r).max())
                #expect(able.filter { $0.value.r == own.r }.allSatisfy { $0.value.p <= own.p + 1e-12 })
            }
        }
        #expect(reached > 500 && missed > 100)
    }

    @Test("The threshold lies in the middle between two scores; below the last, between it and 0")
    func middle() throws {
        let found = try one([0.9, 0.8, 0.4, 0.1], [true, true, false, false], .bestF1).threshold
        #expect(found?.value == 0.6 && found?.interval == nil)
        #expect(try one([0.5, 0.5, 0.25], [true, false, true], .bestF1).threshold?.value == 0.125)
        #expect(try one([0, 0.5, 0], [true, false, false], .bestF1).threshold?.value == 0)
        let (low, high) = (Float(0.3), Float(0.3).nextUp)
        let tight = try #require(one([high, low], [true, false], .bestF1).threshold)
        #expect(tight.value > Double(low) && tight.value <= Double(high) && Float(tight.value) == high)
    }

    @Test("Too little truth and a precision that is never reached keep the default, and say why")
    func reasons() throws {
        let scores: [Float] = (0..<30).flatMap { [Float($0) / 30, 1 - Float($0) / 30, 0.5] }
        let table = try ScoreTable(
            classes: ["rare", "common", "wrong"], scores: scores, seconds: [Double](repeating: 1, count: 30))
        var labels = LabelTable(classes: 3)
        for clip in 0..<30 {
            try labels.append((clip < 9 ? [0] : []) + (clip < 21 ? [1] : []) + (clip % 3 == 0 ? [2] : []))
        }
        let calibration = try Calibrator(goal: .precision(0.9), resamples: 20).calibrate(table, truth: labels)
        #expect(calibration.found == 0 && calibration.least == 10)
        #expect(
            calibration.classes.map { $0.reason(in: calibration) } == [
                "9 clips with it, expected at least 10", "9 clips without it, expected at least 10",
                "no threshold has a precision of at least 0.9; the best has 0.3333",
            ])
        let text = calibration.json(coverage: Coverage(clips: 30, done: 30, failed: 0), truth: nil)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let rows = try #require(object["classes"] as? [[String: Any]])
        #expect(rows.count == 3 && rows[0]["threshold"] is NSNull && rows[2]["positives"] as? Int == 10)
        let easier = try Calibrator(goal: .bestF1, least: 9, resamples: 20).calibrate(table, truth: labels)
        #expect(easier.found == 3 && easier.classes[1].threshold?.counts.f1 == 1)
        #expect(try Calibrator(goal: .bestF1, least: 9, resamples: 20).calibrate(table, truth: labels) == easier)
        #expect(throws: EvaluationError.self) {
            let odd = try ScoreTable(classes: ["a"], scores: [1.5, 0.5], seconds: [1, 1])
            var truth = LabelTable(classes: 1)
            for row in [[0], []] { try truth.append(row) }
            _ = try Calibrator().calibrate(odd, truth: truth)
        }
    }

    @Test("Wilson's interval: from each end the share that was found lies 1.96 standard deviations off")
    func wilson() throws {
        for trials in [1, 2, 7, 10, 60, 5000] {
            for hits in Set([0, 1, trials / 3, trials / 2, trials - 1, trials]) {
                let interval = try #require(Interval.wilson(hits, of: trials))
                let share = Double(hits) / Double(trials)
                #expect(interval.low >= 0 && interval.low <= share && share <= interval.high && interval.high <= 1)
                for end in [interval.low, interval.high] where end > 0 && end < 1 {
                    let deviation = (end * (1 - end) / Double(trials)).squareRoot()
                    #expect(abs(abs(share - end) / deviation - 1.959963984540054) < 1e-9)
                }
            }
        }
        #expect(Interval.wilson(0, of: 0) == nil)
        // Brown, Cai and DasGupta's own way of telling it: 0 of 10 reaches to 0.278.
        #expect(abs((Interval.wilson(0, of: 10)?.high ?? 0) - 0.2775) < 1e-4)
    }
}
