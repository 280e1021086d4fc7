// Sixteen lanes in plain C, the reference for the other instruction sets.
#include <math.h>
#include <stdint.h>

typedef struct {
    float v[16];
} lanes;
enum { TILE_ROWS = 4, TILE_LANES = 1 };

#define INLINE static inline __attribute__((always_inline))
#define EACH(expression)                              \
    lanes r;                                          \
    for (int i = 0; i < 16; i++) r.v[i] = expression; \
    return r
INLINE float scalar_power_of_two(float n) {
    int32_t bits = ((int32_t)n + 127) * (1 << 23);
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}
INLINE lanes load(const float *p) { EACH(p[i]); }
INLINE void store(float *p, lanes x) {
    for (int i = 0; i < 16; i++) p[i] = x.v[i];
}
INLINE lanes splat(float x) { EACH(x); }
INLINE lanes fma16(lanes x, lanes y, lanes z) { EACH(fmaf(x.v[i], y.v[i], z.v[i])); }
#define fma(x, y, z) fma16(x, y, z)
INLINE lanes add(lanes x, lanes y) { EACH(x.v[i] + y.v[i]); }
INLINE lanes mul(lanes x, lanes y) { EACH(x.v[i] * y.v[i]); }
INLINE lanes quotient(lanes x, lanes y) { EACH(x.v[i] / y.v[i]); }
INLINE lanes root(lanes x) { EACH(sqrtf(x.v[i])); }
INLINE lanes greater(lanes x, lanes y) { EACH(x.v[i] > y.v[i] ? x.v[i] : y.v[i]); }
INLINE lanes smaller(lanes x, lanes y) { EACH(x.v[i] < y.v[i] ? x.v[i] : y.v[i]); }
INLINE lanes nearest(lanes x) { EACH(rintf(x.v[i])); }
INLINE lanes power_of_two(lanes n) { EACH(scalar_power_of_two(n.v[i])); }
