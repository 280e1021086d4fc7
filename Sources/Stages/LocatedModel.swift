import Models
import Pipeline

/// Where the model of an `infer` stage is.
package enum LocatedModel: Sendable, Equatable {
    case file(String)
    /// Nowhere on this machine; the path is where it would be once it is fetched.
    case absent(KnownModel, path: String)

    /// Takes every reference for a path.
    package static func path(_ reference: FileReference) -> LocatedModel { .file(reference.path) }
}

/// Finds the file of a model that a pipeline names.
///
/// - Throws: `FileReference.NotFound` where there is none, and what fetching it may throw.
package typealias ModelLocator = (FileReference) throws -> LocatedModel
