#include <stddef.h>
#include <string.h>
#include "int8_tables.h"

#if defined(__x86_64__)
#include <cpuid.h>

// `__builtin_cpu_supports` of older compilers does not know AVX-VNNI.
static int has_avx_vnni(void) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __get_cpuid_count(7, 1, &a, &b, &c, &d)
        && (a >> 4 & 1);
}
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

static int has_dotprod(void) { return getauxval(AT_HWCAP) >> 20 & 1; }
#elif defined(__aarch64__)
// Every processor of the other systems with this family has it.
static int has_dotprod(void) { return 1; }
#endif

const struct ck_int8_kernels *ck_int8_kernels_for(enum ck_int8_isa isa) {
    switch (isa) {
    case CK_INT8_PORTABLE: return &ck_int8_table_portable;
#if defined(__x86_64__)
    case CK_INT8_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &ck_int8_table_avx2 : NULL;
    case CK_INT8_AVX_VNNI: return has_avx_vnni() ? &ck_int8_table_avx_vnni : NULL;
    case CK_INT8_AVX512_VNNI:
        return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni") ? &ck_int8_table_avx512_vnni
                                                                                         : NULL;
#elif defined(__aarch64__)
    case CK_INT8_NEON: return &ck_int8_table_neon;
    case CK_INT8_NEON_DOTPROD: return has_dotprod() ? &ck_int8_table_neon_dotprod : NULL;
#endif
    default: return NULL;
    }
}

const struct ck_int8_kernels *ck_int8_best_kernels(void) {
    static const enum ck_int8_isa order[] = {CK_INT8_AVX512_VNNI, CK_INT8_AVX_VNNI, CK_INT8_AVX2, CK_INT8_NEON_DOTPROD,
                                             CK_INT8_NEON};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const struct ck_int8_kernels *table = ck_int8_kernels_for(order[i]);
        if (table) return table;
    }
    return &ck_int8_table_portable;
}

long ck_int8_packed_count(long k, long n) { return (n + CK_PANEL - 1) / CK_PANEL * CK_PANEL * k; }

void ck_int8_pack(const int8_t *b, long k, long n, int8_t *panels) {
    memset(panels, 0, (size_t)ck_int8_packed_count(k, n));
    for (long row = 0; row < k; row++)
        for (long column = 0; column < n; column++)
            panels[column / CK_PANEL * CK_PANEL * k + (row / 4 * CK_PANEL + column % CK_PANEL) * 4 + row % 4] =
                b[row * n + column];
}

void ck_int8_pack_depthwise(const int8_t *weights, long channels, int8_t *packed) {
    memset(packed, 0, (size_t)(12 * channels));
    for (long c = 0; c < channels; c++)
        for (long tap = 0; tap < 9; tap++)
            packed[((c / 4 * 3 + tap % 3) * 4 + c % 4) * 4 + tap / 3] = weights[tap * channels + c];
}
