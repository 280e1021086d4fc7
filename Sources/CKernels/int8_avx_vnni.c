#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#define VNNI
#include "simd_avx2.h"
#include "int8_simd_avx2.h"
#define ISA CK_INT8_AVX_VNNI
#define TABLE ck_int8_table_avx_vnni
#include "int8_kernel_body.h"
#pragma clang attribute pop
#endif
