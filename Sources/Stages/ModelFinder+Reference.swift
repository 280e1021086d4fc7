import Files
import Models
import Pipeline

extension ModelFinder {
    /// Finds the model that a pipeline or `--set` names.
    ///
    /// A file at exactly this path takes precedence, so that a pipeline whose model is next to it never gets another
    /// one. Otherwise a name is looked for in the model folders. A relative path in a pipeline's file that leads
    /// nowhere is then tried from the folder of the shipped pipelines, so that a copy of `label.yaml` finds its model
    /// wherever the copy is. A path on the command line is taken literally.
    ///
    /// - Returns: the model, and a notice for the user if its file is not at the path that was written.
    /// - Throws: `FileReference.NotFound` if a name is unknown or a pipeline's relative path leads nowhere.
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
                return (.file(other), "found no \(path), so the shipped model is used: \(other)")
            }
            places.append(other)
        }
        throw FileReference.NotFound("found no model file \(places.joined(separator: ", and none as "))")
    }

    /// Where a relative path might lead among the shipped files: from the folder of the pipelines, and, for a bare file
    /// name, in the folders of the models and of their cards.
    private func shipped(_ text: String) -> [String] {
        let fromPipelines = shippedPipelines.map { [FileSystem.absolute($0 + "/" + text)] } ?? []
        let models = text.utf8.contains(UInt8(ascii: "/")) ? [] : folders.filter { $0.kind == .shipped }.map(\.path)
        return fromPipelines + models.flatMap { [$0 + "/" + text, $0 + "/cards/" + text] }
    }
}
