import ArgumentParser
import Cache
import Errors
import Foundation
import Models
import Training

struct TrainHeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "head", abstract: "Train a classifier on a model's cached embeddings, in seconds.",
        discussion: """
            The cache must hold embeddings, as a run of embeddings.yaml leaves them; nothing is decoded. The manifest's \
            labels are the classes, and a clip may have several. The strength of the L2 penalty is the one with the least \
            loss on the validation split, or, without one, in cross-validation. The head is then a model like any other, as \
            long as its base, the model that made the embeddings, is on this machine: it is found by its digest.

            If the manifest has the test split, the head is evaluated on it, as 'evaluate' does.

            EXAMPLE  earmark train head --cache c --manifest m.csv --out head.safetensors
            EXAMPLE  earmark run head.yaml --manifest all.csv --cache c --set head.model=head.safetensors
            """)

    @OptionGroup var cache: CacheOption
    @Option(help: ArgumentHelp("Clips with labels and splits.", valueName: "csv"), completion: .csv)
    var manifest: String
    @Option(help: ArgumentHelp("Head to write.", valueName: "safetensors"), completion: .safetensors) var out: String
    @Flag(help: "Replace the head if it exists.") var force = false
    @Option(help: ArgumentHelp("Pipeline whose embeddings to use (default: the last).", valueName: "name"))
    var pipeline: String?
    @Option(help: ArgumentHelp("Its stage that keeps them, if there are several.", valueName: "name"))
    var stage: String?

    @Option(help: ArgumentHelp("Split to train on; may be repeated (default: train).", valueName: "name"))
    var trainSplit: [String] = []
    @Option(help: ArgumentHelp("Split by which the L2 penalty is chosen, if it has clips.", valueName: "name"))
    var validationSplit = "val"
    @Option(help: ArgumentHelp("Split to evaluate on, if it has clips.", valueName: "name")) var testSplit = "eval"
    @Option(
        help: ArgumentHelp(
            "Cross-validate instead: a number of folds, 'split', or a column of the manifest.",
            valueName: "folds"))
    var folds: String?
    @Option(
        help: ArgumentHelp("Classes in order, one per line: a name or index,label,mid.", valueName: "csv"),
        completion: .csv)
    var classes: String?

    @Option(help: "How chunks make a clip's score: mean, max or attention.") var pooling = ClipPooling.mean
    @Option(help: "Units of a hidden layer; 0 for none.") var hidden = 0
    @Option(help: "none, or balanced: rare classes count as much as frequent ones.")
    var classWeights = TrainingOptions.ClassWeights.none
    @Option(help: "Strength of the L2 penalty (default: chosen).") var l2: Double?
    @Option(help: "Seed of folds, first weights and order.") var seed: UInt64 = 1
    @Option(help: "Epochs of Adam, which trains all but the mean without hidden layer.") var epochs = 60
    @Option(help: "Clips in a step of Adam.") var batch = 32
    @Option(help: "First learning rate of Adam.") var learningRate = 0.003

    @Option(
        help: ArgumentHelp("Folder for the test's classes.csv, summary.json and report.html.", valueName: "dir"),
        completion: .directory)
    var report: String?
    @OptionGroup var figures: FigureOptions
    @Option(help: "Bootstrap resamples; 0 for no intervals.") var resamples = 200
    @Option(help: "Threads; the head does not depend on their number (default: one per processor).")
    var workers = ProcessInfo.processInfo.activeProcessorCount
    @Option(help: "Licence of the weights, for the head's header.") var licence: String?
    @Flag(help: "Print the test's report as JSON.") var json = false

    func validate() throws {
        func check(
            _ name: String, _ value: some Comparable & CustomStringConvertible, _ isRight: Bool, _ expected: String
        )
            throws
        {
            if !isRight { throw ValidationError("--\(name) is \(value), expected \(expected)") }
        }
        try check("workers", workers, (1...1024).contains(workers), "1 to 1024")
        try check("hidden", hidden, (0...HeadMetadata.widest).contains(hidden), "0 to \(HeadMetadata.widest)")
        try check("epochs", epochs, (1...100_000).contains(epochs), "1 to 100000")
        try check("batch", batch, (1...1_000_000).contains(batch), "1 to 1000000")
        try check("learning-rate", learningRate, learningRate > 0 && learningRate <= 1, "above 0, at most 1")
        try check("resamples", resamples, (0...100_000).contains(resamples), "0 to 100000")
        if let l2 { try check("l2", l2, l2 >= 0 && l2.isFinite, "0 or more") }
        if l2 != nil, folds != nil {
            throw ValidationError("--folds is for choosing the L2 penalty, which --l2 gives; expected one of the two")
        }
        if let folds, let number = Int(folds) { try check("folds", number, (2...1000).contains(number), "2 to 1000") }
        guard figures.figures == nil || report != nil else {
            throw ValidationError("--figures is for the pictures of a report, expected --report as well")
        }
    }

    func run() throws {
        try SystemLimits.require()
        try OutputPath.check(out)
        guard OutputPath.isFile(out) else {
            throw CommandError(.usage, at: out, "is no file that can be read again, expected the path of one")
        }
        try OutputPath.checkIsNew(out, force: force)
        for input in [manifest, classes].compactMap(\.self) where OutputPath.isSame(input, out) {
            throw CommandError(.usage, at: out, "it is what the head is made of, expected another file")
        }
        if let report { try OutputPath.check(folder: report, names: EvaluationReport.names) }
        try figures.check()
        try HeadFlow(command: self, options: options).run()
    }

    private var options: HeadOptions {
        var options = HeadOptions()
        options.pooling = pooling
        options.hidden = hidden
        options.classWeights = classWeights
        options.l2 = l2
        options.seed = seed
        options.epochs = epochs
        options.batch = batch
        options.learningRate = learningRate
        return options
    }
}

extension ClipPooling: ExpressibleByArgument {}
extension TrainingOptions.ClassWeights: ExpressibleByArgument {}
