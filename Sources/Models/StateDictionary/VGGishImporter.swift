import Features
import Files

/// An importer that makes a model file of VGGish's weights in a state dictionary, under the names of torchvggish:
/// `features.N.weight`, `embeddings.N.weight`, and for the principal component analysis `pca_eigen_vectors` and
/// `pca_means`, also behind `pproc.`.
package enum VGGishImporter {
    /// Names of the eigenvectors (128, 128) and of the means (128) or (128, 1).
    private static let vectors = ["pca_eigen_vectors", "pproc.pca_eigen_vectors", "pca_matrix", "pproc.pca_matrix"]
    private static let means = ["pca_means", "pproc.pca_means"]

    /// What an import used.
    package struct Report: Sendable, Equatable {
        /// Tensors of the file that the model does not have, sorted: those of a principal component analysis that was not
        /// asked for.
        package let leftOut: [String]
    }

    /// Reads the weights and writes a model file.
    ///
    /// - Parameters:
    ///   - path: the state dictionary.
    ///   - pca: a state dictionary with the principal component analysis, which may be the same file; nil for a model that
    ///     gives the embedding as it is.
    ///   - release: whose embeddings the model gives.
    /// - Throws: `ModelError` if a file is broken or holds another network; `ArchiveError` if one is a damaged zip archive;
    ///   `FileError` if the model file cannot be written.
    package static func importModel(
        _ path: String, pca: String? = nil, release: VGGishRelease = .google, to out: String
    ) throws -> Report {
        let dictionary = try StateDictionaries.open(path)
        var tensors = try Self.tensors(dictionary, shape: .standard)
        if let pca {
            let own = try pca == path ? dictionary : StateDictionaries.open(pca)
            tensors += try whitening(own, size: VGGishShape.standard.embedding)
        }
        var metadata = ModelMetadata(
            architecture: pca == nil ? .vggish : .vggishPCA, frontEnd: FrontEndPreset.vggish.frontEnd,
            normalization: .none, classes: [], licence: KnownModel.vggish.licence,
            source: "VGGish by Google, from a state dictionary, as \(release.rawValue) gives its embeddings",
            createdFrom: String(try ModelDigest.ofFile(path).dropFirst(ModelDigest.prefix.count)))
        metadata.release = release
        try ModelFileWriter.write(tensors: tensors, metadata: metadata, to: out)
        return Report(leftOut: pca == nil ? extra(dictionary) : [])
    }

    private static func extra(_ dictionary: any StateDictionary) -> [String] {
        dictionary.shapes.keys.filter { (vectors + means).contains($0) }.sorted()
    }

    /// The tensors of a model file with the weights of a VGGish.
    ///
    /// - Parameter shape: the network's sizes; only tests have others than the standard.
    /// - Throws: `ModelError.tensor` for the first that is missing, has another shape or is not VGGish's; what reading it
    ///   throws.
    package static func tensors(
        _ dictionary: any StateDictionary, shape: VGGishShape
    ) throws -> [ModelFileWriter.Tensor] {
        let names = names(of: shape)
        let known = Set(names.flatMap { ["\($0.stored).weight", "\($0.stored).bias"] } + vectors + means)
        if let other = dictionary.shapes.keys.filter({ !known.contains($0) }).min() {
            throw ModelError.tensor(
                path: dictionary.path, tensor: String(other.prefix(80)),
                reason:
                    "not a tensor of VGGish, whose first is '\(names[0].stored).weight'; only VGGish is read from a "
                    + "state dictionary")
        }
        var list: [ModelFileWriter.Tensor] = []
        for (convolution, name) in zip(shape.convolutions, names) {
            let weights = try dictionary.floats(
                "\(name.stored).weight", shape: [convolution.outputs, convolution.inputs, 3, 3])
            list += [
                ModelFileWriter.Tensor(
                    name: "\(name.own)/w", shape: [9 * convolution.inputs, convolution.outputs],
                    floats: taps(weights, inputs: convolution.inputs, outputs: convolution.outputs)),
                try bias(dictionary, name, convolution.outputs),
            ]
        }
        for (layer, name) in zip(shape.layers, names.dropFirst(shape.convolutions.count)) {
            let weights = try dictionary.floats("\(name.stored).weight", shape: [layer.outputs, layer.inputs])
            list += [
                ModelFileWriter.Tensor(
                    name: "\(name.own)/w", shape: [layer.inputs, layer.outputs],
                    floats: transposed(weights, rows: layer.outputs)),
                try bias(dictionary, name, layer.outputs),
            ]
        }
        return list
    }

    private static func bias(
        _ dictionary: any StateDictionary, _ name: (stored: String, own: String), _ outputs: Int
    ) throws -> ModelFileWriter.Tensor {
        ModelFileWriter.Tensor(
            name: "\(name.own)/b", shape: [outputs],
            floats: try dictionary.floats("\(name.stored).bias", shape: [outputs]))
    }

    /// The layers by their names in a state dictionary, where they are numbered together with what has no weights: ReLU
    /// after every layer, and the maxima after every group.
    private static func names(of shape: VGGishShape) -> [(stored: String, own: String)] {
        var list: [(stored: String, own: String)] = []
        var place = 0
        for convolution in shape.convolutions {
            list.append(("features.\(place)", convolution.name))
            place += convolution.isPooled ? 3 : 2
        }
        return list
            + shape.layers.enumerated().map {
                (stored: "embeddings.\(2 * $0.offset)", own: $0.element.name)
            }
    }

    /// The whitening y = V (x - means), where V's rows are eigenvectors, as a dense layer: the weight is V's transpose,
    /// and the bias -V means, summed in double precision.
    ///
    /// - Throws: `ModelError.tensor` if there is none; what reading it throws.
    package static func whitening(
        _ dictionary: any StateDictionary, size: Int
    ) throws -> [ModelFileWriter.Tensor] {
        func find(_ names: [String]) -> String { names.first { dictionary.shapes[$0] != nil } ?? names[0] }
        let matrix = try dictionary.floats(find(vectors), shape: [size, size])
        let name = find(means)
        let isColumn = dictionary.shapes[name] == [size, 1]
        let mean = try dictionary.floats(name, shape: isColumn ? [size, 1] : [size])
        let bias = (0..<size).map { row in
            Float(-(0..<size).reduce(0.0) { $0 + Double(matrix[row * size + $1]) * Double(mean[$1]) })
        }
        return [
            ModelFileWriter.Tensor(name: "pca/w", shape: [size, size], floats: transposed(matrix, rows: size)),
            ModelFileWriter.Tensor(name: "pca/b", shape: [size], floats: bias),
        ]
    }

    /// Reorders (outputs, inputs, 9) to (9, inputs, outputs).
    private static func taps(_ values: [Float], inputs: Int, outputs: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: values.count) { target, filled in
            for output in 0..<outputs {
                for input in 0..<inputs {
                    for tap in 0..<9 {
                        target.initializeElement(
                            at: (tap * inputs + input) * outputs + output,
                            to: values[(output * inputs + input) * 9 + tap])
                    }
                }
            }
            filled = values.count
        }
    }

    /// Transposes (rows, columns) to (columns, rows), in blocks, so that a cache line that is read is used up.
    private static func transposed(_ values: [Float], rows: Int) -> [Float] {
        let columns = values.count / rows
        return [Float](unsafeUninitializedCapacity: values.count) { target, filled in
            for left in stride(from: 0, to: columns, by: 16) {
                for row in 0..<rows {
                    for column in left..<min(left + 16, columns) {
                        target.initializeElement(at: column * rows + row, to: values[row * columns + column])
                    }
                }
            }
            filled = values.count
        }
    }
}
