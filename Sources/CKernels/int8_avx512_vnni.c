#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vnni"))), apply_to = function)
#include "simd_avx512.h"
#include "int8_simd_avx512.h"
#define ISA CK_INT8_AVX512_VNNI
#define TABLE ck_int8_table_avx512_vnni
#include "int8_kernel_body.h"
#pragma clang attribute pop
#endif
