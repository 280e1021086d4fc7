#include "mel.h"
#include <math.h>
#include <stdint.h>

#pragma STDC FP_CONTRACT OFF

// The compiler maps these vectors to the registers of the instruction set: two of SSE or NEON, or one of AVX.
typedef float lanes __attribute__((vector_size(32)));
typedef float quarter __attribute__((vector_size(16)));
typedef int32_t words __attribute__((vector_size(32)));
// The same as `lanes`, but at any address.
typedef float loose __attribute__((vector_size(32), aligned(4), may_alias));
#define FROM(place) (*(const loose *)(place))
#define AT(place) (*(loose *)(place))
// The bit patterns of 1 and of sqrt(1/2).
#define ONE 0x3F800000
#define ROOT_HALF 0x3F3504F3

#define SET plain
#include "mel_body.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define SET avx2
#include "mel_body.h"
#pragma clang attribute pop
#endif

const struct cm_kernels *cm_plain_kernels(void) { return &table_plain; }

const struct cm_kernels *cm_best_kernels(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) return &table_avx2;
#endif
    return &table_plain;
}

const char *cm_instruction_set(const struct cm_kernels *kernels) {
    return kernels == &table_plain ? "portable" : "avx2";
}
