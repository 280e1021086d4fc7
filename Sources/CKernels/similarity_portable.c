#include <stdint.h>
#include "simd_portable.h"

// Exponent and fraction are moved to their places in a float, whose exponent is then 112 too small: multiplying by 2^112
// is exact, also for subnormal halves. Infinities and NaN have the highest exponent in both formats.
INLINE float from_half(uint16_t half) {
    uint32_t rest = half & 0x7FFF, bits = rest << 13;
    float value;
    if (rest >= 0x7C00) bits |= 0x7F800000;
    __builtin_memcpy(&value, &bits, sizeof value);
    if (rest < 0x7C00) value *= 0x1p112f;
    return half & 0x8000 ? -value : value;
}
INLINE lanes load_half(const uint16_t *p) { EACH(from_half(p[i])); }
#define ISA CS_PORTABLE
#define TABLE cs_table_portable
#include "similarity_body.h"
