// exp, tanh and the logistic function, all computed with one polynomial; ReLU6; means over rows; maxima of pixels.

FORCED lanes relu6(lanes x) { return smaller(greater(x, splat(0)), splat(6)); }

// exp(x) = 2^n exp(r), where n is the integer nearest to x / ln 2 and |r| <= ln 2 / 2. exp(r) is the Taylor series up
// to r^7 / 7!, whose remainder is below 6e-9. ln 2 is split into two parts so that x - n ln 2 keeps its precision. x is
// clamped to a range in which the result is a normal number.
FORCED lanes exp_lanes(lanes x) {
    x = smaller(greater(x, splat(-87)), splat(88));
    lanes n = nearest(mul(x, splat(1.44269504f)));
    lanes r = fma(n, splat(-0.693359375f), x);
    r = fma(n, splat(2.12194440e-4f), r);
    lanes p = splat(1.0f / 5040);
    p = fma(p, r, splat(1.0f / 720));
    p = fma(p, r, splat(1.0f / 120));
    p = fma(p, r, splat(1.0f / 24));
    p = fma(p, r, splat(1.0f / 6));
    p = fma(p, r, splat(0.5f));
    p = fma(p, r, splat(1));
    p = fma(p, r, splat(1));
    return mul(p, power_of_two(n));
}

// 1 / (1 + exp(-x))
FORCED lanes sigmoid_lanes(lanes x) { return quotient(splat(1), add(splat(1), exp_lanes(mul(x, splat(-1))))); }

// tanh(x) = 2 / (1 + exp(-2x)) - 1
FORCED lanes tanh_lanes(lanes x) {
    return add(quotient(splat(2), add(splat(1), exp_lanes(mul(x, splat(-2))))), splat(-1));
}

#define ELEMENTWISE(name, function)                                                    \
    static void name(const float *in, float *out, long count) {                        \
        long i = 0;                                                                    \
        for (; i + LANES <= count; i += LANES) store(out + i, function(load(in + i))); \
        if (i == count) return;                                                        \
        float rest[LANES] = {0};                                                       \
        size_t bytes = (size_t)(count - i) * sizeof *in;                               \
        memcpy(rest, in + i, bytes);                                                   \
        store(rest, function(load(rest)));                                             \
        memcpy(out + i, rest, bytes);                                                  \
    }
ELEMENTWISE(exponential, exp_lanes)
ELEMENTWISE(tangent, tanh_lanes)
ELEMENTWISE(sigmoid, sigmoid_lanes)
#undef ELEMENTWISE

static void mean_rows(const float *in, long stride, long rows, long columns, float *out) {
    for (long c = 0; c < columns; c += LANES) {
        lanes sum = splat(0);
        for (long r = 0; r < rows; r++) sum = add(sum, load(in + r * stride + c));
        store(out + c, quotient(sum, splat((float)rows)));
    }
}

static void max_pool(const float *in, long in_row, long height, long width, long channels, float *out, long out_row) {
    for (long y = 0; y < height; y++)
        for (long x = 0; x < width; x++) {
            const float *upper = in + 2 * y * in_row + 2 * x * channels, *lower = upper + in_row;
            float *to = out + y * out_row + x * channels;
            for (long c = 0; c < channels; c += LANES)
                store(to + c, greater(greater(load(upper + c), load(upper + channels + c)),
                                      greater(load(lower + c), load(lower + channels + c))));
        }
}
