#if defined(__aarch64__)
#include <stdint.h>
#include "simd_neon.h"
INLINE lanes load_half(const uint16_t *p) { EACH(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p + 4 * i)))); }
#define ISA CS_NEON
#define TABLE cs_table_neon
#include "similarity_body.h"
#endif
