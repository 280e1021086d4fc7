import Tables

extension SummaryReport {
    /// What a report was made from, and by what: enough to make it again.
    package struct Origin: Sendable, Equatable {
        /// A name and its value.
        package struct Setting: Sendable, Equatable {
            package let name: String
            package let value: String

            package init(_ name: String, _ value: String) {
                self.name = name
                self.value = value
            }
        }

        /// A stage of a pipeline.
        package struct Stage: Sendable, Equatable {
            package let name: String
            /// Its kind.
            package let uses: String
            package let parameters: [Setting]

            package init(name: String, uses: String, parameters: [Setting]) {
                self.name = name
                self.uses = uses
                self.parameters = parameters
            }
        }

        /// The pipeline in the cache whose rows the report covers.
        package struct Pipeline: Sendable, Equatable {
            package let name: String
            package let fingerprint: String
            /// The path its specification was read from.
            package let file: String
            /// Empty if it was run by a version of Earmark that did not store them.
            package let stages: [Stage]

            package init(name: String, fingerprint: String, file: String, stages: [Stage]) {
                self.name = name
                self.fingerprint = fingerprint
                self.file = file
                self.stages = stages
            }
        }

        /// A model that made the scores.
        package struct Model: Sendable, Equatable {
            /// The pipeline's stage that uses it; nil if none does.
            package let stage: String?
            package let path: String
            /// Digest of the file's bytes.
            package let digest: String

            package init(stage: String?, path: String, digest: String) {
                self.stage = stage
                self.path = path
                self.digest = digest
            }
        }

        /// Earmark's version.
        package let version: String
        /// When it was written, in ISO 8601.
        package let written: String
        package let pipeline: Pipeline?
        package let models: [Model]
        /// The command's settings.
        package let settings: [Setting]

        package init(
            version: String, written: String, pipeline: Pipeline?, models: [Model], settings: [Setting] = []
        ) {
            self.version = version
            self.written = written
            self.pipeline = pipeline
            self.models = models
            self.settings = settings
        }

        /// The text of `NAME.meta.json`, the file beside a table of this origin.
        package func meta(_ coverage: Coverage?) -> String {
            JSONText.object((coverage.map { [("coverage", $0.json)] } ?? []) + members).text() + "\n"
        }

        /// One line: pipeline, models by name and the first digits of their digests, version.
        package var text: String {
            let made = models.map { model in
                let name = model.path.split(separator: "/").last.map(String.init) ?? model.path
                return "model \(name) (\(model.digest.prefix(19)))"
            }
            return ((pipeline.map { ["pipeline '\($0.name)'"] } ?? []) + made + ["earmark \(version)"])
                .joined(separator: ", ")
        }

        /// Keys and values for JSON: `earmark`, `written`, `pipeline`, `models` and, if there are any, `settings`.
        package var members: [(String, JSONText)] {
            var members: [(String, JSONText)] = [("earmark", .string(version)), ("written", .string(written))]
            if let pipeline {
                members.append(
                    (
                        "pipeline",
                        .object([
                            ("name", .string(pipeline.name)), ("fingerprint", .string(pipeline.fingerprint)),
                            ("file", .string(pipeline.file)),
                            ("stages", .array(pipeline.stages.map(Self.json))),
                        ])
                    ))
            }
            members.append(
                (
                    "models",
                    .array(
                        models.map { model in
                            .object(
                                (model.stage.map { [("stage", .string($0))] } ?? [])
                                    + [("path", .string(model.path)), ("digest", .string(model.digest))])
                        })
                ))
            if !settings.isEmpty { members.append(("settings", Self.json(settings))) }
            return members
        }

        private static func json(_ stage: Stage) -> JSONText {
            .object([
                ("name", .string(stage.name)), ("uses", .string(stage.uses)), ("parameters", json(stage.parameters)),
            ])
        }

        private static func json(_ settings: [Setting]) -> JSONText {
            .object(settings.map { ($0.name, .string($0.value)) })
        }

        /// The rows that a page shows, as names and values.
        package var lines: [Setting] {
            var lines = [Setting("Earmark", version), Setting("Written", written)]
            if let pipeline {
                lines += [
                    Setting("Pipeline", pipeline.name), Setting("Fingerprint", pipeline.fingerprint),
                    Setting("File", pipeline.file),
                ]
            }
            for model in models { lines.append(Setting("Model", "\(model.path) (\(model.digest))")) }
            lines += settings.map { Setting($0.name, $0.value) }
            for stage in pipeline?.stages ?? [] {
                let values = stage.parameters.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
                lines.append(Setting(stage.name, values.isEmpty ? stage.uses : "\(stage.uses): \(values)"))
            }
            return lines
        }
    }

    /// `classes.csv.meta.json`: the part of `summary.json` that says how many clips the table covers (`clips`), and what
    /// made it.
    package func meta() -> String { JSONText.object([("clips", .integer(clips))] + originMembers).text() + "\n" }

    /// Coverage and origin, as far as they are known.
    var originMembers: [(String, JSONText)] {
        (coverage.map { [("coverage", $0.json)] } ?? []) + (truthCoverage.map { [("truth_coverage", $0.json)] } ?? [])
            + (origin?.members ?? [])
    }
}
