// The LSTM step and the attention over the LSTM's outputs.

static void lstm_step(const float *gates, float *cell, float *out, long ldo, long rows, long hidden) {
    for (long r = 0; r < rows; r++, gates += 4 * hidden, cell += hidden, out += ldo)
        for (long u = 0; u < hidden; u += LANES) {
            lanes input = sigmoid_lanes(load(gates + u)), forget = sigmoid_lanes(load(gates + hidden + u));
            lanes candidate = tanh_lanes(load(gates + 2 * hidden + u)),
                  output = sigmoid_lanes(load(gates + 3 * hidden + u));
            lanes state = fma(forget, load(cell + u), mul(input, candidate));
            store(cell + u, state);
            store(out + u, mul(output, tanh_lanes(state)));
        }
}

// Adds up sixteen lanes by repeatedly adding the upper half to the lower half.
FORCED float lane_sum(lanes x) {
    float part[LANES];
    store(part, x);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) part[i] = part[i] + part[i + half];
    return part[0];
}

static void attend(const float *query, const float *values, long stride, long steps, long width, float scale,
                   float *out, float *weights) {
    float score[CK_STEPS] = {0};
    float highest = 0;
    for (long t = 0; t < steps; t++) {
        lanes sum = splat(0);
        for (long i = 0; i < width; i += LANES) sum = fma(load(query + i), load(values + t * stride + i), sum);
        score[t] = lane_sum(sum) * scale;
        highest = t == 0 || score[t] > highest ? score[t] : highest;
    }
    for (long t = 0; t < steps; t++) score[t] = score[t] - highest;
    for (long t = 0; t < CK_STEPS; t += LANES) store(score + t, exp_lanes(load(score + t)));
    float total = 0;
    for (long t = 0; t < steps; t++) total = total + score[t];
    for (long t = 0; t < steps; t++) score[t] = score[t] / total;
    for (long i = 0; i < width; i += LANES) {
        lanes sum = splat(0);
        for (long t = 0; t < steps; t++) sum = fma(splat(score[t]), load(values + t * stride + i), sum);
        store(out + i, sum);
    }
    if (weights) memcpy(weights, score, (size_t)steps * sizeof *score);
}
