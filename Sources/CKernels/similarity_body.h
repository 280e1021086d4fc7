// Dot products of rows with queries. Included once for each instruction set, after the header that defines `lanes` and
// after `load_half`, which expands sixteen values of half precision.
#include <string.h>
#include "similarity_tables.h"

#pragma STDC FP_CONTRACT OFF
#define FORCED static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
// Queries that share one pass over a row: a row is expanded once for them, and their sums fit the registers.
enum { LANES = CS_LANES, GROUP = 4 };

FORCED float sum_of_lanes(lanes x) {
    float v[LANES];
    store(v, x);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) v[i] += v[i + width];
    return v[0];
}

FORCED void add_products(lanes x, const float *query, long stride, int width, lanes *sums, lanes *own) {
    *own = fma(x, x, *own);
    UNROLL for (int q = 0; q < GROUP; q++) {
        if (q < width) sums[q] = fma(x, load(query + q * stride), sums[q]);
    }
}

// One row with `width` queries, and with itself. `width` is a constant wherever this is called.
#define GROUP_OF(name, element, take)                                                                             \
    FORCED void name(const element *row, long size, const float *queries, long stride, int width, float *dots,    \
                     float *square) {                                                                             \
        lanes sums[GROUP], own = splat(0);                                                                        \
        UNROLL for (int q = 0; q < GROUP; q++) sums[q] = splat(0);                                                \
        long i = 0;                                                                                               \
        for (; i + LANES <= size; i += LANES) add_products(take(row + i), queries + i, stride, width, sums, &own); \
        if (i < size) {                                                                                           \
            element rest[LANES] = {0};                                                                            \
            memcpy(rest, row + i, (size_t)(size - i) * sizeof *rest);                                             \
            add_products(take(rest), queries + i, stride, width, sums, &own);                                     \
        }                                                                                                         \
        UNROLL for (int q = 0; q < GROUP; q++) {                                                                  \
            if (q < width) dots[q] = sum_of_lanes(sums[q]);                                                       \
        }                                                                                                         \
        *square = sum_of_lanes(own);                                                                              \
    }

#define DOTS(name, group, element)                                                                              \
    static void name(const element *rows, long count, long size, const float *queries, long query_count,        \
                     float *dots, float *squares) {                                                             \
        long stride = (size + LANES - 1) / LANES * LANES;                                                       \
        for (long r = 0; r < count; r++, rows += size, dots += query_count) {                                   \
            for (long q = 0; q < query_count; q += GROUP) {                                                     \
                const float *own = queries + q * stride;                                                        \
                switch (query_count - q) {                                                                      \
                case 1: group(rows, size, own, stride, 1, dots + q, squares + r); break;                        \
                case 2: group(rows, size, own, stride, 2, dots + q, squares + r); break;                        \
                case 3: group(rows, size, own, stride, 3, dots + q, squares + r); break;                        \
                default: group(rows, size, own, stride, GROUP, dots + q, squares + r); break;                   \
                }                                                                                               \
            }                                                                                                   \
        }                                                                                                       \
    }

GROUP_OF(group_float32, float, load)
GROUP_OF(group_float16, uint16_t, load_half)
DOTS(dots_float32, group_float32, float)
DOTS(dots_float16, group_float16, uint16_t)

const struct cs_kernels TABLE = {.dots_float32 = dots_float32, .dots_float16 = dots_float16, .isa = ISA};
