#include <stddef.h>
#include "similarity_tables.h"

#if defined(__x86_64__)
#include <cpuid.h>

// `__builtin_cpu_supports` of older compilers does not know F16C, which expands half precision.
static int has_f16c(void) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1);
}
#endif

const struct cs_kernels *cs_kernels_for(enum cs_isa isa) {
    switch (isa) {
    case CS_PORTABLE: return &cs_table_portable;
#if defined(__x86_64__)
    case CS_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c() ? &cs_table_avx2 : NULL;
    case CS_AVX512: return __builtin_cpu_supports("avx512f") ? &cs_table_avx512 : NULL;
#elif defined(__aarch64__)
    case CS_NEON: return &cs_table_neon;
#endif
    default: return NULL;
    }
}

const struct cs_kernels *cs_best_kernels(void) {
    static const enum cs_isa order[] = {CS_AVX512, CS_AVX2, CS_NEON};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const struct cs_kernels *table = cs_kernels_for(order[i]);
        if (table) return table;
    }
    return &cs_table_portable;
}
