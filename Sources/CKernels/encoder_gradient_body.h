// The LSTM step that keeps what the backward pass needs, and the backward passes of the LSTM step and the attention.

static void lstm_step_kept(float *gates, const float *previous_cell, float *cell, float *out, long ldo, long rows,
                           long hidden) {
    for (long r = 0; r < rows; r++, gates += 4 * hidden, previous_cell += hidden, cell += hidden, out += ldo)
        for (long u = 0; u < hidden; u += LANES) {
            lanes input = sigmoid_lanes(load(gates + u)), forget = sigmoid_lanes(load(gates + hidden + u));
            lanes candidate = tanh_lanes(load(gates + 2 * hidden + u)),
                  output = sigmoid_lanes(load(gates + 3 * hidden + u));
            lanes state = fma(forget, load(previous_cell + u), mul(input, candidate));
            store(gates + u, input);
            store(gates + hidden + u, forget);
            store(gates + 2 * hidden + u, candidate);
            store(gates + 3 * hidden + u, output);
            store(cell + u, state);
            store(out + u, mul(output, tanh_lanes(state)));
        }
}

FORCED lanes one_minus(lanes x) { return add(splat(1), mul(x, splat(-1))); }

// Backward pass through a gate's logistic function with the value y.
FORCED lanes through_sigmoid(lanes gradient, lanes y) { return mul(gradient, mul(y, one_minus(y))); }

static void lstm_step_gradient(float *gates, const float *previous_cell, const float *cell, const float *out_gradient,
                               long ldo, float *cell_gradient, long rows, long hidden) {
    for (long r = 0; r < rows; r++, gates += 4 * hidden, previous_cell += hidden, cell += hidden, out_gradient += ldo,
              cell_gradient += hidden)
        for (long u = 0; u < hidden; u += LANES) {
            lanes input = load(gates + u), forget = load(gates + hidden + u), candidate = load(gates + 2 * hidden + u),
                  output = load(gates + 3 * hidden + u);
            lanes squashed = tanh_lanes(load(cell + u)), gradient = load(out_gradient + u);
            lanes state = fma(mul(gradient, output), one_minus(mul(squashed, squashed)), load(cell_gradient + u));
            store(gates + u, through_sigmoid(mul(state, candidate), input));
            store(gates + hidden + u, through_sigmoid(mul(state, load(previous_cell + u)), forget));
            store(gates + 2 * hidden + u, mul(mul(state, input), one_minus(mul(candidate, candidate))));
            store(gates + 3 * hidden + u, through_sigmoid(mul(gradient, squashed), output));
            store(cell_gradient + u, mul(state, forget));
        }
}

static void attend_gradient(const float *query, const float *values, long stride, long steps, long width, float scale,
                            const float *weights, const float *gradient, float *query_gradient, float *value_gradient) {
    float through[CK_STEPS];
    float mean = 0;
    for (long t = 0; t < steps; t++) {
        lanes sum = splat(0);
        for (long i = 0; i < width; i += LANES) sum = fma(load(gradient + i), load(values + t * stride + i), sum);
        through[t] = lane_sum(sum);
        mean = mean + weights[t] * through[t];
    }
    for (long t = 0; t < steps; t++) {
        float score = weights[t] * (through[t] - mean) * scale;
        lanes weight = splat(weights[t]), slope = splat(score);
        for (long i = 0; i < width; i += LANES) {
            store(query_gradient + i, fma(slope, load(values + t * stride + i), load(query_gradient + i)));
            store(value_gradient + t * stride + i, fma(weight, load(gradient + i), mul(slope, load(query + i))));
        }
    }
}
