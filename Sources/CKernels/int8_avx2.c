#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "simd_avx2.h"
#include "int8_simd_avx2.h"
#define ISA CK_INT8_AVX2
#define TABLE ck_int8_table_avx2
#include "int8_kernel_body.h"
#pragma clang attribute pop
#endif
