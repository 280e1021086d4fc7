// The tables of 8-bit kernels; a build has the portable table and those of its processor family.
#ifndef INT8_TABLES_H
#define INT8_TABLES_H
#include "ckernels.h"

extern const struct ck_int8_kernels ck_int8_table_portable;
#if defined(__x86_64__)
extern const struct ck_int8_kernels ck_int8_table_avx2, ck_int8_table_avx_vnni, ck_int8_table_avx512_vnni;
#elif defined(__aarch64__)
extern const struct ck_int8_kernels ck_int8_table_neon, ck_int8_table_neon_dotprod;
#endif
#endif
