#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "simd_avx2.h"
#define ISA CK_AVX2
#define TABLE ck_table_avx2
#include "kernel_body.h"
#pragma clang attribute pop
#endif
