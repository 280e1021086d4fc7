#if defined(__aarch64__)
#include <arm_neon.h>
#include <stdint.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define DOTPROD
#include "simd_neon.h"
#include "int8_simd_neon.h"
#define ISA CK_INT8_NEON_DOTPROD
#define TABLE ck_int8_table_neon_dotprod
#include "int8_kernel_body.h"
#pragma clang attribute pop
#endif
