// Backward passes through rectifiers and 3x3 convolutions, and the optimiser.

static void activation_gradient(const float *out, float *gradient, long rows, long columns, float limit,
                                float *bias_gradient) {
    for (long r = 0; r < rows; r++, out += columns, gradient += columns)
        for (long c = 0; c < columns; c++) {
            float value = out[c] > 0 && out[c] < limit ? gradient[c] : 0;
            gradient[c] = value;
            bias_gradient[c] = bias_gradient[c] + value;
        }
}

// Backward pass through the taps of one output pixel, for 16 channels. If `inside` is set, all nine are in the image.
FORCED void depthwise_pixel(const int inside, const float *in, lanes gradient, long height, long width, long channels,
                            const lanes *weights, long row, long column, float *in_gradient, lanes *sums) {
    UNROLL
    for (int dy = 0; dy < 3; dy++) {
        UNROLL
        for (int dx = 0; dx < 3; dx++) {
            long y = row + dy, x = column + dx;
            if (!inside && (y < 0 || y >= height || x < 0 || x >= width)) continue;
            long at = (y * width + x) * channels;
            sums[3 * dy + dx] = fma(gradient, load(in + at), sums[3 * dy + dx]);
            store(in_gradient + at, fma(gradient, weights[3 * dy + dx], load(in_gradient + at)));
        }
    }
}

static void depthwise_gradient(const float *in, const float *gradient, long height, long width, long channels,
                               long stride, const float *weights, float *in_gradient, float *weight_gradient) {
    long rows = (height + stride - 1) / stride, columns = (width + stride - 1) / stride;
    long tall = (rows - 1) * stride + 3 - height, wide = (columns - 1) * stride + 3 - width;
    long top = tall > 0 ? tall / 2 : 0, left = wide > 0 ? wide / 2 : 0;
    memset(in_gradient, 0, (size_t)(height * width * channels) * sizeof *in_gradient);
    for (long c = 0; c < channels; c += LANES) {
        lanes taps[9], sums[9];
        UNROLL
        for (int i = 0; i < 9; i++) taps[i] = load(weights + i * channels + c), sums[i] = splat(0);
        for (long y = 0; y < rows; y++)
            for (long x = 0; x < columns; x++) {
                long row = y * stride - top, column = x * stride - left;
                lanes here = load(gradient + (y * columns + x) * channels + c);
                if (row >= 0 && column >= 0 && row + 3 <= height && column + 3 <= width)
                    depthwise_pixel(1, in + c, here, height, width, channels, taps, row, column, in_gradient + c, sums);
                else
                    depthwise_pixel(0, in + c, here, height, width, channels, taps, row, column, in_gradient + c, sums);
            }
        UNROLL
        for (int i = 0; i < 9; i++) {
            float *to = weight_gradient + i * channels + c;
            store(to, add(load(to), sums[i]));
        }
    }
}

static void first_convolution_gradient(const float *in, const float *gradient, long height, long width,
                                       float *weight_gradient) {
    for (int half = 0; half < 2; half++) {
        lanes sums[9];
        UNROLL
        for (int i = 0; i < 9; i++) sums[i] = splat(0);
        const float *from = gradient + half * LANES;
        for (long y = 0; y < height / 2; y++)
            for (long x = 0; x < width / 2; x++, from += 2 * LANES) {
                lanes here = load(from);
                UNROLL
                for (int tap = 0; tap < 9; tap++) {
                    long row = 2 * y + tap / 3, column = 2 * x + tap % 3;
                    float value = row < height && column < width ? in[row * width + column] : 0;
                    sums[tap] = fma(here, splat(value), sums[tap]);
                }
            }
        UNROLL
        for (int i = 0; i < 9; i++) {
            float *to = weight_gradient + (2 * i + half) * LANES;
            store(to, add(load(to), sums[i]));
        }
    }
}

FORCED void adam_lanes(float *weights, const float *gradient, float *first, float *second, lanes rate, lanes b1,
                       lanes rest1, lanes b2, lanes rest2, lanes correction, lanes epsilon) {
    lanes g = load(gradient);
    lanes m = add(mul(b1, load(first)), mul(rest1, g));
    lanes v = add(mul(b2, load(second)), mul(rest2, mul(g, g)));
    store(first, m);
    store(second, v);
    lanes step = quotient(mul(rate, m), add(mul(root(v), correction), epsilon));
    store(weights, add(load(weights), mul(step, splat(-1))));
}

static void adam(float *weights, const float *gradient, float *first, float *second, long count, float rate, float b1,
                 float b2, float correction, float epsilon) {
    lanes constants[] = {splat(rate), splat(b1), splat(1 - b1), splat(b2), splat(1 - b2), splat(correction),
                         splat(epsilon)};
    long i = 0;
    for (; i + LANES <= count; i += LANES)
        adam_lanes(weights + i, gradient + i, first + i, second + i, constants[0], constants[1], constants[2],
                   constants[3], constants[4], constants[5], constants[6]);
    if (i == count) return;
    float rest[4][LANES] = {{0}};
    float *parts[] = {weights + i, (float *)gradient + i, first + i, second + i};
    size_t bytes = (size_t)(count - i) * sizeof(float);
    for (int p = 0; p < 4; p++) memcpy(rest[p], parts[p], bytes);
    adam_lanes(rest[0], rest[1], rest[2], rest[3], constants[0], constants[1], constants[2], constants[3], constants[4],
               constants[5], constants[6]);
    memcpy(weights + i, rest[0], bytes);
    memcpy(first + i, rest[2], bytes);
    memcpy(second + i, rest[3], bytes);
}
