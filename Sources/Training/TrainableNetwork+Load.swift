import Engines

extension TrainableNetwork {
    /// Packs the current values of the parameters, layer by layer, on several threads.
    package func load(threads: Int) {
        let layers = denseLayers
        Parallel.forEach(layers.count, threads: threads) { index, _ in layers[index].load(parameters) }
    }
}
