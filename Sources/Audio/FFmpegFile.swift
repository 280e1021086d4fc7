import CFFmpeg
import Errors

/// The sound of one file as FFmpeg demultiplexes and decodes it, frame by frame, in one thread.
///
/// FFmpeg never sees the file's name and cannot open anything else: it reads through callbacks, and every other opening
/// is refused.
final class FFmpegFile {
    /// Why a file is not read.
    struct Refusal: Error {
        let failureClass: FailureClass
        let reason: String
        /// Whether libsndfile or libmpg123 knows the container too, so that its reason is the better one.
        var isShared = false
    }

    /// What decoding went on to.
    enum Step {
        /// A frame of samples: `count` of them, to be fetched with `copy`.
        case samples
        /// A packet could not be read or decoded.
        case fault(String)
        case end
    }

    /// The size of the buffer that FFmpeg reads through, in bytes.
    private static let bufferSize: Int32 = 1 << 16
    /// The least score of FFmpeg's recognition, of 100: below it, it advises to ask again with more bytes.
    private static let leastScore: Int32 = 25
    /// The largest single allocation that FFmpeg may make, in bytes: the index of fifty hours of AAC.
    private static let largestAllocation = 1 << 28
    /// The most samples of a frame, which is what a decoder allocates: no encoder makes a third of that.
    private static let mostSamples = "4194304"

    private let loaded: FFmpegLibrary
    private let source: FFmpegSource
    private var format: UnsafeMutablePointer<AVFormatContext>?
    private var codec: UnsafeMutablePointer<AVCodecContext>?
    private var io: UnsafeMutablePointer<AVIOContext>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var frame: UnsafeMutablePointer<AVFrame>?
    private var stream: UnsafeMutablePointer<AVStream>?
    private var isDraining = false
    /// How many packets and bytes to read for a film's first picture: writers put pictures and sound side by side.
    private static let mostPacketsToPicture = 10_000
    private static let mostBytesToPicture = 64 << 20

    /// Whether the decoder has given a frame, or its error, since the last packet.
    private var hasAnswered = false

    /// The demuxer's name, and what is known of it.
    private(set) var demuxer = ""
    private(set) var kind = FFmpegFormats.Demuxer(length: .none)
    /// The decoder's name.
    private(set) var decoder = ""
    /// The number of streams of any kind.
    private(set) var streamCount = 0
    private(set) var audioStreamCount = 0
    /// The place of the last packet in the file; nil if FFmpeg does not know it.
    private(set) var packetPlace: Int?
    /// The number of packets given to the decoder, of the bytes in them and in the last, and the least and most bytes of
    /// those before it.
    private(set) var packets = (count: 0, bytes: 0, last: 0, least: Int.max, most: 0)
    /// The packets given to the decoder since it gave the frame before the last one, up to that of the last: how many they
    /// are, the time at which the first begins, in seconds of the stream's clock, and the place of the first that gave
    /// no frame. More than one mean that some gave none, be it because the decoder holds frames back.
    private(set) var asked = (count: 0, start: Double?.none, idlePlace: Int?.none)
    /// The time at which the last packet ends, in seconds of the stream's clock; nil if it is not known.
    private(set) var packetEnd: Double?

    private var functions: FFmpegFunctions { loaded.functions }

    private init(_ library: FFmpegLibrary, _ bytes: FileBytes, mostBytes: Int? = nil) {
        loaded = library
        source = FFmpegSource(bytes, most: mostBytes)
    }

    deinit {
        functions.avcodec_free_context(&codec)
        functions.avformat_close_input(&format)
        if let io {
            // FFmpeg may have replaced the buffer by another.
            withUnsafeMutablePointer(to: &io.pointee.buffer) { functions.av_freep($0) }
            functions.avio_context_free(&self.io)
        }
        functions.av_packet_free(&packet)
        functions.av_frame_free(&frame)
    }

    /// Recognises the container and opens it, but not yet its sound.
    ///
    /// - Parameter ignoresEdits: leaves the start and end of the sound in an MP4 file to the caller.
    /// - Returns: nil if FFmpeg knows no container in the file, or none that is on the list.
    /// - Throws: `Refusal` if the container cannot be opened.
    static func open(_ library: FFmpegLibrary, _ bytes: FileBytes, ignoresEdits: Bool) throws(Refusal) -> FFmpegFile? {
        let file = FFmpegFile(library, bytes)
        try file.allocate()
        guard let input = file.recognize() else { return nil }
        try file.openContainer(input, ignoresEdits: ignoresEdits)
        return file
    }

    /// The length that a container's header states for its longest stream of sound, or for the whole file, in seconds. Decodes
    /// nothing, and looks at no packet.
    ///
    /// - Parameter mostBytes: how many bytes are read at most.
    /// - Returns: nil if FFmpeg knows no container in the file, cannot open it, or it states no length.
    static func statedSeconds(_ library: FFmpegLibrary, _ bytes: FileBytes, mostBytes: Int) -> Double? {
        let file = FFmpegFile(library, bytes, mostBytes: mostBytes)
        do throws(Refusal) {
            try file.allocate()
            guard let input = file.recognize() else { return nil }
            try file.openContainer(input, ignoresEdits: false, looksAtPackets: false)
        } catch { return nil }
        guard let context = file.format else { return nil }
        var longest = 0.0
        var hasSound = false
        for index in 0..<file.streamCount {
            guard let stream = context.pointee.streams[index],
                stream.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_AUDIO
            else { continue }
            hasSound = true
            let (length, base) = (stream.pointee.duration, stream.pointee.time_base)
            guard length != ffmpeg_no_time, length > 0, base.num > 0, base.den > 0 else { continue }
            longest = max(longest, Double(length) * Double(base.num) / Double(base.den))
        }
        if longest > 0 { return longest }
        let whole = context.pointee.duration
        return hasSound && whole != ffmpeg_no_time && whole > 0 ? Double(whole) / Double(AV_TIME_BASE) : nil
    }

    /// The time of a film's first picture, in seconds; nil if none is among its first packets.
    ///
    /// This file's own context leaves pictures out, so another one reads their packets, without looking into them.
    ///
    /// - Parameter bytes: the file.
    func firstPictureTime(in bytes: FileBytes) -> Double? {
        let file = FFmpegFile(loaded, bytes, mostBytes: Self.mostBytesToPicture)
        do throws(Refusal) {
            try file.allocate()
            guard let input = file.recognize() else { return nil }
            try file.openContainer(input, ignoresEdits: false, looksAtPackets: false)
        } catch { return nil }
        guard let context = file.format, let packet = file.packet else { return nil }
        for index in 0..<Int(context.pointee.nb_streams) {
            context.pointee.streams[index]?.pointee.discard = AVDISCARD_DEFAULT
        }
        for _ in 0..<Self.mostPacketsToPicture {
            guard functions.av_read_frame(context, packet) >= 0 else { return nil }
            defer { functions.av_packet_unref(packet) }
            let index = Int(packet.pointee.stream_index)
            guard index < Int(context.pointee.nb_streams), let stream = context.pointee.streams[index],
                Self.isPicture(stream.pointee)
            else { continue }
            let time = packet.pointee.pts == ffmpeg_no_time ? packet.pointee.dts : packet.pointee.pts
            let base = stream.pointee.time_base
            guard time != ffmpeg_no_time, base.den > 0 else { return nil }
            return Double(time) * Double(base.num) / Double(base.den)
        }
        return nil
    }

    /// Whether a stream's pictures move: a cover is none that a time could refer to.
    private static func isPicture(_ stream: AVStream) -> Bool {
        stream.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
            && stream.disposition & Int32(AV_DISPOSITION_ATTACHED_PIC) == 0
    }

    private func allocate() throws(Refusal) {
        functions.av_max_alloc(Self.largestAllocation)
        packet = functions.av_packet_alloc()
        frame = functions.av_frame_alloc()
        let buffer = functions.av_malloc(Int(Self.bufferSize))?.assumingMemoryBound(to: UInt8.self)
        io = functions.avio_alloc_context(
            buffer, Self.bufferSize, 0, Unmanaged.passUnretained(source).toOpaque(),
            { FFmpegSource.from($0).read(into: $1, Int($2)) }, nil, { FFmpegSource.from($0).seek($1, $2) })
        guard io != nil, packet != nil, frame != nil else {
            throw Refusal(failureClass: .internal, reason: "FFmpeg cannot allocate a file's buffers")
        }
    }

    /// Recognises the container by its bytes alone; nil if there is none that may be opened.
    private func recognize() -> UnsafeRawPointer? {
        var input: UnsafeRawPointer?
        var name: UnsafePointer<CChar>?
        var functions = functions
        guard ffmpeg_recognize(&functions, io, &input, &name) >= Self.leastScore, let input, let name else {
            return nil
        }
        demuxer = String(cString: name)
        guard let kind = FFmpegFormats.demuxers[demuxer] else { return nil }
        self.kind = kind
        return input
    }

    /// - Parameter looksAtPackets: whether to read the first packets, and decode some, to complete what the header says of
    ///   the streams.
    private func openContainer(
        _ input: UnsafeRawPointer, ignoresEdits: Bool, looksAtPackets: Bool = true
    ) throws(Refusal) {
        format = functions.avformat_alloc_context()
        guard let context = format else {
            throw Refusal(failureClass: .internal, reason: "FFmpeg cannot allocate a file's context")
        }
        context.pointee.pb = io
        context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        context.pointee.io_open = { _, _, _, _, _ in -EPERM }
        var options: OpaquePointer?
        set(&options, "protocol_whitelist", "none")
        set(&options, "format_whitelist", FFmpegFormats.demuxerList)
        set(&options, "codec_whitelist", FFmpegFormats.decoderList)
        if ignoresEdits { set(&options, "ignore_editlist", "1") }
        // The context is freed, and `format` set to nil, where this fails.
        var functions = functions
        let opened = ffmpeg_open(&functions, &format, input, &options)
        functions.av_dict_free(&options)
        guard opened == 0, let context = format else { throw refusal(opened, "its container") }
        // Pictures are not looked at.
        for index in 0..<Int(context.pointee.nb_streams) {
            guard let stream = context.pointee.streams[index] else { continue }
            if stream.pointee.codecpar.pointee.codec_type != AVMEDIA_TYPE_AUDIO {
                stream.pointee.discard = AVDISCARD_ALL
            }
        }
        if looksAtPackets {
            let found = functions.avformat_find_stream_info(context, nil)
            guard found >= 0 else { throw refusal(found, "its streams") }
        }
        streamCount = Int(context.pointee.nb_streams)
    }

    private func set(_ options: inout OpaquePointer?, _ name: String, _ value: String) {
        _ = functions.av_dict_set(&options, name, value, 0)
    }

    private func refusal(_ code: Int32, _ part: String) -> Refusal {
        Refusal(
            failureClass: .unsupported,
            reason: "no audio that can be read: \(part) (\(demuxer)) cannot be opened: \(loaded.reason(code))",
            isShared: kind.isShared)
    }

    /// Chooses a stream of sound and opens its decoder.
    ///
    /// - Parameter wanted: the number of the stream among those of sound, from 0; nil for the one that FFmpeg takes for
    ///   the best.
    /// - Parameter keepsAll: gives the samples of the encoder's delay and padding too.
    /// - Throws: `Refusal` if there is no such stream, it is encrypted, or no decoder on the list is for it.
    func openStream(_ wanted: Int?, keepsAll: Bool) throws(Refusal) {
        guard let context = format else { return }
        let streams = (0..<streamCount).compactMap { context.pointee.streams[$0] }
        let sound = streams.filter { $0.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_AUDIO }
        audioStreamCount = sound.count
        guard !sound.isEmpty else {
            let others =
                streams.count == 1
                ? "its one stream is of another kind" : "its \(streams.count) streams are of other kinds"
            throw Refusal(
                failureClass: .unsupported,
                reason: "no audio stream: \(streams.isEmpty ? "it has no stream at all" : others)")
        }
        if let wanted, !sound.indices.contains(wanted) { throw Self.noStream(wanted, of: sound.count) }
        let best = functions.av_find_best_stream(context, AVMEDIA_TYPE_AUDIO, -1, -1, nil, 0)
        let chosen = wanted.map { sound[$0] } ?? sound.first { $0.pointee.index == best } ?? sound[0]
        for other in streams where other != chosen { other.pointee.discard = AVDISCARD_ALL }
        stream = chosen
        try openDecoder(chosen, keepsAll: keepsAll)
    }

    /// The refusal of a stream that is not there.
    static func noStream(_ wanted: Int, of count: Int) -> Refusal {
        Refusal(
            failureClass: .unsupported,
            reason:
                "no audio stream \(wanted): it has \(count) audio \(count == 1 ? "stream" : "streams"), numbered from 0"
        )
    }

    private func openDecoder(_ stream: UnsafeMutablePointer<AVStream>, keepsAll: Bool) throws(Refusal) {
        guard let parameters = stream.pointee.codecpar else { return }
        // How MP4 names a coding that is encrypted: by iTunes, by Common Encryption, by Audible.
        let tag = withUnsafeBytes(of: parameters.pointee.codec_tag.littleEndian) { String(decoding: $0, as: UTF8.self) }
        if ["drms", "enca", "aavd"].contains(tag) { throw Self.encrypted(by: "its coding is '\(tag)'") }
        let name = functions.avcodec_get_name(parameters.pointee.codec_id).map { String(cString: $0) } ?? ""
        guard let found = functions.avcodec_find_decoder(parameters.pointee.codec_id) else {
            throw Refusal(
                failureClass: .unsupported,
                reason: "no audio that can be read: FFmpeg has no decoder for its coding, '\(name)'")
        }
        decoder = String(cString: found.pointee.name)
        guard FFmpegFormats.isAllowed(decoder: decoder) else {
            throw Refusal(
                failureClass: .unsupported,
                reason: "no audio that can be read: its coding, '\(name)', is not among those that are decoded")
        }
        codec = functions.avcodec_alloc_context3(found)
        guard let codec else {
            throw Refusal(failureClass: .internal, reason: "FFmpeg cannot allocate a decoder")
        }
        let copied = functions.avcodec_parameters_to_context(codec, parameters)
        guard copied >= 0 else { throw refusal(copied, "its coding, '\(name)',") }
        codec.pointee.pkt_timebase = stream.pointee.time_base
        codec.pointee.thread_count = 1
        codec.pointee.flags |= AV_CODEC_FLAG_BITEXACT
        if keepsAll { codec.pointee.flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL }
        codec.pointee.err_recognition |= AV_EF_CRCCHECK
        if FFmpegFormats.lossless.contains(decoder) { codec.pointee.err_recognition |= AV_EF_EXPLODE }
        var options: OpaquePointer?
        set(&options, "codec_whitelist", FFmpegFormats.decoderList)
        set(&options, "max_samples", Self.mostSamples)
        let opened = functions.avcodec_open2(codec, found, &options)
        functions.av_dict_free(&options)
        guard opened == 0 else { throw refusal(opened, "its coding, '\(name)',") }
    }

    /// The refusal of an encrypted file.
    static func encrypted(by sign: String) -> Refusal {
        Refusal(failureClass: .unsupported, reason: "no audio that can be read: it is encrypted (\(sign))")
    }

    /// The container's number of the chosen stream, such as the track's in MP4.
    var trackNumber: Int { stream.map { Int($0.pointee.id) } ?? 0 }

    /// The length of the chosen stream, or of the whole file where only that is stated, in seconds as a fraction; nil if
    /// none is stated, or if it is a guess from the bit rate.
    var statedLength: (numerator: Int64, denominator: Int64)? {
        guard let format, let stream, format.pointee.duration_estimation_method != AVFMT_DURATION_FROM_BITRATE else {
            return nil
        }
        let own = stream.pointee.duration
        let base = stream.pointee.time_base
        if own != ffmpeg_no_time, own > 0, base.num > 0, base.den > 0 {
            let (product, overflow) = own.multipliedReportingOverflow(by: Int64(base.num))
            return overflow ? nil : (product, Int64(base.den))
        }
        let whole = format.pointee.duration
        return whole != ffmpeg_no_time && whole > 0 ? (whole, Int64(AV_TIME_BASE)) : nil
    }

    /// The length of the longest stream as the container states it, in seconds; 0 if it does not.
    var containerLength: Double {
        guard let format, format.pointee.duration_estimation_method != AVFMT_DURATION_FROM_BITRATE,
            format.pointee.duration != ffmpeg_no_time
        else { return 0 }
        return Double(format.pointee.duration) / Double(AV_TIME_BASE)
    }

    /// What iTunes wrote about the delay and the length of the sound; nil if it is not there.
    var iTunesGaplessText: String? {
        guard let entry = functions.av_dict_get(format?.pointee.metadata, "iTunSMPB", nil, 0) else { return nil }
        return entry.pointee.value.map { String(cString: $0) }
    }

    /// Decodes the next frame.
    func step() -> Step {
        guard let codec, let frame else { return .end }
        while true {
            let code = functions.avcodec_receive_frame(codec, frame)
            if code == 0 {
                hasAnswered = true
                return frame.pointee.nb_samples > 0 ? taken(frame) : .fault("a frame without samples")
            }
            if code == ffmpeg_end_of_file { return .end }
            guard code == ffmpeg_again else { return .fault(refused(code)) }
            if isDraining { return .end }
            if let fault = send() { return .fault(fault) }
        }
    }

    private func taken(_ frame: UnsafeMutablePointer<AVFrame>) -> Step {
        let isDamaged = frame.pointee.decode_error_flags != 0 || frame.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0
        // Its samples are the decoder's guess: they are left out like those of a packet that does not decode.
        return isDamaged ? .fault("the decoder \(decoder): a damaged packet\(place)") : .samples
    }

    /// What the decoder says of a packet.
    private func refused(_ code: Int32) -> String {
        // What FFmpeg does not decode of AMR is the silence that a telephone does not transmit.
        if code == ffmpeg_not_supported, decoder.hasPrefix("amr") {
            return "a frame of AMR that stands for silence (DTX)\(place), which the decoder \(decoder) does not make"
        }
        return "a packet\(place) cannot be decoded as \(decoder): \(loaded.reason(code))"
    }

    /// The place of the last packet, for messages.
    private var place: String { packetPlace.map { " at byte \($0)" } ?? "" }

    /// Gives the decoder the stream's next packet, or the end; returns what went wrong.
    private func send() -> String? {
        guard let codec, let packet else { return nil }
        while true {
            let code = functions.av_read_frame(format, packet)
            if code < 0 {
                isDraining = true
                _ = functions.avcodec_send_packet(codec, nil)
                if let text = source.fault { return text }
                return code == ffmpeg_end_of_file ? nil : "it cannot be read on: \(loaded.reason(code))"
            }
            defer { functions.av_packet_unref(packet) }
            guard packet.pointee.stream_index == stream?.pointee.index else { continue }
            if hasAnswered { asked = (0, nil, nil) }
            if !hasAnswered, asked.count > 0, asked.idlePlace == nil { asked.idlePlace = packetPlace }
            hasAnswered = false
            asked.count += 1
            let start = seconds(packet.pointee.pts)
            if asked.count == 1 { asked.start = start }
            packetEnd = start.map { $0 + (seconds(max(0, packet.pointee.duration)) ?? 0) }
            packetPlace = packet.pointee.pos < 0 ? nil : Int(packet.pointee.pos)
            let size = Int(max(0, packet.pointee.size))
            if packets.count > 0 {
                (packets.least, packets.most) = (min(packets.least, packets.last), max(packets.most, packets.last))
            }
            (packets.count, packets.bytes, packets.last) = (packets.count + 1, packets.bytes + size, size)
            if functions.av_packet_get_side_data(packet, AV_PKT_DATA_ENCRYPTION_INFO, nil) != nil {
                isEncrypted = true
                return "it is encrypted\(place)"
            }
            let sent = functions.avcodec_send_packet(codec, packet)
            if sent < 0, sent != ffmpeg_end_of_file {
                return refused(sent)
            }
            if packet.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 { return "a packet is cut or damaged\(place)" }
            return nil
        }
    }

    /// Whether a packet said that it is encrypted.
    private(set) var isEncrypted = false

    /// The number of sample frames in the frame just decoded.
    var count: Int { frame.map { Int($0.pointee.nb_samples) } ?? 0 }
    /// The sample rate and the number of channels of the frame just decoded.
    var rate: Int { frame.map { Int($0.pointee.sample_rate) } ?? 0 }
    var channels: Int { frame.map { Int(ffmpeg_channels($0)) } ?? 0 }

    /// The time of the first sample of the frame just decoded, in seconds of the stream's clock; nil if it has none.
    var time: Double? { frame.flatMap { seconds($0.pointee.pts) } }

    /// The unit of the stream's clock, in seconds.
    var tick: Double { seconds(1) ?? 0 }

    /// The packets at the end that gave no frame.
    var packetsWithoutFrame: Int { hasAnswered ? 0 : asked.count }

    /// Whether the decoder gives a frame for each packet, or says why not, so that one without is damaged.
    var answersEachPacket: Bool { FFmpegFormats.answering.contains(decoder) }

    /// Whether the file has pictures that move, so that a player counts from the file's beginning, not the sound's.
    var isFilm: Bool {
        guard let format else { return false }
        return (0..<streamCount).contains { index in
            guard let stream = format.pointee.streams[index] else { return false }
            return Self.isPicture(stream.pointee)
        }
    }

    private func seconds(_ units: Int64) -> Double? {
        guard let base = stream?.pointee.time_base, units != ffmpeg_no_time, base.den > 0 else { return nil }
        return Double(units) * Double(base.num) / Double(base.den)
    }

    /// The narrowest format that holds each sample of the frame just decoded.
    var sampleFormat: SampleFormat {
        guard let frame else { return .float32 }
        switch AVSampleFormat(rawValue: frame.pointee.format) {
        case AV_SAMPLE_FMT_U8, AV_SAMPLE_FMT_U8P: return .int8
        case AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P: return .int16
        case AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_S32P:
            let bits = codec?.pointee.bits_per_raw_sample ?? 0
            return (1...24).contains(bits) ? .int24 : .int32
        case AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_FLTP: return .float32
        default: return .float64
        }
    }

    /// Copies samples of the frame just decoded, interleaved; full scale is 1.
    ///
    /// - Parameter range: sample frames, within `count`.
    /// - Returns: false if FFmpeg has the samples in a form that is not known.
    func copy<Sample: DecodedSample>(_ range: Range<Int>, into out: UnsafeMutablePointer<Sample>) -> Bool {
        guard let frame else { return false }
        switch AVSampleFormat(rawValue: frame.pointee.format) {
        case AV_SAMPLE_FMT_U8: interleaved(range, out) { (value: UInt8) in (Sample.of(Int32(value)) - 128) / 128 }
        case AV_SAMPLE_FMT_S16: interleaved(range, out) { (value: Int16) in Sample.of(Int32(value)) / 0x1p15 }
        case AV_SAMPLE_FMT_S32: interleaved(range, out) { (value: Int32) in Sample.of(value) / 0x1p31 }
        case AV_SAMPLE_FMT_S64: interleaved(range, out) { (value: Int64) in Sample.of(value) / 0x1p63 }
        case AV_SAMPLE_FMT_FLT: interleaved(range, out) { (value: Float) in Sample.of(value) }
        case AV_SAMPLE_FMT_DBL: interleaved(range, out) { (value: Double) in Sample.of(value) }
        case AV_SAMPLE_FMT_U8P: planar(range, out) { (value: UInt8) in (Sample.of(Int32(value)) - 128) / 128 }
        case AV_SAMPLE_FMT_S16P: planar(range, out) { (value: Int16) in Sample.of(Int32(value)) / 0x1p15 }
        case AV_SAMPLE_FMT_S32P: planar(range, out) { (value: Int32) in Sample.of(value) / 0x1p31 }
        case AV_SAMPLE_FMT_S64P: planar(range, out) { (value: Int64) in Sample.of(value) / 0x1p63 }
        case AV_SAMPLE_FMT_FLTP: planar(range, out) { (value: Float) in Sample.of(value) }
        case AV_SAMPLE_FMT_DBLP: planar(range, out) { (value: Double) in Sample.of(value) }
        default: return false
        }
        return true
    }

    @inline(__always)
    private func interleaved<Stored, Sample>(
        _ range: Range<Int>, _ out: UnsafeMutablePointer<Sample>, _ convert: (Stored) -> Sample
    ) {
        guard let data = frame?.pointee.extended_data[0] else { return }
        let channels = channels
        let samples = UnsafeRawPointer(data).assumingMemoryBound(to: Stored.self) + range.lowerBound * channels
        for place in 0..<range.count * channels { out[place] = convert(samples[place]) }
    }

    @inline(__always)
    private func planar<Stored, Sample>(
        _ range: Range<Int>, _ out: UnsafeMutablePointer<Sample>, _ convert: (Stored) -> Sample
    ) {
        let channels = channels
        for channel in 0..<channels {
            guard let data = frame?.pointee.extended_data[channel] else { return }
            let samples = UnsafeRawPointer(data).assumingMemoryBound(to: Stored.self) + range.lowerBound
            for place in 0..<range.count { out[place * channels + channel] = convert(samples[place]) }
        }
    }
}

/// The file's bytes as FFmpeg reads them, by callbacks.
private final class FFmpegSource {
    /// How much may be read in all, as a multiple of the file's size and in bytes beyond it: an index that leads round in
    /// circles must not be followed for ever.
    private static let mostPasses = 64
    private static let mostBeyond = 1 << 26

    private let bytes: FileBytes
    private var place = 0
    private var left: Int

    /// - Parameter most: how many bytes may be read in all; nil for as many as no sound file needs.
    init(_ bytes: FileBytes, most: Int? = nil) {
        self.bytes = bytes
        left = most ?? bytes.size.multipliedReportingOverflow(by: Self.mostPasses).partialValue + Self.mostBeyond
    }

    static func from(_ pointer: UnsafeMutableRawPointer?) -> FFmpegSource {
        Unmanaged<FFmpegSource>.fromOpaque(pointer!).takeUnretainedValue()
    }

    /// Why reading ended before the file did; nil if it did not.
    var fault: String? {
        if let code = bytes.fault { return "reading it failed: \(String(cString: strerror(code)))" }
        return left <= 0 ? "its structure leads round in circles: it was read more than \(Self.mostPasses) times" : nil
    }

    /// Copies the next bytes; returns their number, or FFmpeg's code of an error or of the end.
    func read(into out: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int32 {
        guard let out, left > 0 else { return ffmpeg_end_of_file }
        let got = bytes.read(into: out, at: place, count)
        if let code = bytes.fault { return -code }
        guard got > 0 else { return ffmpeg_end_of_file }
        place += got
        left -= got
        return Int32(got)
    }

    /// Moves to a place, or returns the file's size; returns the place, or FFmpeg's code of an error.
    func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        let base: Int
        switch whence & ~ffmpeg_seek_force {
        case ffmpeg_seek_size: return Int64(bytes.size)
        case SEEK_SET: base = 0
        case SEEK_CUR: base = place
        case SEEK_END: base = bytes.size
        default: return Int64(-EINVAL)
        }
        let (sum, overflow) = base.addingReportingOverflow(Int(offset))
        guard !overflow, sum >= 0 else { return Int64(-EINVAL) }
        place = sum
        return Int64(sum)
    }
}
