// Sums over rows of bytes, and rows of floats as bytes.

static void sum_rows(const uint8_t *in, long rows, long columns, float factor, uint8_t *digits, float *out) {
    for (long c = 0; c < columns; c++) {
        int sum = 0;
        for (long r = 0; r < rows; r++) sum += in[r * columns + c];
        digits[c] = (uint8_t)(sum >> 3);
        digits[columns + c] = (uint8_t)(sum & 7);
        out[c] = (float)sum * factor;
    }
}

// Writes integers of 0 to 16383 as their high and low seven bits.
FORCED void store_digits(uint8_t *to, lanes x, long columns) {
    // x = 128 high + low: (x - 63.5) / 128 is exact and less than a half away from high.
    lanes high = nearest(fma(x, splat(1.0f / 128), splat(-63.5f / 128)));
    store_bytes(to, high);
    store_bytes(to + columns, fma(high, splat(-128), x));
}

static void digit_rows(const float *in, long rows, long columns, float factor, uint8_t *out) {
    for (long r = 0; r < rows; r++, in += columns, out += 2 * columns)
        for (long i = 0; i < columns; i += LANES) {
            lanes x = mul(load(in + i), splat(factor));
            store_digits(out + i, nearest(smaller(greater(x, splat(0)), splat(16383))), columns);
        }
}

// The largest magnitude of sixteen-lane steps.
FORCED float largest_magnitude(const float *in, long count) {
    lanes largest = splat(0);
    for (long i = 0; i < count; i += LANES) {
        lanes x = load(in + i);
        largest = greater(largest, greater(x, mul(x, splat(-1))));
    }
    float part[LANES], found = 0;
    store(part, largest);
    for (int i = 0; i < LANES; i++) found = part[i] > found ? part[i] : found;
    return found;
}

static void quantize_rows(const float *in, long ldi, long rows, long columns, long digits, uint8_t *out, long ldo,
                          float *scale) {
    for (long r = 0; r < rows; r++, in += ldi, out += ldo) {
        float largest = largest_magnitude(in, columns), limit = digits == 2 ? 8191 : 63;
        int empty = !(largest >= 1e-30f);
        scale[r] = empty ? 0 : largest / limit;
        lanes factor = splat(empty ? 0 : limit / largest);
        if (digits == 1) {
            for (long i = 0; i < columns; i += LANES)
                store_bytes(out + i, limited(fma(load(in + i), factor, splat(64))));
            continue;
        }
        for (long i = 0; i < columns; i += LANES) {
            lanes x = fma(load(in + i), factor, splat(8192));
            store_digits(out + i, nearest(smaller(greater(x, splat(0)), splat(16383))), columns);
        }
    }
}
