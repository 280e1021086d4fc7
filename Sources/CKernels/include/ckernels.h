// Inner loops of the networks and their training, with one table of functions for each instruction set.
//
// Every table gives bit-identical results: each element is summed in one fixed order by fused multiply-add, exp and
// tanh use polynomials written here, and a row's result depends neither on the number of rows in a call nor on its
// position among them.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "int8.h"
#include "mel.h"
#include "similarity.h"

#ifdef __cplusplus
extern "C" {
#endif

// Number of columns in one packed panel of a product's right-hand matrix.
enum { CK_PANEL = 32 };
// Maximum number of time steps for `attend`.
enum { CK_STEPS = 64 };

enum ck_isa { CK_PORTABLE = 0, CK_AVX2 = 1, CK_AVX512 = 2, CK_NEON = 3 };
enum ck_activation { CK_NONE = 0, CK_RELU = 1, CK_RELU6 = 2 };

struct ck_kernels {
    // c[m][n] = act(start + sum over k of a[m][k] * b[k][n]), k ascending. `panels` is b packed by ck_pack. The sums
    // start at `bias`, which has one value for each column of every panel (a multiple of 32 values); if it is null,
    // they start at the current values of c. lda and ldc are the distances between rows in floats.
    void (*_Nonnull matmul)(const float *_Nonnull a, long lda, const float *_Nonnull panels,
                            const float *_Nullable bias, float *_Nonnull c, long ldc, long m, long k, long n,
                            int activation);

    // 3x3 depthwise convolution with stride 1 or 2, TensorFlow's SAME padding, bias and ReLU6. in is (height, width,
    // channels), weights (9, channels), and channels a multiple of 16. Output rows first ..< last are written to out,
    // one after another.
    void (*_Nonnull depthwise)(const float *_Nonnull in, long height, long width, long channels, long stride,
                               const float *_Nonnull weights, const float *_Nonnull bias, float *_Nonnull out,
                               long first, long last);

    // 3x3 convolution of one channel to 32 with stride 2, SAME padding, bias and ReLU6. in is (height, width), both
    // even, weights (9, 32), and out (height / 2, width / 2, 32).
    void (*_Nonnull first_convolution)(const float *_Nonnull in, long height, long width, const float *_Nonnull weights,
                                       const float *_Nonnull bias, float *_Nonnull out);

    // out[c] = mean over r of in[r * stride + c]; columns is a multiple of 16.
    void (*_Nonnull mean_rows)(const float *_Nonnull in, long stride, long rows, long columns, float *_Nonnull out);

    // out[y][x][c] = the largest of in[2y][2x][c], in[2y][2x + 1][c], in[2y + 1][2x][c] and in[2y + 1][2x + 1][c]. The
    // output is (height, width, channels); channels is a multiple of 16, pixels follow one another, and rows are in_row
    // and out_row floats apart.
    void (*_Nonnull max_pool)(const float *_Nonnull in, long in_row, long height, long width, long channels,
                              float *_Nonnull out, long out_row);

    // One LSTM step. gates (rows, 4 * hidden) are the values before activation, in the order input, forget, cell,
    // output. cell (rows, hidden) is updated in place. The outputs are written to out, whose rows are ldo floats apart.
    // hidden is a multiple of 16.
    void (*_Nonnull lstm_step)(const float *_Nonnull gates, float *_Nonnull cell, float *_Nonnull out, long ldo,
                               long rows, long hidden);

    // out = sum over t of softmax over t (query . values[t] * scale) * values[t]. The steps of values are `stride`
    // floats apart. width is a multiple of 16, and steps at most CK_STEPS. If weights is not null, the softmax is
    // written to it.
    void (*_Nonnull attend)(const float *_Nonnull query, const float *_Nonnull values, long stride, long steps,
                            long width, float scale, float *_Nonnull out, float *_Nullable weights);

    // Element by element; out may be in. exponential limits its argument to -87 to 88.
    void (*_Nonnull exponential)(const float *_Nonnull in, float *_Nonnull out, long count);
    void (*_Nonnull tangent)(const float *_Nonnull in, float *_Nonnull out, long count);
    void (*_Nonnull sigmoid)(const float *_Nonnull in, float *_Nonnull out, long count);

    // The following functions are for training.

    // c[i][j] = c[i][j] + sum over p < k of a[p][i] * b[p][j], p ascending: a weight's gradient. b has been packed by
    // ck_pack with `depth` rows; `panels` points to the first row that is used (start of the panels + CK_PANEL * row).
    void (*_Nonnull accumulate)(const float *_Nonnull a, long lda, const float *_Nonnull panels, long depth,
                                float *_Nonnull c, long ldc, long m, long k, long n);

    // Backward pass through a rectifier: gradient (rows, columns) becomes 0 wherever out is not strictly between 0 and
    // limit. Then its column sums are added to bias_gradient.
    void (*_Nonnull activation_gradient)(const float *_Nonnull out, float *_Nonnull gradient, long rows, long columns,
                                         float limit, float *_Nonnull bias_gradient);

    // Backward pass through `depthwise` for one image, with a gradient that has already passed through the rectifier:
    // writes in_gradient (height, width, channels) and adds to weight_gradient (9, channels).
    void (*_Nonnull depthwise_gradient)(const float *_Nonnull in, const float *_Nonnull gradient, long height,
                                        long width, long channels, long stride, const float *_Nonnull weights,
                                        float *_Nonnull in_gradient, float *_Nonnull weight_gradient);

    // Backward pass through `first_convolution`, with a gradient that has already passed through the rectifier: adds to
    // weight_gradient (9, 32).
    void (*_Nonnull first_convolution_gradient)(const float *_Nonnull in, const float *_Nonnull gradient, long height,
                                                long width, float *_Nonnull weight_gradient);

    // The same as `lstm_step`, but keeps what the backward pass needs: gates are replaced by their activations, and the
    // new cell is written to `cell` without changing the previous one.
    void (*_Nonnull lstm_step_kept)(float *_Nonnull gates, const float *_Nonnull previous_cell, float *_Nonnull cell,
                                    float *_Nonnull out, long ldo, long rows, long hidden);

    // Backward pass through one LSTM step. The activations in gates are replaced by the gradients before activation.
    // out_gradient is the gradient of the step's output, with rows ldo floats apart. cell_gradient (rows, hidden) holds
    // the gradient from the step after and becomes that for the step before.
    void (*_Nonnull lstm_step_gradient)(float *_Nonnull gates, const float *_Nonnull previous_cell,
                                        const float *_Nonnull cell, const float *_Nonnull out_gradient, long ldo,
                                        float *_Nonnull cell_gradient, long rows, long hidden);

    // Backward pass through `attend` with the weights that it wrote: adds to query_gradient (width) and writes
    // value_gradient (steps, width), whose steps are `stride` floats apart, like those of values.
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

// The table of an instruction set, or null if this processor or this build lacks it.
const struct ck_kernels *_Nullable ck_kernels_for(enum ck_isa isa);

// The fastest table that this processor runs.
const struct ck_kernels *_Nonnull ck_best_kernels(void);

// Number of floats that ck_pack writes for a (k, n) matrix.
long ck_packed_count(long k, long n);

// Packs b (k, n), row-major, into panels [ceil(n / 32)][k][32]; the last panel is padded with zeros.
void ck_pack(const float *_Nonnull b, long k, long n, float *_Nonnull panels);

// Packs the transpose of b (n, k), with the same result as transposing it and calling ck_pack.
void ck_pack_transposed(const float *_Nonnull b, long k, long n, float *_Nonnull panels);

#ifdef __cplusplus
}
#endif
#endif
