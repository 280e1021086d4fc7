import ArgumentParser
import Corpora
import Evaluation
import Models
import Results
import Wording

extension ModelCommand {
    /// A separate command rather than an option of `calibrate`: a table is often reviewed, edited by hand or combined
    /// from several before it goes into a model, and looking at a model's scores must not change the model.
    struct SetThresholds: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-thresholds", abstract: "Write a model that recommends thresholds for its classes.",
            discussion: """
                'export', 'stats' and 'evaluate' use the thresholds that a model recommends unless they are given \
                others. Thresholds change no score: caches made with the model stay valid, and record the new \
                thresholds at their next run. The model's earlier thresholds are removed; a table without any \
                threshold leaves the model with none. A named model that is not on this machine is fetched.

                EXAMPLE  earmark model set-thresholds lean.safetensors thresholds.csv lean-calibrated.safetensors
                """)

        @Argument(help: "A model file, or a model's name.", completion: .safetensors) var input: String
        @Argument(
            help: ArgumentHelp("Thresholds by class, as 'earmark calibrate' writes them.", valueName: "csv"),
            completion: .csv) var thresholds: String
        @Argument(help: "Model file to write; it may be the input.", completion: .safetensors) var output: String

        func run() throws {
            try OutputPath.check(output)
            let file = try ModelFile(path: NamedModels(absent: .fetch).file(input))
            let names = ClassNames(file.metadata.classes, identifiers: file.metadata.identifiers)
            let table = try ThresholdTable(contentsOf: thresholds, classes: names)
            try ModelFileWriter.rewrite(file, thresholds: table.layer.values, to: output)
            try ModelCommand.tell(output)
        }
    }
}
