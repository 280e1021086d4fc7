// Runs every table of 8-bit kernels that this processor has on the same made-up numbers. Prints a digest of all results
// for each table; exits with 1 if two digests differ. The digest does not depend on the processor's family.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ckernels.h"

static uint64_t state;

static uint32_t draw(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}
static float draw_float(float most) { return ((float)(draw() >> 8) / 8388608.0f - 1) * most; }

static uint64_t digest;

// FNV-1a of what a kernel wrote. NaN has many forms, so floats are counted as one if they are NaN.
static void take(const void *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) digest = (digest ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
}

enum { ROWS = 64, K = 1024, N = 544, IMAGES = 3 };
static uint8_t left[ROWS * 2 * K], bytes[ROWS * 2 * K], image[IMAGES * 48 * 32 * 64], convolved[IMAGES * 48 * 32 * 64];
static int8_t weights[K * N], panels[K * N], taps[9 * K], packed[12 * K];
static float scale[N * 2], bias[N * 2], floats[ROWS * K], row_scale[ROWS];
static int32_t zero[N];

static void products(const struct ck_int8_kernels *kernels) {
    for (int round = 0; round < 60; round++) {
        long m = 1 + draw() % ROWS, k = 4 * (1 + draw() % (round % 10 ? 40 : K / 4)), n = 1 + draw() % 521;
        for (long i = 0; i < m * 2 * k; i++) left[i] = round == 0 ? 127 : draw() % 128;
        for (long i = 0; i < k * n; i++) weights[i] = round == 0 ? -128 : (int8_t)(draw() % 256);
        ck_int8_pack(weights, k, n, panels);
        for (long i = 0; i < N; i++) {
            scale[i] = draw_float(1e-3f), bias[i] = draw_float(100), zero[i] = (int32_t)(draw() % 10000000);
        }
        for (long i = 0; i < m; i++) row_scale[i] = draw_float(2);
        struct ck_int8_right right = {panels, scale, zero, round % 3 ? bias : NULL, k, n};
        struct ck_int8_left from = {left, 2 * k, 1 + round % 2, round % 4 > 1 ? 7 : 3, round % 5 ? row_scale : NULL};
        for (long i = 0; i < m * n; i++) floats[i] = draw_float(10);
        kernels->matmul_floats(&from, &right, floats, n, m, round % 7 % 3);
        take(floats, (size_t)(m * n) * sizeof *floats);
        right.n = n / 32 * 32, right.bias = bias;
        memset(bytes, 200, sizeof bytes);
        kernels->matmul_bytes(&from, &right, bytes, right.n, m);
        take(bytes, (size_t)(m * right.n));
    }
}

static void convolutions(const struct ck_int8_kernels *kernels) {
    static const long sizes[][4] = {{24, 16, 64, 1}, {48, 32, 64, 2}, {6, 4, 192, 1}, {7, 5, 64, 2},
                                    {3, 2, 128, 1},  {1, 1, 64, 1},   {5, 9, 64, 1},  {12, 8, 256, 2}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        long height = sizes[s][0], width = sizes[s][1], channels = sizes[s][2], stride = sizes[s][3];
        long images = height * width * channels * 3 > (long)sizeof image ? 1 : 3;
        long rows = (height + stride - 1) / stride, columns = (width + stride - 1) / stride;
        for (long i = 0; i < images * height * width * channels; i++) image[i] = s == 0 ? 127 : draw() % 128;
        for (long i = 0; i < 9 * channels; i++) taps[i] = s == 0 ? -128 : (int8_t)(draw() % 256);
        for (long i = 0; i < channels; i++) scale[i] = draw_float(0.01f), bias[i] = draw_float(100);
        ck_int8_pack_depthwise(taps, channels, packed);
        for (long first = 0; first < rows; first += 2) {
            long last = s % 2 ? rows : first + 2 < rows ? first + 2 : rows;
            memset(convolved, 200, sizeof convolved);
            kernels->depthwise(image, images, height, width, channels, stride, packed, scale, bias, convolved, first,
                               last);
            take(convolved, (size_t)(images * (last - first) * columns * channels));
        }
    }
}

static void rows(const struct ck_int8_kernels *kernels) {
    for (int round = 0; round < 20; round++) {
        long m = 1 + draw() % 8, columns = 16 * (1 + draw() % 60);
        for (long i = 0; i < m * columns; i++) left[i] = draw() % 128;
        kernels->sum_rows(left, m, columns, draw_float(0.1f), bytes, floats);
        take(bytes, (size_t)(2 * columns));
        take(floats, (size_t)columns * sizeof *floats);
        for (long i = 0; i < m * columns; i++) floats[i] = draw_float(7);
        kernels->digit_rows(floats, m, columns, 2730.5f, bytes);
        take(bytes, (size_t)(2 * m * columns));
        float most = round == 0 ? 0 : round == 1 ? 1e-31f : round == 2 ? 3e38f : draw_float(3);
        for (long i = 0; i < m * columns; i++) floats[i] = draw_float(most);
        if (round == 3) floats[0] = __builtin_inff(), floats[columns] = __builtin_nanf("");
        kernels->quantize_rows(floats, columns, m, columns, 1 + round % 2, bytes, 2 * columns, row_scale);
        for (long r = 0; r < m; r++) take(bytes + r * 2 * columns, (size_t)(columns * (1 + round % 2)));
        take(row_scale, (size_t)m * sizeof *row_scale);
    }
}

int main(void) {
    static const char *const names[] = {"portable", "avx2", "avx-vnni", "avx512-vnni", "neon", "neon-dotprod"};
    uint64_t expected = 0;
    int failed = 0;
    for (int isa = CK_INT8_PORTABLE; isa <= CK_INT8_NEON_DOTPROD; isa++) {
        const struct ck_int8_kernels *kernels = ck_int8_kernels_for((enum ck_int8_isa)isa);
        if (!kernels) continue;
        state = 1, digest = 14695981039346656037u;
        products(kernels);
        convolutions(kernels);
        rows(kernels);
        printf("%016llx %s\n", (unsigned long long)digest, names[isa]);
        if (isa == CK_INT8_PORTABLE) expected = digest;
        if (digest != expected) failed = 1;
    }
    return failed;
}
