// The tables of the search by similarity; a build has the portable table and those of its processor family.
#ifndef SIMILARITY_TABLES_H
#define SIMILARITY_TABLES_H
#include "similarity.h"

extern const struct cs_kernels cs_table_portable;
#if defined(__x86_64__)
extern const struct cs_kernels cs_table_avx2, cs_table_avx512;
#elif defined(__aarch64__)
extern const struct cs_kernels cs_table_neon;
#endif
#endif
