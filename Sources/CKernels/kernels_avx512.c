#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#include "simd_avx512.h"
#define ISA CK_AVX512
#define TABLE ck_table_avx512
#include "kernel_body.h"
#pragma clang attribute pop
#endif
