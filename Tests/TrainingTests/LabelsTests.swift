import Corpora
import Files
import Foundation
import Tables
import TestSupport
import Testing
import Training

/// What is refused before a training starts.
struct LabelsTests {
    private func message(_ rows: [(String, [String], String)], classes: [String]? = nil) throws -> String {
        let text =
            "clip,path,labels,split\n"
            + rows.map { "\($0.0),\($0.0).wav,\"\($0.1.joined(separator: ","))\",\($0.2)\n" }.joined()
        let manifest = try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: "/")
        do {
            let clips = try Labels.clips(manifest, split: "train")
            let labels = classes.map { Labels(classes: $0) } ?? Labels.found(in: clips)
            try labels.check(clips, manifest: manifest, split: "train", isTraining: true)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("A clip without a label, an unknown label, a class without a clip, one class, an empty split")
    func refusals() throws {
        let good = [("a", ["X"], "train"), ("b", ["Y", "X"], "train"), ("c", [], "eval")]
        #expect(try message(good) == "")
        #expect(try message(good + [("d", [], "train")]).contains(":5: clip 'd'"))
        #expect(try message(good, classes: ["X", "Z"]).contains("label 'Y' of clip 'b'"))
        #expect(try message(good, classes: ["X", "Y", "Z"]).contains("class 'Z' has no clip"))
        #expect(try message([("a", ["X"], "train")]).contains("one class 'X'"))
        #expect(try message([("a", ["X"], "eval")]).contains("no clip of split 'train'"))
    }

    @Test("Names alone are checked without a split or a count of clips; identifiers only where they are wanted")
    func names() throws {
        let text = "clip,path,labels\na,a.wav,X\nb,b.wav,\nc,c.wav,/m/2\n"
        let manifest = try Manifest(bytes: Array(text.utf8), file: "m.csv", folder: "/")
        let clips = try Labels.clips(manifest, split: nil)
        let labels = Labels(classes: ["X", "Y"], ids: ["/m/1", "/m/2"])
        #expect(throws: Never.self) { try labels.checkNames(clips, manifest: manifest) }
        let error = #expect(throws: TableError.self) {
            try labels.checkNames(clips, manifest: manifest, identifiers: false)
        }
        #expect(error.map { "\($0)".contains("m.csv:4: found label '/m/2' of clip 'c'") } == true)
    }

    @Test("Classes from names or FSD50K's vocabulary; a class twice is refused with its line")
    func classFiles() throws {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let folder = temporary.path
        func labels(_ text: String) throws -> Labels {
            try FileSystem.write(folder + "/c.csv") { try $0(Array(text.utf8)[...]) }
            return try Labels(file: folder + "/c.csv")
        }
        #expect(try labels("B\nA\n").classes == ["B", "A"])
        let vocabulary = try labels("0,Accelerating,/m/07q2z82\n1,Bark,/m/05tny_\n")
        #expect(vocabulary.classes == ["Accelerating", "Bark"] && vocabulary.ids == ["/m/07q2z82", "/m/05tny_"])
        #expect { _ = try labels("A\nB\nA\n") } throws: { "\($0)".contains(":3: ") }
    }

    @Test("Settings say what was expected")
    func settings() {
        var settings = TrainingSettings()
        #expect(settings.set("epochs", "12") == nil && settings.options.epochs == 12)
        #expect(settings.set("learning-rate", "3e-4") == nil && settings.options.learningRate == 3e-4)
        #expect(settings.set("freeze-trunk", "true") == nil && settings.options.freezesTrunk)
        #expect(settings.set("silence", "unlabelled") == nil && settings.options.silence == .unlabelled)
        #expect(settings.set("averaging", "swa") == nil && settings.options.averaging == .swa)
        #expect(settings.set("spec-augment", "true") == nil && settings.options.masksPatches)
        #expect(settings.set("sampling", "balanced") == nil && settings.options.sampling == .balanced)
        #expect(settings.set("teacher", "t.scores") == nil && settings.options.teacher == "t.scores")
        #expect(settings.set("wave-scale", "rms") == nil && settings.options.waveScale == .rms)
        #expect(settings.set("attention-scale", "1") == nil && settings.options.attentionScale == 1)
        for (name, text) in [
            ("averaging", "mean"), ("averaging-decay", "1"), ("averaging-start", "0"), ("spec-augment", "1"),
            ("sampling", "none"), ("teacher", ""), ("teacher-weight", "1.1"), ("encoder-rate", "-1"),
            ("wave-scale", "peak"), ("attention-scale", "0"),
            ("silence", "none"), ("epochs", "0"), ("epochs", "many"), ("mixup", "2"), ("overlap", "0.333"),
            ("architecture", "resnet"),
            ("learning-rate", "nan"), ("speed", "9"), ("schedule", "steps"), ("seed", "-1"),
        ] { #expect(settings.set(name, text) != nil, "\(name) \(text)") }
        for name in TrainingSettings.names {
            #expect(settings.set(name, "x")?.contains("expected one of architecture") != true)
        }
    }
}
