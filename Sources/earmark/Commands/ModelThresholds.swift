import ArgumentParser
import Corpora
import Evaluation
import Models
import Results
import Wording

extension ModelCommand {
    /// A command of its own, and no option of `calibrate`: a table is often looked through, edited by hand or put together
    /// of several before it goes into a model, and a model is not to change because of a look at its scores.
    struct SetThresholds: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-thresholds", abstract: "Write a model that recommends thresholds for its classes.",
            discussion: """
                'export', 'stats' and 'evaluate' take the thresholds that a model recommends where they are given no others. \
                They change no score: caches that were made with the model go on, and learn them at their next run. Those \
                that the model had go; a table without any threshold leaves it without.

                EXAMPLE  earmark model set-thresholds lean.safetensors thresholds.csv lean-calibrated.safetensors
                """)

        @Argument(help: "A model file.", completion: .safetensors) var input: String
        @Argument(
            help: ArgumentHelp("Thresholds by class, as 'earmark calibrate' writes them.", valueName: "csv"),
            completion: .csv) var thresholds: String
        @Argument(help: "Model file to write; it may be the same.", completion: .safetensors) var output: String

        func run() throws {
            try OutputPath.check(output)
            let file = try ModelFile(path: input)
            let names = ClassNames(file.metadata.classes, identifiers: file.metadata.identifiers)
            let table = try ThresholdTable(contentsOf: thresholds, classes: names)
            try ModelFileWriter.rewrite(file, thresholds: table.layer.values, to: output)
            try ModelCommand.tell(output)
        }
    }
}
