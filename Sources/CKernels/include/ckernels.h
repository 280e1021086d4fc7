// Inner loops of the networks and their training, one table of functions for each instruction set.
//
// Every table gives the same bits: an element is summed in one fixed order by fused multiply-add, exp and tanh are
// polynomials written here, and nothing depends on how many rows a call has or on a row's place among them.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "mel.h"

#ifdef __cplusplus
extern "C" {
#endif

// Columns of one packed panel of a matrix product's right side.
enum { CK_PANEL = 32 };
// Most time steps that `attend` takes.
enum { CK_STEPS = 64 };

enum ck_isa { CK_PORTABLE = 0, CK_AVX2 = 1, CK_AVX512 = 2, CK_NEON = 3 };
enum ck_activation { CK_NONE = 0, CK_RELU = 1, CK_RELU6 = 2 };

struct ck_kernels {
    // c[m][n] = act(start + sum over k of a[m][k] * b[k][n]), k ascending. `panels` is b packed by ck_pack. `bias`
    // holds the sums' start, a value for each column of every panel (a multiple of 32); when it is null the sums start
    // at what c holds. lda and ldc are the distances of rows in floats.
    void (*_Nonnull matmul)(const float *_Nonnull a, long lda, const float *_Nonnull panels,
                            const float *_Nullable bias, float *_Nonnull c, long ldc, long m, long k, long n,
                            int activation);

    // 3x3 depthwise convolution, stride 1 or 2, TensorFlow's SAME padding, bias and ReLU6. in (height, width,
    // channels), weights (9, channels), channels a multiple of 16; writes output rows first ..< last one after another
    // to out.
    void (*_Nonnull depthwise)(const float *_Nonnull in, long height, long width, long channels, long stride,
                               const float *_Nonnull weights, const float *_Nonnull bias, float *_Nonnull out,
                               long first, long last);

    // 3x3 convolution of one channel to 32, stride 2, SAME, bias and ReLU6. in (height, width) of even sizes, weights
    // (9, 32), out (height / 2, width / 2, 32).
    void (*_Nonnull first_convolution)(const float *_Nonnull in, long height, long width, const float *_Nonnull weights,
                                       const float *_Nonnull bias, float *_Nonnull out);

    // out[c] = mean over r of in[r * stride + c]; columns a multiple of 16.
    void (*_Nonnull mean_rows)(const float *_Nonnull in, long stride, long rows, long columns, float *_Nonnull out);

    // One LSTM step. gates (rows, 4 * hidden) before their activations in the order input, forget, cell, output; cell
    // (rows, hidden) is updated in place; the outputs go to out, whose rows are ldo floats apart. hidden is a multiple
    // of 16.
    void (*_Nonnull lstm_step)(const float *_Nonnull gates, float *_Nonnull cell, float *_Nonnull out, long ldo,
                               long rows, long hidden);

    // out = sum over t of softmax over t (query . values[t] * scale) * values[t]; values' steps are `stride` floats
    // apart. width is a multiple of 16, steps at most 64. The attention goes to weights when that is not null.
    void (*_Nonnull attend)(const float *_Nonnull query, const float *_Nonnull values, long stride, long steps,
                            long width, float scale, float *_Nonnull out, float *_Nullable weights);

    // Element by element, in place where out == in.
    void (*_Nonnull exponential)(const float *_Nonnull in, float *_Nonnull out, long count);
    void (*_Nonnull tangent)(const float *_Nonnull in, float *_Nonnull out, long count);
    void (*_Nonnull sigmoid)(const float *_Nonnull in, float *_Nonnull out, long count);

    // The rest is for training.

    // c[i][j] = c[i][j] + sum over p < k of a[p][i] * b[p][j], p ascending: a weight's gradient. `panels` is b packed by
    // ck_pack with `depth` rows, from the first row that counts (panels + CK_PANEL * row).
    void (*_Nonnull accumulate)(const float *_Nonnull a, long lda, const float *_Nonnull panels, long depth,
                                float *_Nonnull c, long ldc, long m, long k, long n);

    // Back through a rectifier: gradient (rows, columns) becomes 0 where out is not between 0 and limit, both excluded.
    // Then its column sums are added to bias_gradient.
    void (*_Nonnull activation_gradient)(const float *_Nonnull out, float *_Nonnull gradient, long rows, long columns,
                                         float limit, float *_Nonnull bias_gradient);

    // Back through `depthwise` of one image, behind its rectifier: in_gradient (height, width, channels) is written,
    // weight_gradient (9, channels) added to.
    void (*_Nonnull depthwise_gradient)(const float *_Nonnull in, const float *_Nonnull gradient, long height,
                                        long width, long channels, long stride, const float *_Nonnull weights,
                                        float *_Nonnull in_gradient, float *_Nonnull weight_gradient);

    // Back through `first_convolution`, behind its rectifier: weight_gradient (9, 32) is added to.
    void (*_Nonnull first_convolution_gradient)(const float *_Nonnull in, const float *_Nonnull gradient, long height,
                                                long width, float *_Nonnull weight_gradient);

    // `lstm_step` that keeps what the way back needs: gates are replaced by their activations, the new cell is written
    // beside the previous one.
    void (*_Nonnull lstm_step_kept)(float *_Nonnull gates, const float *_Nonnull previous_cell, float *_Nonnull cell,
                                    float *_Nonnull out, long ldo, long rows, long hidden);

    // Back through one LSTM step. gates hold the activations and become the gradients before them. out_gradient is that
    // of the step's output, rows ldo apart; cell_gradient (rows, hidden) comes from the step after and goes to the one
    // before.
    void (*_Nonnull lstm_step_gradient)(float *_Nonnull gates, const float *_Nonnull previous_cell,
                                        const float *_Nonnull cell, const float *_Nonnull out_gradient, long ldo,
                                        float *_Nonnull cell_gradient, long rows, long hidden);

    // Back through `attend` with the weights that it gave: query_gradient (width) is added to, value_gradient (steps,
    // width), whose steps are `stride` floats apart as the values', is written.
    void (*_Nonnull attend_gradient)(const float *_Nonnull query, const float *_Nonnull values, long stride, long steps,
                                     long width, float scale, const float *_Nonnull weights,
                                     const float *_Nonnull gradient, float *_Nonnull query_gradient,
                                     float *_Nonnull value_gradient);

    // One step of Adam: first = b1 first + (1 - b1) g, second = b2 second + (1 - b2) g^2,
    // weights -= rate * first / (sqrt(second) * correction + epsilon).
    void (*_Nonnull adam)(float *_Nonnull weights, const float *_Nonnull gradient, float *_Nonnull first,
                          float *_Nonnull second, long count, float rate, float b1, float b2, float correction,
                          float epsilon);

    enum ck_isa isa;
};

// The table of an instruction set, or null where this processor or this build lacks it.
const struct ck_kernels *_Nullable ck_kernels_for(enum ck_isa isa);

// The fastest table that this processor runs.
const struct ck_kernels *_Nonnull ck_best_kernels(void);

// Floats that ck_pack writes for a (k, n) matrix.
long ck_packed_count(long k, long n);

// Packs b (k, n), row-major, into panels [ceil(n / 32)][k][32], the last filled up with zeros.
void ck_pack(const float *_Nonnull b, long k, long n, float *_Nonnull panels);

// Packs the transpose of b (n, k): what ck_pack would make of it.
void ck_pack_transposed(const float *_Nonnull b, long k, long n, float *_Nonnull panels);

#ifdef __cplusplus
}
#endif
#endif
