/// What FFmpeg may open: its demuxers and decoders are many, and most were never meant for files from anywhere.
///
/// A demuxer or decoder that is not listed here is never opened. None of them reads another file or an address.
enum FFmpegFormats {
    /// How far a container's own statement of the sound's length can be relied on.
    enum Length {
        /// The number of samples, or what adds up to it, is in the file.
        case exact
        /// A time of the whole file, with pictures if there are any, in milliseconds or so.
        case rounded
        /// None, or an estimate from the bit rate.
        case none
    }

    /// What is known of a demuxer.
    struct Demuxer: Sendable {
        let length: Length
        /// Whether the frames of sound follow each other without anything in between, so that bytes between two frames
        /// are a fault.
        var isRaw = false
        /// Whether libsndfile or libmpg123 knows the container too: its error is then the one to report.
        var isShared = false
        /// Whether the times in it say how much later the sound begins than the pictures.
        var hasComparableTimes = false
    }

    /// The demuxers by FFmpeg's names.
    static let demuxers: [String: Demuxer] = [
        "aac": Demuxer(length: .none, isRaw: true),
        "ac3": Demuxer(length: .none, isRaw: true),
        "aiff": Demuxer(length: .exact, isShared: true),
        "amr": Demuxer(length: .none),
        "ape": Demuxer(length: .exact),
        "asf": Demuxer(length: .rounded, hasComparableTimes: true),
        "au": Demuxer(length: .none, isShared: true),
        "avi": Demuxer(length: .none, hasComparableTimes: true),
        "caf": Demuxer(length: .none, isShared: true),
        "dsf": Demuxer(length: .exact),
        "dts": Demuxer(length: .none, isRaw: true),
        "dtshd": Demuxer(length: .none),
        "eac3": Demuxer(length: .none, isRaw: true),
        "flac": Demuxer(length: .exact, isShared: true),
        "flv": Demuxer(length: .none, hasComparableTimes: true),
        // Direct Stream Digital in its interchange format (DFF); the same demuxer reads 8SVX.
        "iff": Demuxer(length: .exact, isShared: true),
        "loas": Demuxer(length: .none),
        "matroska,webm": Demuxer(length: .rounded, hasComparableTimes: true),
        "mlp": Demuxer(length: .none, isRaw: true),
        "mov,mp4,m4a,3gp,3g2,mj2": Demuxer(length: .exact, hasComparableTimes: true),
        "mpc": Demuxer(length: .exact),
        "mpc8": Demuxer(length: .exact),
        "mpeg": Demuxer(length: .none),
        "mpegts": Demuxer(length: .none),
        "ogg": Demuxer(length: .none, isShared: true),
        "qcp": Demuxer(length: .none),
        "rm": Demuxer(length: .none),
        "shn": Demuxer(length: .none),
        "tak": Demuxer(length: .exact),
        "truehd": Demuxer(length: .none, isRaw: true),
        "tta": Demuxer(length: .exact),
        "w64": Demuxer(length: .none, isShared: true),
        "wav": Demuxer(length: .none, isShared: true),
        "wv": Demuxer(length: .exact),
        "xwma": Demuxer(length: .none),
    ]

    /// Decoders by FFmpeg's names; the formats of PCM are added by `isAllowed`.
    static let decoders: Set<String> = [
        "aac", "aac_latm", "ac3", "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "adpcm_swf", "adpcm_yamaha", "alac",
        "als", "amrnb", "amrwb", "ape", "atrac1", "atrac3", "atrac3plus", "cook", "dca", "dsd_lsbf",
        "dsd_lsbf_planar", "dsd_msbf", "dsd_msbf_planar", "dst", "eac3", "flac", "g722", "g726", "g726le", "gsm",
        "gsm_ms", "ilbc", "libspeex", "mace3", "mace6", "mlp", "mp1", "mp1float", "mp2", "mp2float", "mp3adufloat",
        "mp3float", "mp3on4float", "mpc7", "mpc8", "nellymoser", "opus", "qcelp", "qdm2", "real_144", "real_288",
        "shorten", "sipr", "speex", "tak", "truehd", "truespeech", "tta", "vorbis", "wavpack", "wmalossless",
        "wmapro", "wmav1", "wmav2", "wmavoice",
    ]

    /// Codings that give the encoder's own samples back, and whose checksums are therefore to be believed.
    static let lossless: Set<String> = [
        "alac", "ape", "flac", "mlp", "shorten", "tak", "truehd", "tta", "wavpack", "wmalossless",
    ]

    /// Lossless codings whose packets each hold whole frames; Shorten and the others do not, or begin within one.
    static let answering: Set<String> = ["alac", "ape", "flac", "tak", "tta", "wavpack"]

    /// PCM as it is stored in the containers above.
    private static let pcm: [String] =
        ["pcm_s8", "pcm_u8", "pcm_s8_planar", "pcm_alaw", "pcm_mulaw", "pcm_bluray", "pcm_dvd", "pcm_lxf"]
        + ["s16", "s24", "s32", "u16", "u24", "u32", "f32", "f64"].flatMap { ["pcm_\($0)le", "pcm_\($0)be"] }
        + ["pcm_s16le_planar", "pcm_s16be_planar", "pcm_s24le_planar", "pcm_s32le_planar"]

    /// Both lists as FFmpeg takes them, so that it too opens nothing else.
    static let demuxerList = demuxers.keys.sorted().joined(separator: ",")
    static let decoderList = (decoders.sorted() + pcm).joined(separator: ",")

    private static let allowed = decoders.union(pcm)

    static func isAllowed(decoder: String) -> Bool { allowed.contains(decoder) }
}
