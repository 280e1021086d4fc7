// Sixteen lanes in four 128-bit registers.
#include <arm_neon.h>

typedef struct {
    float32x4_t v[4];
} lanes;
enum { TILE_ROWS = 6, TILE_LANES = 1 };

#define INLINE static inline __attribute__((always_inline))
#define EACH(expression)                             \
    lanes r;                                         \
    for (int i = 0; i < 4; i++) r.v[i] = expression; \
    return r
INLINE lanes load(const float *p) { EACH(vld1q_f32(p + 4 * i)); }
INLINE void store(float *p, lanes x) {
    for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, x.v[i]);
}
INLINE lanes splat(float x) { EACH(vdupq_n_f32(x)); }
INLINE lanes fma(lanes x, lanes y, lanes z) { EACH(vfmaq_f32(z.v[i], x.v[i], y.v[i])); }
INLINE lanes add(lanes x, lanes y) { EACH(vaddq_f32(x.v[i], y.v[i])); }
INLINE lanes mul(lanes x, lanes y) { EACH(vmulq_f32(x.v[i], y.v[i])); }
INLINE lanes quotient(lanes x, lanes y) { EACH(vdivq_f32(x.v[i], y.v[i])); }
INLINE lanes root(lanes x) { EACH(vsqrtq_f32(x.v[i])); }
INLINE lanes greater(lanes x, lanes y) { EACH(vbslq_f32(vcgtq_f32(x.v[i], y.v[i]), x.v[i], y.v[i])); }
INLINE lanes smaller(lanes x, lanes y) { EACH(vbslq_f32(vcltq_f32(x.v[i], y.v[i]), x.v[i], y.v[i])); }
INLINE lanes nearest(lanes x) { EACH(vrndnq_f32(x.v[i])); }
INLINE lanes power_of_two(lanes n) {
    EACH(vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n.v[i]), vdupq_n_s32(127)), 23)));
}
