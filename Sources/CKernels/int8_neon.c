#if defined(__aarch64__)
#include <stdint.h>
#include <string.h>
#include "simd_neon.h"
#include "int8_simd_neon.h"
#define ISA CK_INT8_NEON
#define TABLE ck_int8_table_neon
#include "int8_kernel_body.h"
#endif
