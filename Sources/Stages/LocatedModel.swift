import Models
import Pipeline

/// Where the model of an `infer` stage is.
package enum LocatedModel: Sendable, Equatable {
    case file(String)
    /// Not on this machine; `path` is where it will be once it is fetched.
    case absent(KnownModel, path: String)

    /// Treats every reference as a path.
    package static func path(_ reference: FileReference) -> LocatedModel { .file(reference.path) }
}

/// Finds the file of a model that a pipeline names.
///
/// - Throws: `FileReference.NotFound` if there is no such model, and whatever fetching it may throw.
package typealias ModelLocator = (FileReference) throws -> LocatedModel
