// Inner loops of the networks in 8-bit integers, with one table of functions for each instruction set.
//
// Activations are bytes of 0 to 127 and weights are -128 to 127, so that no pair of products overflows 16 bits. Every
// table gives bit-identical results: sums are exact in 32 bits, and what follows a sum is a fixed number of float
// operations (conversion, fused multiply-add, limits, rounding to nearest even), the same in each. A row's result
// depends neither on the number of rows in a call nor on its position among them.
#ifndef INT8_H
#define INT8_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ck_int8_isa {
    CK_INT8_PORTABLE = 0,
    CK_INT8_AVX2 = 1,
    CK_INT8_AVX_VNNI = 2,
    CK_INT8_AVX512_VNNI = 3,
    CK_INT8_NEON = 4,
    CK_INT8_NEON_DOTPROD = 5,
};

// The left-hand matrix of a product: rows of bytes, `stride` bytes apart. With one digit, a row's values are its first
// k bytes. With two, its first k bytes are the high digits and the next k bytes the low ones, and a value is
// (high << shift) + low.
struct ck_int8_left {
    const uint8_t *_Nonnull bytes;
    long stride;
    long digits, shift;
    // One factor for each row; null stands for 1.
    const float *_Nullable scale;
};

// The right-hand matrix (k, n) of a product; k is a multiple of 4, and at most 1024, so that no sum overflows 32 bits.
// `panels` is packed by ck_int8_pack. The other arrays have one value for each column of every panel, a multiple of 32
// values.
struct ck_int8_right {
    const int8_t *_Nonnull panels;
    const float *_Nonnull scale;
    // Subtracted from each column's sum: what the zero point of the left-hand matrix adds to it.
    const int32_t *_Nonnull zero;
    // Null for a product that is added to its target.
    const float *_Nullable bias;
    long k, n;
};

struct ck_int8_kernels {
    // c[m][n] = round(limit(sum * scale + bias)), limited to 0 to 127, where sum is that over k of a[m][k] * b[k][n]. n
    // is a multiple of 32; a's scale and b's `zero` are not read, and b's bias must not be null.
    void (*_Nonnull matmul_bytes)(const struct ck_int8_left *_Nonnull a, const struct ck_int8_right *_Nonnull b,
                                  uint8_t *_Nonnull c, long ldc, long m);

    // c[m][n] = act((sum - zero) * (a's scale * b's scale) + bias), where sum is that over k of a[m][k] * b[k][n]. If
    // b's bias is null, the current values of c take its place.
    void (*_Nonnull matmul_floats)(const struct ck_int8_left *_Nonnull a, const struct ck_int8_right *_Nonnull b,
                                   float *_Nonnull c, long ldc, long m, int activation);

    // 3x3 depthwise convolution of `images` images (height, width, channels) with stride 1 or 2 and TensorFlow's SAME
    // padding; each output is round(limit(sum * scale + bias)), limited to 0 to 127. weights is packed by
    // ck_int8_pack_depthwise, and channels a multiple of 64. Of each image, output rows first ..< last are written to
    // out, one image after another.
    void (*_Nonnull depthwise)(const uint8_t *_Nonnull in, long images, long height, long width, long channels,
                               long stride, const int8_t *_Nonnull weights, const float *_Nonnull scale,
                               const float *_Nonnull bias, uint8_t *_Nonnull out, long first, long last);

    // Sums over at most 8 rows of bytes, each `columns` bytes long: sum = 8 * high + low, with all high digits in
    // digits[0 ..< columns] and all low ones after them, and out[c] = sum * factor.
    void (*_Nonnull sum_rows)(const uint8_t *_Nonnull in, long rows, long columns, float factor,
                              uint8_t *_Nonnull digits, float *_Nonnull out);

    // Rows of floats as rows of integers in two digits of seven bits: round(x * factor), limited to 0 to 16383. columns
    // is a multiple of 16; rows are contiguous.
    void (*_Nonnull digit_rows)(const float *_Nonnull in, long rows, long columns, float factor,
                                uint8_t *_Nonnull out);

    // Rows of floats as rows of signed integers, written as bytes: with one digit 64 + x * 63 / m, with two
    // 8192 + x * 8191 / m in digits of seven bits, where m is the largest magnitude in the row; scale[row] = m / 63 or
    // m / 8191. A row below 1e-30 becomes zeros. columns is a multiple of 16; rows of floats are ldi floats apart and
    // rows of bytes ldo bytes.
    void (*_Nonnull quantize_rows)(const float *_Nonnull in, long ldi, long rows, long columns, long digits,
                                   uint8_t *_Nonnull out, long ldo, float *_Nonnull scale);

    enum ck_int8_isa isa;
};

// The table of an instruction set, or null if this processor or this build lacks it.
const struct ck_int8_kernels *_Nullable ck_int8_kernels_for(enum ck_int8_isa isa);

// The fastest table that this processor runs.
const struct ck_int8_kernels *_Nonnull ck_int8_best_kernels(void);

// Number of bytes that ck_int8_pack writes for a (k, n) matrix.
long ck_int8_packed_count(long k, long n);

// Packs b (k, n), row-major, into panels [ceil(n / 32)][k / 4][32][4], whose last index is the row within a group of
// four; the last panel is padded with zeros.
void ck_int8_pack(const int8_t *_Nonnull b, long k, long n, int8_t *_Nonnull panels);

// Packs depthwise weights (9, channels) into [channels / 4][3][4][4]: column of the kernel, channel, and row of the
// kernel, padded with a zero. Writes 12 * channels bytes.
void ck_int8_pack_depthwise(const int8_t *_Nonnull weights, long channels, int8_t *_Nonnull packed);

#ifdef __cplusplus
}
#endif
#endif
