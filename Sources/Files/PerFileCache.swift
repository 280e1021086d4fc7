import Foundation

/// Results of reading whole files, each made once, although many clips are parts of one file and several threads ask.
///
/// Keeps the results of the files asked for last, so that memory does not grow with the number of files. A caller that
/// asks for what another is making waits for it: each would otherwise read the whole file.
package final class PerFileCache<Value: Sendable>: @unchecked Sendable {
    /// A file by name as well: some network file systems give several files one number.
    private struct Key: Hashable {
        let path: String
        let identity: FileIdentity
    }

    private enum Entry {
        case underWay
        /// `used` orders the entries by when they were last asked for.
        case made(Value, used: Int)
    }

    private let limit: Int
    private let condition = NSCondition()
    private var entries: [Key: Entry] = [:]
    private var turn = 0

    /// - Parameter limit: how many results are kept.
    package init(limit: Int) { self.limit = max(1, limit) }

    /// The result of a file.
    ///
    /// - Parameters:
    ///   - identity: the file's identity before it is read.
    ///   - isCurrent: asked once the result is made: whether it may be kept. Return false if the file is no longer the
    ///     same, or could not be read.
    ///   - make: reads the file.
    /// - Throws: what `make` throws; the next caller tries again.
    package func value<Failure: Error>(
        of path: String, _ identity: FileIdentity, isCurrent: () -> Bool = { true }, make: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let key = Key(path: path, identity: identity)
        if let found = claim(key) { return found }
        do throws(Failure) {
            let made = try make()
            settle(key, isCurrent() ? made : nil)
            return made
        } catch {
            settle(key, nil)
            throw error
        }
    }

    /// The result, once no other caller is making it; nil if this caller is to make it.
    private func claim(_ key: Key) -> Value? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            switch entries[key] {
            case .made(let value, _):
                turn += 1
                entries[key] = .made(value, used: turn)
                return value
            case .underWay: condition.wait()
            case nil:
                entries[key] = .underWay
                return nil
            }
        }
    }

    private func settle(_ key: Key, _ value: Value?) {
        condition.lock()
        turn += 1
        entries[key] = value.map { .made($0, used: turn) }
        if entries.count > limit { dropOldest() }
        condition.broadcast()
        condition.unlock()
    }

    private func dropOldest() {
        var oldest: (key: Key, used: Int)?
        for case (let key, .made(_, let used)) in entries where used < oldest?.used ?? .max { oldest = (key, used) }
        if let oldest { entries[oldest.key] = nil }
    }
}
