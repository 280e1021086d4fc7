import Files

/// Writes events as one file per recording, in a tree of folders that mirrors the recordings' own. A recording without events
/// gets a file too: otherwise the file of an earlier export, with other thresholds, would stay.
package final class RecordingFiles: EventSink {
    /// Bytes gathered before they are written.
    private static let room = 1 << 16

    /// The recording being written.
    private struct Current {
        let path: String
        let file: PartialFile
        let writer: any EventWriter
        var out: [UInt8] = []
    }

    private let format: EventFormat
    private let provenance: Provenance
    private let names: RecordingTree
    private var tree: OutputTree
    private var current: Current?
    private var written: [String] = []

    /// Makes the folder.
    ///
    /// - Throws: `FileError`.
    package init(folder: String, format: EventFormat, provenance: Provenance, names: RecordingTree) throws {
        self.format = format
        self.provenance = provenance
        self.names = names
        tree = try OutputTree(folder)
    }

    package func begin(clip: EventClip) throws {
        try end()
        let path = try tree.path(names.file(clip: clip.name, path: clip.path, part: clip.part, ending: format.ending))
        let writer = format.make()
        var out: [UInt8] = []
        try writer.begin(provenance, &out)
        try writer.begin(clip: clip, &out)
        let file = try PartialFile(PathText.bytes(path))
        current = Current(path: path, file: file, writer: writer, out: out)
    }

    /// Writes an event of the current recording.
    ///
    /// - Throws: `FileError`.
    package func write(_ event: Event) throws {
        guard let writer = current?.writer else { preconditionFailure("an event of no recording") }
        try writer.write(event, &current!.out)
        if let out = current?.out, out.count > Self.room { try put() }
    }

    /// Ends the last recording's file, and makes all of them durable.
    ///
    /// - Throws: `FileError`.
    package func finish() throws {
        try end()
        for path in written + tree.folders {
            try PartialFile.sync(PathText.bytes(path))
        }
    }

    private func end() throws {
        guard let writer = current?.writer else { return }
        try writer.finish(&current!.out)
        try put()
        guard let done = current else { return }
        try done.file.commit()
        written.append(done.path)
        current = nil
    }

    private func put() throws {
        guard let now = current else { return }
        try OutputFile.put(now.out[...], into: now.file.descriptor, named: now.path, isFile: true)
        current?.out.removeAll(keepingCapacity: true)
    }
}
