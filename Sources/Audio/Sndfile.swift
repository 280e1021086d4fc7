import CSndfile
import Foundation

/// A handle of libsndfile.
final class Sndfile {
    /// The reason that libsndfile does not open a file.
    struct Refusal: Error {
        let reason: String
        /// The system's error number, if a system resource ran out.
        let systemCode: Int32?
        /// Whether libsndfile does not know the format.
        var isUnknownFormat = false
    }

    let rate: Int
    let channels: Int
    /// The number of sample frames that libsndfile expects; nil if it is not known.
    let frames: Int64?
    private let handle: OpaquePointer
    /// The source that libsndfile reads from, if it does not open the file itself.
    private let part: FilePart?
    /// The target that libsndfile writes to, if it does not open the file itself.
    private let sink: FileSink?
    /// The container and the coding of samples, as libsndfile's number.
    private let format: Int
    private let isSeekable: Bool
    private var isClosed = false

    /// Opens a file for reading, given its path's bytes.
    ///
    /// - Throws: `Refusal` if libsndfile does not open it.
    convenience init(reading path: [CChar]) throws(Refusal) {
        var info = SF_INFO()
        let handle = try Self.open { sf_open(path, Int32(SFM_READ), &info) }
        try Self.requireHeader(handle)
        self.init(handle, info, nil)
    }

    /// Opens a part of a file for reading, as if it were a file.
    ///
    /// - Parameter name: the bytes of a name that may tell a format without a signature, as it does for files that
    ///   libsndfile opens itself; nil for none.
    /// - Throws: `Refusal` if libsndfile does not open it.
    convenience init(reading part: FilePart, named name: [CChar]? = nil) throws(Refusal) {
        let (handle, info) = try Self.open(part, name)
        self.init(handle, info, part)
    }

    private static func open(_ part: FilePart, _ name: [CChar]?) throws(Refusal) -> (OpaquePointer, SF_INFO) {
        do throws(Refusal) {
            return try open(part, as: SF_INFO())
        } catch {
            guard error.isUnknownFormat, let format = name.flatMap(format(named:)) else { throw error }
            return try open(part, as: format)
        }
    }

    /// The formats without a header that libsndfile takes a name's ending for, as its `format_from_extension` does.
    private static func format(named name: [CChar]) -> SF_INFO? {
        // The name ends in a zero.
        let text = String(decoding: name.suffix(5).map(UInt8.init(bitPattern:)), as: UTF8.self).lowercased()
        let coding = text.hasPrefix(".gsm") ? SF_FORMAT_GSM610 : text.hasPrefix(".vox") ? SF_FORMAT_VOX_ADPCM : nil
        guard let coding else { return nil }
        var info = SF_INFO()
        (info.samplerate, info.channels, info.format) = (8000, 1, Int32(SF_FORMAT_RAW | coding))
        return info
    }

    private static func open(_ part: FilePart, as format: SF_INFO) throws(Refusal) -> (OpaquePointer, SF_INFO) {
        var info = format
        let handle = try open {
            part.place = 0
            info = format
            var calls = SF_VIRTUAL_IO(
                get_filelen: { Int64(Sndfile.part($0).count) },
                seek: { Sndfile.part($2).seek($0, from: $1) },
                read: { Int64(Sndfile.part($2).read(into: $0!, Int($1))) },
                write: { _, _, _ in 0 },
                tell: { Int64(Sndfile.part($0).place) })
            return sf_open_virtual(&calls, Int32(SFM_READ), &info, Unmanaged.passUnretained(part).toOpaque())
        }
        return (handle, info)
    }

    /// Opens a file for writing; samples beyond full scale are clipped in integer formats.
    ///
    /// - Throws: `Refusal` if libsndfile does not open it.
    convenience init(writing path: String, rate: Int, channels: Int, format: AudioWriter.Format) throws(Refusal) {
        var info = SF_INFO()
        info.samplerate = Int32(rate)
        info.channels = Int32(channels)
        info.format = format.code
        let handle = try Self.open { sf_open(path, Int32(SFM_WRITE), &info) }
        self.init(handle, info, nil)
        sf_command(handle, Int32(SFC_SET_CLIPPING), nil, 1)
    }

    /// Opens a sink for writing; it keeps the system's error number if writing fails.
    ///
    /// No peak chunk is written: it contains the time of day, so the same samples would not give the same bytes.
    ///
    /// - Throws: `Refusal` if libsndfile does not open it.
    convenience init(writing sink: FileSink, rate: Int, channels: Int, code: Int) throws(Refusal) {
        var info = SF_INFO()
        info.samplerate = Int32(clamping: rate)
        info.channels = Int32(clamping: channels)
        info.format = Int32(code)
        let handle = try Self.open {
            var calls = SF_VIRTUAL_IO(
                get_filelen: { Sndfile.sink($0).length },
                seek: { Sndfile.sink($2).seek($0, from: $1) },
                read: { _, _, _ in 0 },
                write: { Int64(Sndfile.sink($2).write(UnsafeRawBufferPointer(start: $0, count: Int($1)))) },
                tell: { Sndfile.sink($0).place })
            return sf_open_virtual(&calls, Int32(SFM_WRITE), &info, Unmanaged.passUnretained(sink).toOpaque())
        }
        self.init(handle, info, nil, sink: sink)
        sf_command(handle, Int32(SFC_SET_ADD_PEAK_CHUNK), nil, 0)
    }

    /// Ogg Opus, as libsndfile numbers it.
    static let oggOpus = SF_FORMAT_OGG | SF_FORMAT_OPUS

    /// How hard to compress what is written, 0 for the highest bit rate to 1 for the lowest; before the first sample.
    ///
    /// - Returns: whether the coding takes it.
    func compress(_ level: Double) -> Bool {
        var level = level
        return sf_command(
            handle, Int32(SFC_SET_COMPRESSION_LEVEL), &level, Int32(MemoryLayout<Double>.size)) == SF_TRUE
    }

    private init(_ handle: OpaquePointer, _ info: SF_INFO, _ part: FilePart?, sink: FileSink? = nil) {
        self.handle = handle
        self.part = part
        self.sink = sink
        format = Int(info.format)
        isSeekable = info.seekable != 0
        rate = Int(info.samplerate)
        channels = Int(info.channels)
        frames = info.frames < 0 || info.frames > Int64.max / 2 ? nil : info.frames
    }

    deinit { if !isClosed { sf_close(handle) } }

    /// Writes the remaining samples and the header; nothing may be written afterwards.
    ///
    /// - Returns: whether libsndfile reports success.
    func close() -> Bool {
        isClosed = true
        return sf_close(handle) == 0
    }

    /// - Returns: the number of sample frames read into the interleaved buffer.
    func read(into buffer: UnsafeMutablePointer<Float>, frames: Int) -> Int {
        max(0, Int(sf_readf_float(handle, buffer, sf_count_t(frames))))
    }

    /// - Returns: the number of sample frames read into the interleaved buffer.
    func read(into buffer: UnsafeMutablePointer<Double>, frames: Int) -> Int {
        max(0, Int(sf_readf_double(handle, buffer, sf_count_t(frames))))
    }

    /// The narrowest format that holds every sample as libsndfile decodes it.
    var sampleFormat: SampleFormat {
        switch format & SF_FORMAT_SUBMASK {
        case SF_FORMAT_PCM_S8, SF_FORMAT_PCM_U8: .int8
        // Everything that libsndfile decodes to 16 bits, however it is stored.
        case SF_FORMAT_PCM_16, SF_FORMAT_ULAW, SF_FORMAT_ALAW, SF_FORMAT_IMA_ADPCM, SF_FORMAT_MS_ADPCM,
            SF_FORMAT_GSM610,
            SF_FORMAT_VOX_ADPCM, SF_FORMAT_G721_32, SF_FORMAT_G723_24, SF_FORMAT_G723_40, SF_FORMAT_DPCM_16,
            SF_FORMAT_ALAC_16:
            .int16
        case SF_FORMAT_PCM_24, SF_FORMAT_ALAC_20, SF_FORMAT_ALAC_24: .int24
        case SF_FORMAT_PCM_32, SF_FORMAT_ALAC_32: .int32
        case SF_FORMAT_DOUBLE: .float64
        // Vorbis, Opus and MPEG are decoded to float32; for everything else, float64 loses nothing.
        case SF_FORMAT_FLOAT, SF_FORMAT_VORBIS, SF_FORMAT_OPUS, SF_FORMAT_MPEG_LAYER_I, SF_FORMAT_MPEG_LAYER_II,
            SF_FORMAT_MPEG_LAYER_III:
            .float32
        default: .float64
        }
    }

    /// Seeks to a frame, but only in codings whose samples do not depend on earlier ones, and in FLAC, whose coding of
    /// samples has the same numbers: in others, libsndfile may end up at a different frame (in Vorbis it does within the
    /// last page), or with a decoder that has not seen the preceding audio.
    ///
    /// - Returns: false if it cannot seek; the position is then unchanged.
    func seek(to frame: Int64) -> Bool {
        let codings = [
            SF_FORMAT_PCM_S8, SF_FORMAT_PCM_U8, SF_FORMAT_PCM_16, SF_FORMAT_PCM_24, SF_FORMAT_PCM_32, SF_FORMAT_FLOAT,
            SF_FORMAT_DOUBLE, SF_FORMAT_ULAW, SF_FORMAT_ALAW,
        ]
        guard isSeekable, codings.contains(format & SF_FORMAT_SUBMASK) else { return false }
        return sf_seek(handle, sf_count_t(frame), Int32(SEEK_SET)) == frame
    }

    /// - Returns: the number of sample frames written.
    func write(_ samples: UnsafePointer<Float>, frames: Int) -> Int {
        Int(sf_writef_float(handle, samples, sf_count_t(frames)))
    }

    /// - Returns: the number of sample frames written.
    func write(_ samples: UnsafePointer<Double>, frames: Int) -> Int {
        Int(sf_writef_double(handle, samples, sf_count_t(frames)))
    }

    /// - Parameter samples: 32-bit integers with the file's own bits uppermost.
    /// - Returns: the number of sample frames written.
    func write(_ samples: UnsafePointer<Int32>, frames: Int) -> Int {
        Int(sf_writef_int(handle, samples, sf_count_t(frames)))
    }

    /// The error of the last call; the next call clears it.
    var fault: String? {
        let code = sf_error(handle)
        return code == SF_ERR_NO_ERROR ? nil : Self.oneLine(sf_error_number(code))
    }

    /// libsndfile's log of reading the file's header.
    var log: String {
        var text = [CChar](repeating: 0, count: 16_384)
        let length = sf_command(handle, Int32(SFC_GET_LOG_INFO), &text, Int32(text.count))
        return String(decoding: text.prefix(max(0, Int(length))).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func oneLine(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "no reason given" }
        let words = String(cString: text).split(whereSeparator: \.isNewline).joined(separator: " ")
        return words.trimmingCharacters(in: .whitespaces)
    }

    private static func part(_ pointer: UnsafeMutableRawPointer?) -> FilePart {
        Unmanaged<FilePart>.fromOpaque(pointer!).takeUnretainedValue()
    }

    private static func sink(_ pointer: UnsafeMutableRawPointer?) -> FileSink {
        Unmanaged<FileSink>.fromOpaque(pointer!).takeUnretainedValue()
    }

    // libsndfile stores the reason of a failed open in one variable for all threads. So opens share a lock, and one
    // that failed is repeated while it holds the lock alone. An open that hangs must not block other threads, so the
    // wait for exclusive access has a limit; beyond it, the reason is left out rather than taken from another file.

    /// Refuses a file if the system failed to read a part of its header: libsndfile goes on with zeros in place of what it
    /// did not get, and would return samples of another rate or width.
    ///
    /// - Throws: `Refusal`, after closing the handle.
    private static func requireHeader(_ handle: OpaquePointer) throws(Refusal) {
        guard sf_error(handle) == SF_ERR_SYSTEM else { return }
        let reason = oneLine(sf_strerror(handle))
        sf_close(handle)
        throw Refusal(reason: "its header cannot be read: \(reason)", systemCode: nil)
    }

    private static func open(_ attempt: () -> OpaquePointer?) throws(Refusal) -> OpaquePointer {
        let shared = openLock.together(attempt)
        if let shared { return shared }
        let again = openLock.alone { () -> Result<OpaquePointer, Refusal> in
            errno = 0
            if let handle = attempt() { return .success(handle) }
            let code = errno
            let reason = oneLine(sf_strerror(nil))
            let kind = sf_error(nil)
            return .failure(
                Refusal(
                    reason: reason,
                    systemCode: kind == SF_ERR_SYSTEM ? AudioError.shortages.first { $0 == code } : nil,
                    isUnknownFormat: kind == SF_ERR_UNRECOGNISED_FORMAT))
        }
        guard let again else { throw Refusal(reason: "libsndfile cannot open it", systemCode: nil) }
        return try again.get()
    }

    private static let openLock = OpenLock()
}

/// A lock held either by many together or by one alone.
private final class OpenLock: @unchecked Sendable {
    /// The seconds to wait for the other holders.
    private static let lockLimit = 5
    private let lock = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)

    init() { pthread_rwlock_init(lock, nil) }

    func together<T>(_ work: () -> T) -> T {
        pthread_rwlock_rdlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        return work()
    }

    /// Runs `work` while no other thread holds the lock; nil if the others did not release it in time.
    func alone<T>(_ work: () -> T) -> T? {
        var limit = timespec()
        clock_gettime(CLOCK_REALTIME, &limit)
        limit.tv_sec += Self.lockLimit
        guard pthread_rwlock_timedwrlock(lock, &limit) == 0 else { return nil }
        defer { pthread_rwlock_unlock(lock) }
        return work()
    }
}

/// A range of a file's bytes, some of them replaced.
final class FilePart {
    private let bytes: FileBytes
    private let range: Range<Int>
    /// The bytes that replace the file's, by their place in the part.
    private let patches: [(at: Int, bytes: [UInt8])]
    /// The place of the next read, counted from the part's start.
    fileprivate(set) var place = 0

    init(_ bytes: FileBytes, _ range: Range<Int>, patches: [(at: Int, bytes: [UInt8])] = []) {
        self.bytes = bytes
        self.range = range
        self.patches = patches
    }

    var count: Int { range.count }

    fileprivate func seek(_ offset: Int64, from whence: Int32) -> Int64 {
        let base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? place : count
        let (sum, overflow) = base.addingReportingOverflow(Int(offset))
        guard !overflow, sum >= 0 else { return -1 }
        place = sum
        return Int64(sum)
    }

    fileprivate func read(into out: UnsafeMutableRawPointer, _ wanted: Int) -> Int {
        let got = bytes.read(into: out, at: range.lowerBound + place, max(0, min(wanted, count - place)))
        for patch in patches {
            for (offset, byte) in patch.bytes.enumerated() where (place..<place + got).contains(patch.at + offset) {
                out.storeBytes(of: byte, toByteOffset: patch.at + offset - place, as: UInt8.self)
            }
        }
        place += got
        return got
    }
}

extension CutFile.Container {
    /// Returns libsndfile's number for the container and the coding; nil if the container does not support the format.
    ///
    /// - Parameter isLong: whether there are more bytes than a plain WAV file can record.
    func code(_ format: SampleFormat, channels: Int, isLong: Bool) -> Int? {
        switch self {
        case .wav:
            // With three or more channels, WAV requires its extensible header.
            let container = isLong ? SF_FORMAT_RF64 : channels > 2 ? SF_FORMAT_WAVEX : SF_FORMAT_WAV
            return switch format {
            case .int8: container | SF_FORMAT_PCM_U8
            case .int16: container | SF_FORMAT_PCM_16
            case .int24: container | SF_FORMAT_PCM_24
            case .int32: container | SF_FORMAT_PCM_32
            case .float32: container | SF_FORMAT_FLOAT
            case .float64: container | SF_FORMAT_DOUBLE
            }
        case .flac:
            return switch format {
            case .int8: SF_FORMAT_FLAC | SF_FORMAT_PCM_S8
            case .int16: SF_FORMAT_FLAC | SF_FORMAT_PCM_16
            case .int24: SF_FORMAT_FLAC | SF_FORMAT_PCM_24
            case .int32, .float32, .float64: nil
            }
        }
    }
}

extension AudioWriter.Format {
    fileprivate var code: Int32 {
        let value: Int =
            switch self {
            case .wav16: SF_FORMAT_WAV | SF_FORMAT_PCM_16
            case .wavFloat: SF_FORMAT_WAV | SF_FORMAT_FLOAT
            case .wav24: SF_FORMAT_WAV | SF_FORMAT_PCM_24
            case .wav32: SF_FORMAT_WAV | SF_FORMAT_PCM_32
            case .wavU8: SF_FORMAT_WAV | SF_FORMAT_PCM_U8
            case .flac: SF_FORMAT_FLAC | SF_FORMAT_PCM_16
            case .ogg: SF_FORMAT_OGG | SF_FORMAT_VORBIS
            case .opus: SF_FORMAT_OGG | SF_FORMAT_OPUS
            case .mp3: SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III
            case .aiff: SF_FORMAT_AIFF | SF_FORMAT_PCM_16
            case .w64: SF_FORMAT_W64 | SF_FORMAT_PCM_16
            case .rf64: SF_FORMAT_RF64 | SF_FORMAT_PCM_16
            }
        return Int32(value)
    }
}
