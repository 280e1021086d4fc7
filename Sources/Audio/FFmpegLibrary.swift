import CFFmpeg

/// FFmpeg's libraries, loaded when a file first needs them. They are not linked: where they are missing, everything else
/// works, and only the files that need them fail.
///
/// This file and `FFmpegFile.swift` are the two that import them: here they are loaded, once; there a file is read.
package final class FFmpegLibrary: @unchecked Sendable {
    /// Why the libraries cannot be used, and what to install.
    package struct Absence: Error {
        package let reason: String
    }

    /// The libraries, or why they cannot be used.
    static let shared: Result<FFmpegLibrary, Absence> = {
        do throws(Absence) { return .success(try FFmpegLibrary()) } catch { return .failure(error) }
    }()

    let functions: FFmpegFunctions
    private let handles: [UnsafeMutableRawPointer]

    /// Loads the libraries of the given major versions, which are those of the headers that this was built with: the
    /// layout of FFmpeg's structures differs from one to the next.
    ///
    /// - Throws: `Absence` if one is missing, or older than the headers.
    package init(
        formats: UInt32 = ffmpeg_format_version >> 16, codecs: UInt32 = ffmpeg_codec_version >> 16,
        utilities: UInt32 = ffmpeg_utility_version >> 16
    ) throws(Absence) {
        let names = [("avformat", formats), ("avcodec", codecs), ("avutil", utilities)]
        let advice = "apt-get install " + names.map { "lib\($0.0)\($0.1)" }.joined(separator: " ")
        var handles: [UnsafeMutableRawPointer] = []
        /// Closes what is open, and says why.
        func absence(_ reason: String) -> Absence {
            for handle in handles { dlclose(handle) }
            return Absence(reason: "\(reason): \(advice)")
        }
        for (name, major) in names {
            guard let handle = dlopen("lib\(name).so.\(major)", RTLD_NOW | RTLD_LOCAL) else {
                throw absence("FFmpeg's library lib\(name).so.\(major) is not installed")
            }
            handles.append(handle)
        }
        var functions = FFmpegFunctions()
        if let missing = ffmpeg_find_functions(handles[0], handles[1], handles[2], &functions) {
            throw absence("FFmpeg's libraries have no function \(String(cString: missing))")
        }
        let built = [ffmpeg_format_version, ffmpeg_codec_version, ffmpeg_utility_version]
        let found = [functions.avformat_version(), functions.avcodec_version(), functions.avutil_version()]
        for ((name, _), (built, found)) in zip(names, zip(built, found))
        where found < built || found >> 16 != built >> 16 {
            throw absence(
                "FFmpeg's library lib\(name) is version \(Self.text(found)), expected \(Self.text(built)) or a later "
                    + "\(built >> 16)")
        }
        // Its messages go to standard error, without the name of the file.
        functions.av_log_set_level(AV_LOG_QUIET)
        self.functions = functions
        self.handles = handles
    }

    deinit { for handle in handles { dlclose(handle) } }

    /// What an error code of FFmpeg means, with FFmpeg's own words in brackets.
    func reason(_ code: Int32) -> String {
        let own =
            switch code {
            case ffmpeg_invalid_data: "its bytes are damaged or are not of this kind"
            case ffmpeg_not_supported, ffmpeg_not_implemented: "it uses a part of its format that FFmpeg cannot decode"
            case ffmpeg_end_of_file: "it ends too early"
            case ffmpeg_out_of_memory: "it needs more memory than there is or than a file may take"
            case ffmpeg_not_permitted: "it refers to other files, which are never opened"
            case ffmpeg_wrong_value: "a number in it is out of range"
            case ffmpeg_no_stream: "it has no stream that can be read"
            case ffmpeg_no_decoder: "FFmpeg has no decoder for it"
            default: "FFmpeg gave up"
            }
        return "\(own) (FFmpeg: \(text(of: code)))"
    }

    /// Describes an error code of FFmpeg in its own words.
    private func text(of code: Int32) -> String {
        var text = [CChar](repeating: 0, count: 128)
        _ = functions.av_strerror(code, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func text(_ version: UInt32) -> String { "\(version >> 16).\(version >> 8 & 255).\(version & 255)" }
}
