// Dot products of stored rows with a few query vectors, for a search by cosine, with one table of functions for each
// instruction set.
//
// Every table gives bit-identical results: element i is added to lane i mod 16 by fused multiply-add, i ascending, and
// the sixteen lanes are then added by halves (i and i + 8, i and i + 4, and so on). A row's results depend neither on the
// number of rows in a call nor on the other queries.
#ifndef SIMILARITY_H
#define SIMILARITY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A query's values are followed by zeros up to a multiple of this.
enum { CS_LANES = 16 };

enum cs_isa { CS_PORTABLE = 0, CS_AVX2 = 1, CS_AVX512 = 2, CS_NEON = 3 };

struct cs_kernels {
    // dots[r][q] = row r . query q, and squares[r] = row r . row r, for `rows` (count, size) one after another at any
    // address, and queries (query_count, size rounded up to a multiple of CS_LANES). count and query_count are at least 1.
    void (*_Nonnull dots_float32)(const float *_Nonnull rows, long count, long size, const float *_Nonnull queries,
                                  long query_count, float *_Nonnull dots, float *_Nonnull squares);

    // The same for rows in half precision, each value of which is first expanded to float32, exactly.
    void (*_Nonnull dots_float16)(const uint16_t *_Nonnull rows, long count, long size, const float *_Nonnull queries,
                                  long query_count, float *_Nonnull dots, float *_Nonnull squares);

    enum cs_isa isa;
};

// The table of an instruction set, or null if this processor or this build lacks it.
const struct cs_kernels *_Nullable cs_kernels_for(enum cs_isa isa);

// The fastest table that this processor runs.
const struct cs_kernels *_Nonnull cs_best_kernels(void);

#ifdef __cplusplus
}
#endif
#endif
