#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#include "simd_avx512.h"
#define load_half(p) _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p)))
#define ISA CS_AVX512
#define TABLE cs_table_avx512
#include "similarity_body.h"
#pragma clang attribute pop
#endif
