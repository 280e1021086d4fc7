import Errors
import Files
import Foundation
import Ledger
import Pipeline

/// What each worker is on, in a small mapped file that survives the death of the process (though not of the machine, for
/// which no clip is to blame): a clip, and the call of a model that is under way, with all clips of its batch.
///
/// Only crashes of the process itself count against its clips (SIGSEGV, SIGABRT and the like, as when a hostile file
/// crashes a decoder), and calls of a model that do not return: being killed from outside says nothing about the clip
/// that happened to be under way.
///
/// The file is words of 64 bits: a mark, the signal, written by its handler, the worker whose call hangs, from 1, and a
/// block for each worker.
package final class InFlightLog: @unchecked Sendable {
    /// A clip that was in flight.
    package struct Survivor: Sendable, Equatable {
        package let clip: Int64
        /// The call of a model that it was in; nil if it was in none.
        package var call: ModelCall?
        /// Whether the call did not return, rather than crash.
        package var hangs = false
        /// Whether nothing else can be to blame.
        package var isCertain = false

        package init(clip: Int64) { self.clip = clip }

        /// How it is recorded once it is set aside.
        package var failure: (failureClass: FailureClass, reason: String) {
            guard let call else { return (.deadly, "the process died twice while working on this clip") }
            return hangs
                ? (.stuck, "\(call.name) did not return within \(call.limit) s from computing this clip")
                : (
                    .deadly,
                    "the process died twice while working on this clip, the last time in a call of \(call.name)"
                )
        }
    }

    /// Places of the words at the beginning.
    private enum Head {
        static let mark = 0, signal = 1, hangingWorker = 2, count = 3
    }
    /// Places of the words in a worker's block.
    private enum Block {
        static let clip = 0, limit = 1, textBytes = 2, text = 3
        static let textLimit = 256
        /// Number of clips in the call.
        static let callClips = text + textLimit / 8
        static let firstClip = callClips + 1
        /// The largest batch that a pipeline may ask for.
        static let clipLimit = 1024
        static let count = firstClip + clipLimit
    }
    /// Says that the file has this form.
    private static let mark: Int64 = 0x3254_4847_4C46_4E49

    private let words: UnsafeMutableBufferPointer<Int64>
    private let path: String

    /// Opens or creates the file, clears it and starts recording fatal signals in it.
    ///
    /// - Throws: `FileError` if the file cannot be opened, given its space or mapped.
    package init(cache: String, workers: Int) throws {
        path = cache + "/in-flight"
        let size = (Head.count + max(1, workers) * Block.count) * 8
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path: path, "cannot open", code: errno) }
        defer { close(descriptor) }
        // On a full disk, writing to a mapped hole would kill the process, so the space is allocated first.
        let code = posix_fallocate(descriptor, 0, size)
        guard code == 0, ftruncate(descriptor, size) == 0 else {
            throw FileError(path: path, "cannot take \(size) bytes", code: code == 0 ? errno : code)
        }
        guard let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw FileError(path: path, "cannot map", code: errno)
        }
        words = UnsafeMutableBufferPointer(start: base.assumingMemoryBound(to: Int64.self), count: size / 8)
        words.update(repeating: 0)
        words[Head.mark] = Self.mark
        FatalSignals.watch(words.baseAddress.map { $0 + Head.signal })
    }

    deinit {
        FatalSignals.watch(nil)
        munmap(words.baseAddress, words.count * 8)
    }

    /// Deletes what the last process left.
    package static func forget(cache: String) { unlink(cache + "/in-flight") }

    /// The clips that a process had in flight when it crashed or when a call did not return, each once; none if it ended
    /// normally or was killed.
    package static func survivors(cache: String) -> [Survivor] {
        guard let data = try? FileSystem.read(cache + "/in-flight") else { return [] }
        let words = (0..<data.count / 8).map { index in
            Int64(bitPattern: (0..<8).reduce(0) { $0 | UInt64(data[index * 8 + $1]) << UInt64($1 * 8) })
        }
        guard words.count >= Head.count, words[Head.mark] == mark else { return [] }
        let workers = (words.count - Head.count) / Block.count
        let blocks = (0..<workers).map { worker in
            words[(Head.count + worker * Block.count)..<(Head.count + (worker + 1) * Block.count)]
        }
        let hanging = Int(words[Head.hangingWorker])
        if blocks.indices.contains(hanging - 1) {
            var found = inCall(blocks[hanging - 1])
            for index in found.indices {
                found[index].hangs = true
                found[index].isCertain = found.count == 1
            }
            return found
        }
        guard words[Head.signal] != 0 else { return [] }
        var seen: Set<Int64> = []
        return blocks.flatMap { block in
            let clip = block[block.startIndex + Block.clip]
            return inCall(block) + (clip > 0 ? [Survivor(clip: clip)] : [])
        }.filter { seen.insert($0.clip).inserted }
    }

    /// The clips of a worker's call.
    private static func inCall(_ block: ArraySlice<Int64>) -> [Survivor] {
        let start = block.startIndex
        let count = min(max(0, Int(block[start + Block.callClips])), Block.clipLimit)
        guard count > 0 else { return [] }
        let text = block[(start + Block.text)..<(start + Block.callClips)].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
        }
        let length = min(max(0, Int(block[start + Block.textBytes])), Block.textLimit)
        let call = ModelCall(
            name: String(decoding: text.prefix(length), as: UTF8.self), limit: Int(block[start + Block.limit]))
        return block[(start + Block.firstClip)..<(start + Block.firstClip + count)].map { clip in
            var survivor = Survivor(clip: clip)
            survivor.call = call
            return survivor
        }
    }

    /// Counts a death against each of them; one that is certain to be to blame gets the two that set it aside.
    ///
    /// - Throws: `LedgerError` where the ledger cannot be written.
    package static func count(_ survivors: [Survivor], in ledger: Ledger) throws {
        try ledger.noteDeaths(of: survivors.map(\.clip) + survivors.filter(\.isCertain).map(\.clip))
    }

    /// Notes that a worker starts on a clip; 0 means that it no longer has one.
    package func note(clip: Int64, worker: Int) {
        if let start = block(worker) { words[start + Block.clip] = clip }
    }

    /// Notes that a worker begins a call of a model for these clips.
    package func note(call: ModelCall, clips: [Int64], worker: Int) {
        guard let start = block(worker) else { return }
        // Cut at a character, so that it stays text.
        var name = call.name
        while name.utf8.count > Block.textLimit { name.removeLast() }
        let text = UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(words)[((start + Block.text) * 8)...])
        text.copyBytes(from: name.utf8)
        words[start + Block.textBytes] = Int64(name.utf8.count)
        words[start + Block.limit] = Int64(call.limit)
        for (place, clip) in clips.prefix(Block.clipLimit).enumerated() {
            words[start + Block.firstClip + place] = clip
        }
        // Last: until then there is no call.
        words[start + Block.callClips] = Int64(min(clips.count, Block.clipLimit))
    }

    /// The worker's call has returned.
    package func noteReturn(worker: Int) {
        if let start = block(worker) { words[start + Block.callClips] = 0 }
    }

    /// The worker's call has not returned within its limit; the first such worker counts.
    package func noteHang(worker: Int) {
        if words[Head.hangingWorker] == 0 { words[Head.hangingWorker] = Int64(worker + 1) }
    }

    /// The run ends normally: nothing is in flight.
    package func remove() { unlink(path) }

    /// Where a worker's block begins; nil for a worker that the file has no room for.
    private func block(_ worker: Int) -> Int? {
        let start = Head.count + worker * Block.count
        return worker >= 0 && start + Block.count <= words.count ? start : nil
    }
}

/// Records which signal a process is dying of before it dies.
private enum FatalSignals {
    nonisolated(unsafe) private static var slot: UnsafeMutablePointer<Int64>?

    static func watch(_ target: UnsafeMutablePointer<Int64>?) {
        slot = target
        for number in [SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE] {
            guard target != nil else {
                signal(number, SIG_DFL)
                continue
            }
            // Only what is safe in a signal handler: one store, then the default action.
            signal(number) { received in
                FatalSignals.slot?.pointee = Int64(received)
                signal(received, SIG_DFL)
                raise(received)
            }
        }
    }
}
