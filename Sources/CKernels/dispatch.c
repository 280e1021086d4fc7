#include <stddef.h>
#include <string.h>
#include "tables.h"

const struct ck_kernels *ck_kernels_for(enum ck_isa isa) {
    switch (isa) {
    case CK_PORTABLE: return &ck_table_portable;
#if defined(__x86_64__)
    case CK_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &ck_table_avx2 : NULL;
    case CK_AVX512: return __builtin_cpu_supports("avx512f") ? &ck_table_avx512 : NULL;
#elif defined(__aarch64__)
    case CK_NEON: return &ck_table_neon;
#endif
    default: return NULL;
    }
}

const struct ck_kernels *ck_best_kernels(void) {
    static const enum ck_isa order[] = {CK_AVX512, CK_AVX2, CK_NEON};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const struct ck_kernels *table = ck_kernels_for(order[i]);
        if (table) return table;
    }
    return &ck_table_portable;
}

long ck_packed_count(long k, long n) { return (n + CK_PANEL - 1) / CK_PANEL * CK_PANEL * k; }

void ck_pack(const float *b, long k, long n, float *panels) {
    for (long from = 0; from < n; from += CK_PANEL) {
        long width = n - from < CK_PANEL ? n - from : CK_PANEL;
        for (long row = 0; row < k; row++, panels += CK_PANEL) {
            memcpy(panels, b + row * n + from, (size_t)width * sizeof *b);
            memset(panels + width, 0, (size_t)(CK_PANEL - width) * sizeof *b);
        }
    }
}

void ck_pack_transposed(const float *b, long k, long n, float *panels) {
    for (long from = 0; from < n; from += CK_PANEL, panels += k * CK_PANEL) {
        long width = n - from < CK_PANEL ? n - from : CK_PANEL;
        if (width < CK_PANEL) memset(panels, 0, (size_t)(k * CK_PANEL) * sizeof *panels);
        // Sixteen rows of the transpose at a time, so that whole cache lines are read and written.
        for (long top = 0; top < k; top += 16) {
            long end = k - top < 16 ? k : top + 16;
            for (long column = 0; column < width; column++) {
                const float *source = b + (from + column) * k;
                for (long row = top; row < end; row++) panels[row * CK_PANEL + column] = source[row];
            }
        }
    }
}
