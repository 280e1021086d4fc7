// 3x3 convolutions on bytes. Taps outside the image read zero.

// A kernel's taps, scales and biases for WIDE channels, in the order in which `column_quads` places the channels.
// Interleaving works within 128 bits, so four neighbouring channels stay together and the fours change places.
enum { PIECES = WIDE / 4 };
struct channels {
    _Alignas(64) int8_t taps[3][WIDE * 4];
    _Alignas(64) float scale[WIDE], bias[WIDE];
};

FORCED void place_channels(const int8_t *weights, const float *scale, const float *bias, struct channels *to) {
    for (int i = 0; i < PIECES; i++) {
        int piece = i % (WIDE / 16) * 4 + i / (WIDE / 16);
        for (int dx = 0; dx < 3; dx++) memcpy(to->taps[dx] + 16 * i, weights + (3 * piece + dx) * 16, 16);
        memcpy(to->scale + 4 * i, scale + 4 * piece, 4 * sizeof *scale);
        memcpy(to->bias + 4 * i, bias + 4 * piece, 4 * sizeof *bias);
    }
}

// The three rows of an image under one output row, for WIDE channels. A row outside the image is zeros whose columns are
// all the same.
struct taps {
    const uint8_t *row[3];
    long step[3];
};

static const uint8_t outside[WIDE] = {0};

FORCED struct taps taps_at(const uint8_t *in, long height, long width, long channels, long first) {
    struct taps taps;
    for (int dy = 0; dy < 3; dy++) {
        int inside = first + dy >= 0 && first + dy < height;
        taps.row[dy] = inside ? in + (first + dy) * width * channels : outside;
        taps.step[dy] = inside ? channels : 0;
    }
    return taps;
}

// Computes `group` neighbouring outputs of one output row, for WIDE channels. `column` is the image's column of the
// first tap. If `inside` is set, no column is outside the image.
FORCED void depthwise_group(const int group, const int stride, const int inside, const struct taps *taps, long width,
                            long channels, const struct channels *use, long column, uint8_t *out) {
    const int columns = (group - 1) * stride + 3;
    sums sum[INT8_GROUP][WIDE / LANES];
    UNROLL
    for (int g = 0; g < group; g++) {
        UNROLL
        for (int w = 0; w < WIDE / LANES; w++) sum[g][w] = no_sums();
    }
    UNROLL
    for (int i = 0; i < columns; i++) {
        const uint8_t *tap[3];
        int off = !inside && (column + i < 0 || column + i >= width);
        UNROLL
        for (int dy = 0; dy < 3; dy++) tap[dy] = off ? outside : taps->row[dy] + (column + i) * taps->step[dy];
        quads value[WIDE / LANES];
        column_quads(tap[0], tap[1], tap[2], value);
        UNROLL
        for (int g = 0; g < group; g++) {
            const int dx = i - g * stride;
            if (dx < 0 || dx > 2) continue;
            UNROLL
            for (int w = 0; w < WIDE / LANES; w++)
                sum[g][w] = dot(sum[g][w], value[w], load_quads(use->taps[dx] + w * LANES * 4));
        }
    }
    UNROLL
    for (int g = 0; g < group; g++) {
        lanes result[WIDE / LANES];
        UNROLL
        for (int w = 0; w < WIDE / LANES; w++)
            result[w] = requantized(sum[g][w], load(use->scale + w * LANES), load(use->bias + w * LANES));
        store_channels(out + g * channels, result);
    }
}

FORCED void depthwise_image(const int stride, const uint8_t *in, long height, long width, long channels,
                            const struct channels *use, uint8_t *out, long first, long last) {
    long rows = (height + stride - 1) / stride, columns = (width + stride - 1) / stride;
    long tall = (rows - 1) * stride + 3 - height, wide = (columns - 1) * stride + 3 - width;
    long top = tall > 0 ? tall / 2 : 0, left = wide > 0 ? wide / 2 : 0;
    for (long y = first; y < last; y++) {
        uint8_t *to = out + (y - first) * columns * channels;
        struct taps taps = taps_at(in, height, width, channels, y * stride - top);
        long x = 0;
        for (; x + INT8_GROUP <= columns; x += INT8_GROUP) {
            long column = x * stride - left;
            if (column >= 0 && column + (INT8_GROUP - 1) * stride + 3 <= width)
                depthwise_group(INT8_GROUP, stride, 1, &taps, width, channels, use, column, to + x * channels);
            else
                depthwise_group(INT8_GROUP, stride, 0, &taps, width, channels, use, column, to + x * channels);
        }
        for (; x < columns; x++)
            depthwise_group(1, stride, 0, &taps, width, channels, use, x * stride - left, to + x * channels);
    }
}

static void depthwise(const uint8_t *in, long images, long height, long width, long channels, long stride,
                      const int8_t *weights, const float *scale, const float *bias, uint8_t *out, long first,
                      long last) {
    long columns = (width + stride - 1) / stride;
    for (long c = 0; c < channels; c += WIDE) {
        struct channels use;
        place_channels(weights + c * 12, scale + c, bias + c, &use);
        for (long image = 0; image < images; image++) {
            const uint8_t *from = in + image * height * width * channels + c;
            uint8_t *to = out + image * (last - first) * columns * channels + c;
            if (stride == 2) depthwise_image(2, from, height, width, channels, &use, to, first, last);
            else depthwise_image(1, from, height, width, channels, &use, to, first, last);
        }
    }
}
