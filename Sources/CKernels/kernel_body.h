// The kernels, which work on sixteen lanes at a time. Included once for each instruction set, after the header that
// defines `lanes`.
#include <string.h>
#include "tables.h"

#pragma STDC FP_CONTRACT OFF
#define FORCED static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
enum { LANES = 16 };

#include "elementwise_body.h"
#include "matmul_body.h"
#include "depthwise_body.h"
#include "encoder_body.h"
#include "gradient_body.h"
#include "encoder_gradient_body.h"

const struct ck_kernels TABLE = {
    .matmul = matmul,
    .depthwise = depthwise,
    .first_convolution = first_convolution,
    .mean_rows = mean_rows,
    .max_pool = max_pool,
    .lstm_step = lstm_step,
    .attend = attend,
    .exponential = exponential,
    .tangent = tangent,
    .sigmoid = sigmoid,
    .accumulate = accumulate,
    .activation_gradient = activation_gradient,
    .depthwise_gradient = depthwise_gradient,
    .first_convolution_gradient = first_convolution_gradient,
    .lstm_step_kept = lstm_step_kept,
    .lstm_step_gradient = lstm_step_gradient,
    .attend_gradient = attend_gradient,
    .adam = adam,
    .isa = ISA,
};
