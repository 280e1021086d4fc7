// The kernels on 8-bit integers. Included once for each instruction set, after the headers that define `lanes` (sixteen
// floats), `sums` (sixteen 32-bit integers) and `quads` (sixteen groups of four bytes).
#include <string.h>
#include "int8_tables.h"

#pragma STDC FP_CONTRACT OFF
#define FORCED static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
enum { LANES = 16 };

// An activation before it is rounded: `scale` and `bias` are already divided by the scale of the output.
FORCED lanes limited(lanes x) { return smaller(greater(x, splat(0)), splat(127)); }
FORCED lanes requantized(sums sum, lanes scale, lanes bias) { return limited(fma(as_lanes(sum), scale, bias)); }

#include "int8_matmul_body.h"
#include "int8_depthwise_body.h"
#include "int8_rows_body.h"

const struct ck_int8_kernels TABLE = {
    .matmul_bytes = matmul_bytes,
    .matmul_floats = matmul_floats,
    .depthwise = depthwise,
    .sum_rows = sum_rows,
    .digit_rows = digit_rows,
    .quantize_rows = quantize_rows,
    .isa = ISA,
};
