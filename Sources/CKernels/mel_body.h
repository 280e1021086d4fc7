// The loops. Included once for each instruction set, with SET as the suffix of its names.
#define INLINE static inline __attribute__((always_inline))
#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
#define window NAMED(window_, SET)
#define magnitudes NAMED(magnitudes_, SET)
#define bands NAMED(bands_, SET)
#define logarithms NAMED(logarithms_, SET)
#define band_lanes NAMED(band_lanes_, SET)
#define logarithm NAMED(logarithm_, SET)

static void window(const float *samples, const float *weights, long count, float *out) {
    long i = 0;
    for (; i + CM_LANES <= count; i += CM_LANES) AT(out + i) = FROM(samples + i) * FROM(weights + i);
    for (; i < count; i++) out[i] = samples[i] * weights[i];
}

static float magnitudes(const float *pairs, long bins, float *out) {
    lanes peak = {0};
    for (long bin = 0; bin < bins; bin += CM_LANES) {
        lanes first = FROM(pairs + 2 * bin), second = FROM(pairs + 2 * bin + CM_LANES);
        first *= first;
        second *= second;
        lanes real = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14);
        lanes imaginary = __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15);
        lanes values = __builtin_elementwise_sqrt(real + imaginary);
        AT(out + bin) = values;
        peak = __builtin_elementwise_max(peak, values);
    }
    return __builtin_reduce_max(peak);
}

// Column c of four rows of four values: the first two rows are in `upper`, the other two in `lower`.
#define COLUMN(upper, lower, c) __builtin_shufflevector(upper, lower, c, c + 4, c + 8, c + 12)

// Adds up a band's products in eight lanes.
INLINE void band_lanes(const float *magnitude, const float *weights, const struct cm_band *band, lanes *sum) {
    *sum = (lanes){0};
    for (long s = 0; s < CM_LANES * band->steps; s += CM_LANES)
        *sum += FROM(magnitude + band->bin + s) * FROM(weights + band->weight + s);
}

static float bands(const float *magnitude, const float *weights, const struct cm_band *band, long count, float *out) {
    quarter smallest = {INFINITY, INFINITY, INFINITY, INFINITY};
    long b = 0;
    // Four bands at a time, so that their lanes are added up with vector operations: done band by band, this cost as
    // much as the products.
    for (; b + 4 <= count; b += 4, band += 4) {
        lanes sum[4];
        for (int i = 0; i < 4; i++) band_lanes(magnitude, weights, band + i, sum + i);
        lanes low01 = __builtin_shufflevector(sum[0], sum[1], 0, 1, 2, 3, 8, 9, 10, 11);
        lanes low23 = __builtin_shufflevector(sum[2], sum[3], 0, 1, 2, 3, 8, 9, 10, 11);
        lanes high01 = __builtin_shufflevector(sum[0], sum[1], 4, 5, 6, 7, 12, 13, 14, 15);
        lanes high23 = __builtin_shufflevector(sum[2], sum[3], 4, 5, 6, 7, 12, 13, 14, 15);
        quarter total = COLUMN(low01, low23, 0) + COLUMN(low01, low23, 1);
        total += COLUMN(low01, low23, 2);
        total += COLUMN(low01, low23, 3);
        total += COLUMN(high01, high23, 0);
        total += COLUMN(high01, high23, 1);
        total += COLUMN(high01, high23, 2);
        total += COLUMN(high01, high23, 3);
        __builtin_memcpy(out + b, &total, sizeof total);
        smallest = __builtin_elementwise_min(smallest, total);
    }
    float least = __builtin_reduce_min(smallest);
    for (; b < count; b++, band++) {
        lanes sum;
        band_lanes(magnitude, weights, band, &sum);
        out[b] = sum[0];
        for (int i = 1; i < CM_LANES; i++) out[b] += sum[i];
        least = out[b] < least ? out[b] : least;
    }
    return least;
}

// x = m * 2^e with m in [sqrt(1/2), sqrt(2)). ln x = e ln 2 + 2 atanh(s) with s = (m - 1) / (m + 1), where atanh is its
// odd series up to s^9. For positive normal x the error is at most 2e-7 + 1e-7 |ln x|.
INLINE void logarithm(lanes *x) {
    const words root = {ROOT_HALF, ROOT_HALF, ROOT_HALF, ROOT_HALF, ROOT_HALF, ROOT_HALF, ROOT_HALF, ROOT_HALF};
    words bits = (words)*x;
    // Adding the distance from sqrt(1/2) to 1 carries into the exponent exactly if m would otherwise be sqrt(2) or
    // more.
    bits += ONE - root;
    lanes exponent = __builtin_convertvector((bits >> 23) - 127, lanes);
    lanes mantissa = (lanes)((bits & 0x007FFFFF) + root);
    lanes ratio = (mantissa - 1) / (mantissa + 1);
    lanes square = ratio * ratio;
    lanes series = square * (2.0f / 9) + 2.0f / 7;
    series = series * square + 2.0f / 5;
    series = series * square + 2.0f / 3;
    series = series * square + 2.0f;
    *x = exponent * 0.69314718f + series * ratio;
}

static void logarithms(float *row, long count, float offset) {
    long i = 0;
    for (; i + CM_LANES <= count; i += CM_LANES) {
        lanes values = FROM(row + i) + offset;
        logarithm(&values);
        AT(row + i) = values;
    }
    for (; i < count; i++) row[i] = logf(row[i] + offset);
}

static const struct cm_kernels NAMED(table_, SET) = {window, magnitudes, bands, logarithms};

#undef window
#undef magnitudes
#undef bands
#undef logarithms
#undef band_lanes
#undef logarithm
#undef COLUMN
#undef NAMED
#undef JOIN
#undef INLINE
#undef SET
