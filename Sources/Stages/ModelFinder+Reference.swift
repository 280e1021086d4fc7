import Files
import Models
import Pipeline

extension ModelFinder {
    /// Finds the model that a pipeline or `--set` names.
    ///
    /// A file at the very path comes first, so that a pipeline whose model lies beside it is never given another. A name is
    /// then looked for in the folders. A relative path in a pipeline's file that leads nowhere is tried from the folder of
    /// the pipelines that ship: a copy of `label.yaml` keeps its model wherever it was put. A path on the command line is
    /// what was typed, and nothing else.
    ///
    /// - Returns: the model, and a line for the user where it is not at the path that was written.
    /// - Throws: `FileReference.NotFound`.
    package func locate(_ reference: FileReference) throws -> (model: LocatedModel, notice: String?) {
        let (text, path) = (reference.text, reference.path)
        if FileSystem.exists(path) { return (.file(path), nil) }
        if Self.isName(text) {
            if let found = file(named: text) { return (.file(found.path), "model '\(text)' is \(found.path)") }
            guard let model = known(text), model.origin != nil, let place = place(ofFetched: text) else {
                throw FileReference.NotFound(refusal(of: text))
            }
            return (.absent(model, path: place), nil)
        }
        guard case .pipeline = reference.origin, !text.hasPrefix("/") else { return (.file(path), nil) }
        var places = [path]
        for other in shipped(text) where !places.contains(other) {
            if FileSystem.exists(other) {
                return (.file(other), "found no \(path); the model that ships is taken, \(other)")
            }
            places.append(other)
        }
        throw FileReference.NotFound("found no model file \(places.joined(separator: ", and none as "))")
    }

    /// Where a relative path of a pipeline that ships would lead: from its folder, and as a bare file name beside the models.
    private func shipped(_ text: String) -> [String] {
        let fromPipelines = shippedPipelines.map { [FileSystem.absolute($0 + "/" + text)] } ?? []
        let models = text.utf8.contains(UInt8(ascii: "/")) ? [] : folders.filter { $0.kind == .shipped }.map(\.path)
        return fromPipelines + models.map { $0 + "/" + text }
    }
}
