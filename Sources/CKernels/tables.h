// One table per source file; a build has the portable table and those of its processor family.
#ifndef TABLES_H
#define TABLES_H
#include "ckernels.h"

extern const struct ck_kernels ck_table_portable;
#if defined(__x86_64__)
extern const struct ck_kernels ck_table_avx2, ck_table_avx512;
#elif defined(__aarch64__)
extern const struct ck_kernels ck_table_neon;
#endif
#endif
