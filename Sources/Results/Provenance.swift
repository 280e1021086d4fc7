/// What made an export, for formats that can store it and for `NAME.meta.json`.
package struct Provenance: Sendable {
    /// A model that the pipeline uses.
    package struct Model: Sendable, Encodable {
        /// The pipeline's stage that uses it.
        package let stage: String
        /// Absolute path.
        package let path: String
        /// SHA-256, 64 hexadecimal digits.
        package let digest: String
    }

    /// Earmark's version.
    package let version: String
    /// When it was written, ISO 8601 in UTC.
    package let written: String
    package let pipeline: String
    package let fingerprint: String
    package let models: [Model]
    /// What the user asked for, such as `threshold` and `gap`, in the order of the help.
    package let settings: [(name: String, value: String)]
    /// Whether events have a `began` time.
    package var hasStartTimes: Bool
    /// The manifest's further columns, which stand after a table's own.
    package var further = CarriedColumns.none
    /// Whether reviewers' judgements stand beside the events.
    package var isReviewed = false
    /// The folder that contains all recordings of the cache, absolute: formats name recordings relative to it.
    package var root = "/"
    /// The model's front-end's frequency band, in Hz, for formats whose events span a band.
    package var band: ClosedRange<Double> = 0...8000

    package init(
        version: String, written: String, pipeline: String, fingerprint: String, models: [Model],
        settings: [(name: String, value: String)], hasStartTimes: Bool = false
    ) {
        self.version = version
        self.written = written
        self.pipeline = pipeline
        self.fingerprint = fingerprint
        self.models = models
        self.settings = settings
        self.hasStartTimes = hasStartTimes
    }

    /// Everything as names and values, for formats that can store only text.
    package var fields: [(name: String, value: String)] {
        var found: [(name: String, value: String)] = [
            ("earmark", version), ("written", written), ("pipeline", pipeline), ("fingerprint", fingerprint),
        ]
        for model in models {
            found += [("model.\(model.stage)", model.path), ("model.\(model.stage).sha256", model.digest)]
        }
        return found + settings
    }
}
