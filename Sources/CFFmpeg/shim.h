#include <dlfcn.h>
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>

/* The functions of FFmpeg that are used, by library. Their types are the headers' own, in every version of them. */
#define FFMPEG_FORMAT_FUNCTIONS(use)                                                                                   \
    use(avformat_version) use(avformat_alloc_context) use(avformat_open_input) use(avformat_close_input)               \
    use(avformat_find_stream_info) use(av_read_frame) use(avio_alloc_context) use(avio_context_free)                   \
    use(av_probe_input_buffer2) use(av_find_best_stream)
#define FFMPEG_CODEC_FUNCTIONS(use)                                                                                    \
    use(avcodec_version) use(avcodec_find_decoder) use(avcodec_get_name) use(avcodec_alloc_context3)                   \
    use(avcodec_free_context) use(avcodec_parameters_to_context) use(avcodec_open2) use(avcodec_send_packet)           \
    use(avcodec_receive_frame) use(av_packet_alloc) use(av_packet_free) use(av_packet_unref)                  \
    use(av_packet_get_side_data)
#define FFMPEG_UTILITY_FUNCTIONS(use)                                                                                  \
    use(avutil_version) use(av_malloc) use(av_freep) use(av_frame_alloc) use(av_frame_free) use(av_frame_unref)        \
    use(av_dict_set) use(av_dict_get) use(av_dict_free) use(av_log_set_level) use(av_strerror)        \
    use(av_max_alloc)

#define FFMPEG_FIELD(name) __typeof__(&name) name;
struct FFmpegFunctions {
    FFMPEG_FORMAT_FUNCTIONS(FFMPEG_FIELD)
    FFMPEG_CODEC_FUNCTIONS(FFMPEG_FIELD)
    FFMPEG_UTILITY_FUNCTIONS(FFMPEG_FIELD)
};
#undef FFMPEG_FIELD

/* Looks up every function in the open libraries; returns the name of the first that is missing, NULL if none is. */
static inline const char *ffmpeg_find_functions(void *format, void *codec, void *utility, struct FFmpegFunctions *out) {
    void *from = format;
#define FFMPEG_FIND(name)                                                                                              \
    out->name = (__typeof__(&name))dlsym(from, #name);                                                                 \
    if (!out->name) return #name;
    FFMPEG_FORMAT_FUNCTIONS(FFMPEG_FIND)
    from = codec;
    FFMPEG_CODEC_FUNCTIONS(FFMPEG_FIND)
    from = utility;
    FFMPEG_UTILITY_FUNCTIONS(FFMPEG_FIND)
#undef FFMPEG_FIND
    return 0;
}

/* The versions of the headers. */
static const unsigned ffmpeg_format_version = LIBAVFORMAT_VERSION_INT;
static const unsigned ffmpeg_codec_version = LIBAVCODEC_VERSION_INT;
static const unsigned ffmpeg_utility_version = LIBAVUTIL_VERSION_INT;

/* Macros that Swift cannot import. */
static const int ffmpeg_end_of_file = AVERROR_EOF;
static const int ffmpeg_again = AVERROR(EAGAIN);
static const int ffmpeg_out_of_memory = AVERROR(ENOMEM);
static const int ffmpeg_invalid_data = AVERROR_INVALIDDATA;
static const int ffmpeg_not_supported = AVERROR_PATCHWELCOME;
static const int ffmpeg_not_implemented = AVERROR(ENOSYS);
static const int ffmpeg_not_permitted = AVERROR(EPERM);
static const int ffmpeg_wrong_value = AVERROR(EINVAL);
static const int ffmpeg_no_stream = AVERROR_STREAM_NOT_FOUND;
static const int ffmpeg_no_decoder = AVERROR_DECODER_NOT_FOUND;
static const int ffmpeg_seek_size = AVSEEK_SIZE;
static const int ffmpeg_seek_force = AVSEEK_FORCE;
static const int64_t ffmpeg_no_time = AV_NOPTS_VALUE;

/* Recognises a container, and gives its name; the type of `input` differs between versions. */
static inline int ffmpeg_recognize(
    const struct FFmpegFunctions *functions, AVIOContext *io, const void **input, const char **name) {
    __typeof__(av_find_input_format("")) found = 0;
    int score = functions->av_probe_input_buffer2(io, &found, "", 0, 0, 0);
    if (score < 0 || !found) return -1;
    *input = found;
    *name = found->name;
    return score;
}

/* Opens a file with the container that `ffmpeg_recognize` found. */
static inline int ffmpeg_open(
    const struct FFmpegFunctions *functions, AVFormatContext **format, const void *input, AVDictionary **options) {
    return functions->avformat_open_input(format, "", (__typeof__(av_find_input_format("")))input, options);
}

/* The number of channels, whose field FFmpeg 5.1 replaced. */
static inline int ffmpeg_channels(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 28, 100)
    return frame->ch_layout.nb_channels;
#else
    return frame->channels;
#endif
}
