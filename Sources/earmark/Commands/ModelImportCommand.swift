import ArgumentParser
import Errors
import Files
import Foundation
import Models
import Wording

extension ModelCommand {
    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read another program's weights, or complete a model card for any file.",
            discussion: """
                With --card the file is copied beside --out under the name that the card has for it, with the card's \
                list of classes, and its SHA-256 is written into the card, which is then compared with the file if \
                there is an engine that reads it. Without --card it is YAMNet's or VGGish's file.

                The file's first bytes tell which it is. YAMNet is Google's TensorFlow Lite file, dequantised to float32.

                VGGish is a state dictionary under the names of torchvggish (features.0.weight), as safetensors or as \
                torch.save writes it since PyTorch 1.6; nothing in it is ever run. It gives embeddings of 128 values. \
                With --pca they are whitened, clipped to -2 to 2 and quantised to whole numbers of 0 to 255, as those \
                that came with AudioSet.

                EXAMPLE  earmark model import yamnet.tflite --classes yamnet_class_map.csv --out yamnet.safetensors
                EXAMPLE  earmark model import vggish.pth --out vggish.safetensors
                EXAMPLE  earmark model import net.onnx --card panns-cnn14 --out Models/cnn14.yaml
                """)

        @Argument(
            help: "The TensorFlow Lite file, or the state dictionary; with --card, a file that an engine reads.",
            completion: .file(extensions: ["tflite", "pth", "pt", "safetensors", "onnx", "xml"])) var file: String
        @Option(
            help: ArgumentHelp("Model card to complete, or the name of one.", valueName: "yaml"), completion: .yaml)
        var card: String?
        @Option(
            help: ArgumentHelp(
                "Class map: index,mid,display_name (default: the list in the official file, or beside the card).",
                valueName: "csv"), completion: .csv)
        var classes: String?
        @Option(
            help: ArgumentHelp(
                "State dictionary with pca_eigen_vectors and pca_means, which may be the same file.", valueName: "file"),
            completion: .file(extensions: ["pth", "pt", "safetensors"]))
        var pca: String?
        @Option(
            help: ArgumentHelp(
                """
                Whose embeddings VGGish gives: google (no activation, quantised by dropping the fraction) or \
                torchvggish (ReLU, quantised by rounding).
                """, valueName: "program"),
            completion: .list(VGGishRelease.allCases.map(\.rawValue)))
        var release: String?
        @Option(
            help: ArgumentHelp("Model file to write; with --card, the card.", valueName: "path"), completion: .model)
        var out: String
        @Flag(help: "Replace the file if it exists.") var force = false

        func validate() throws {
            guard release.map({ VGGishRelease(rawValue: $0) != nil }) ?? true else {
                throw ValidationError(
                    "--release is '\(release ?? "")', expected one of "
                        + VGGishRelease.allCases.map(\.rawValue).joined(separator: ", "))
            }
        }

        func run() throws {
            try OutputPath.check(out)
            try OutputPath.checkIsNew(out, force: force)
            if let card {
                try refuse(["--pca": pca, "--release": release], "VGGish")
                try complete(card)
            } else if try ForeignFile.isTensorFlowLite(file) {
                try refuse(["--pca": pca, "--release": release], "VGGish")
                try importYAMNet()
            } else {
                try refuse(["--classes": classes], "YAMNet")
                let report = try VGGishImporter.importModel(
                    file, pca: pca, release: release.flatMap(VGGishRelease.init) ?? .google, to: out)
                if !report.leftOut.isEmpty {
                    say(
                        "left out: \(report.leftOut.joined(separator: ", ")); --pca \(file) takes them along")
                }
            }
            try ModelCommand.tell(out)
        }

        /// Writes the card, complete, with its files beside it.
        private func complete(_ card: String) throws {
            guard ModelCard.isCard(out) else {
                throw CommandError(.usage, at: out, "is not the name of a card, expected one that ends in .yaml")
            }
            let template = try NamedModels(absent: .refuse, quiet: true).file(card)
            guard ModelCard.isCard(template) else {
                throw CommandError(.badInput, at: template, "is not a model card, expected a file that ends in .yaml")
            }
            let copied = try CardImport.write(
                template, file: file, classes: classes, to: out, check: CardComparison.check)
            for path in copied {
                say("earmark: copied \(TerminalText.plain(path))")
            }
        }

        private func importYAMNet() throws {
            if let classes {
                return try YAMNetImporter.importModel(tflite: file, classes: classes, to: out)
            }
            let list = try LabelList.classMap(in: Data(try FileSystem.read(file)), of: file)
            try ModelFetch.inScratch { scratch in
                try FileSystem.write(scratch + "/classes.csv") { try $0(list[...]) }
                try YAMNetImporter.importModel(tflite: file, classes: scratch + "/classes.csv", to: out)
            }
        }

        /// - Throws: `CommandError` of category `usage` if an option is given that is for the other network.
        private func refuse(_ options: [String: String?], _ network: String) throws {
            for (option, value) in options.sorted(by: { $0.key < $1.key }) where value != nil {
                throw CommandError(
                    .usage,
                    "\(option) is for \(network), but \(file) is another network's; expected the command without it")
            }
        }
    }
}
