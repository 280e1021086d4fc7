#if defined(__aarch64__)
#include "simd_neon.h"
#define ISA CK_NEON
#define TABLE ck_table_neon
#include "kernel_body.h"
#endif
