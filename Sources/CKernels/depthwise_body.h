// 3x3 convolutions with bias and ReLU6. Taps outside the image read zero.

static const float outside[LANES] = {0};

// Computes `group` neighbouring outputs of one output row, for 16 channels. `row` and `column` are the image's row and
// column of the first tap. If `inside` is set, no column is outside the image.
FORCED void depthwise_group(const int group, const int stride, const int inside, const float *in, long height,
                            long width, long channels, const lanes *weights, lanes bias, long row, long column,
                            float *out) {
    const int columns = (group - 1) * stride + 3;
    lanes sum[4];
    UNROLL
    for (int g = 0; g < group; g++) sum[g] = bias;
    UNROLL
    for (int dy = 0; dy < 3; dy++) {
        if (row + dy < 0 || row + dy >= height) continue;
        const float *line = in + ((row + dy) * width + column) * channels;
        lanes value[9];
        UNROLL
        for (int i = 0; i < columns; i++) {
            const float *at = line + i * channels;
            if (!inside && (column + i < 0 || column + i >= width)) at = outside;
            value[i] = load(at);
        }
        UNROLL
        for (int dx = 0; dx < 3; dx++) {
            UNROLL
            for (int g = 0; g < group; g++) sum[g] = fma(value[g * stride + dx], weights[dy * 3 + dx], sum[g]);
        }
    }
    UNROLL
    for (int g = 0; g < group; g++) store(out + g * channels, relu6(sum[g]));
}

FORCED void depthwise_rows(const int stride, const float *in, long height, long width, long channels,
                           const float *weights, const float *bias, float *out, long first, long last) {
    long rows = (height + stride - 1) / stride, columns = (width + stride - 1) / stride;
    long tall = (rows - 1) * stride + 3 - height, wide = (columns - 1) * stride + 3 - width;
    long top = tall > 0 ? tall / 2 : 0, left = wide > 0 ? wide / 2 : 0;
    for (long c = 0; c < channels; c += LANES) {
        lanes taps[9], start = load(bias + c);
        UNROLL
        for (int i = 0; i < 9; i++) taps[i] = load(weights + i * channels + c);
        for (long y = first; y < last; y++) {
            float *to = out + (y - first) * columns * channels + c;
            long row = y * stride - top, x = 0;
            for (; x + 4 <= columns; x += 4) {
                long column = x * stride - left;
                if (column >= 0 && column + 3 * stride + 3 <= width)
                    depthwise_group(4, stride, 1, in + c, height, width, channels, taps, start, row, column,
                                    to + x * channels);
                else
                    depthwise_group(4, stride, 0, in + c, height, width, channels, taps, start, row, column,
                                    to + x * channels);
            }
            for (; x + 2 <= columns; x += 2)
                depthwise_group(2, stride, 0, in + c, height, width, channels, taps, start, row, x * stride - left,
                                to + x * channels);
            for (; x < columns; x++)
                depthwise_group(1, stride, 0, in + c, height, width, channels, taps, start, row, x * stride - left,
                                to + x * channels);
        }
    }
}

static void depthwise(const float *in, long height, long width, long channels, long stride, const float *weights,
                      const float *bias, float *out, long first, long last) {
    if (stride == 2) depthwise_rows(2, in, height, width, channels, weights, bias, out, first, last);
    else depthwise_rows(1, in, height, width, channels, weights, bias, out, first, last);
}

// With stride 2, even sizes are padded only at the end: by one row below and one column to the right.
static void first_convolution(const float *in, long height, long width, const float *weights, const float *bias,
                              float *out) {
    for (long y = 0; y < height / 2; y++)
        for (long x = 0; x < width / 2; x++, out += 2 * LANES) {
            lanes low = load(bias), high = load(bias + LANES);
            UNROLL
            for (int tap = 0; tap < 9; tap++) {
                long row = 2 * y + tap / 3, column = 2 * x + tap % 3;
                lanes value = splat(row < height && column < width ? in[row * width + column] : 0);
                low = fma(value, load(weights + tap * 2 * LANES), low);
                high = fma(value, load(weights + tap * 2 * LANES + LANES), high);
            }
            store(out, relu6(low));
            store(out + LANES, relu6(high));
        }
}
