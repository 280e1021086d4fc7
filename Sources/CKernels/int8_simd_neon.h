// Groups of four bytes in four 128-bit registers, with the dot product if DOTPROD is defined. Bytes of 0 to 127 are
// multiplied as signed ones. Follows simd_neon.h.

typedef struct {
    int32x4_t v[4];
} sums;
typedef struct {
    int8x16_t v[4];
} quads;
enum { INT8_TILE_ROWS = 6, INT8_TILE_LANES = 1, INT8_GROUP = 4, WIDE = 16 };

#define EACH_SUM(expression)                         \
    sums r;                                          \
    for (int i = 0; i < 4; i++) r.v[i] = expression; \
    return r
INLINE sums no_sums(void) { EACH_SUM(vdupq_n_s32(0)); }
INLINE sums load_sums(const int32_t *p) { EACH_SUM(vld1q_s32(p + 4 * i)); }
INLINE sums difference(sums x, sums y) { EACH_SUM(vsubq_s32(x.v[i], y.v[i])); }
INLINE sums shifted(sums x, int bits) { EACH_SUM(vshlq_s32(x.v[i], vdupq_n_s32(bits))); }
INLINE lanes as_lanes(sums x) { EACH(vcvtq_f32_s32(x.v[i])); }
INLINE quads load_quads(const int8_t *p) {
    quads r;
    for (int i = 0; i < 4; i++) r.v[i] = vld1q_s8(p + 16 * i);
    return r;
}
INLINE quads splat_quad(const uint8_t *p) {
    int32_t value;
    memcpy(&value, p, sizeof value);
    quads r;
    for (int i = 0; i < 4; i++) r.v[i] = vreinterpretq_s8_s32(vdupq_n_s32(value));
    return r;
}
INLINE int32x4_t quarter_dot(int32x4_t sum, int8x16_t x, int8x16_t y) {
#ifdef DOTPROD
    return vdotq_s32(sum, x, y);
#else
    // No pair of products overflows 16 bits: 2 x 127 x 128 = 32,512.
    int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(y)), high = vmull_high_s8(x, y);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
#endif
}
INLINE sums dot(sums sum, quads x, quads y) { EACH_SUM(quarter_dot(sum.v[i], x.v[i], y.v[i])); }
INLINE void store_bytes(uint8_t *p, lanes x) {
    uint16x4_t part[4];
    for (int i = 0; i < 4; i++) part[i] = vmovn_u32(vreinterpretq_u32_s32(vcvtnq_s32_f32(x.v[i])));
    vst1q_u8(p, vcombine_u8(vmovn_u16(vcombine_u16(part[0], part[1])), vmovn_u16(vcombine_u16(part[2], part[3]))));
}
INLINE void column_quads(const uint8_t *a, const uint8_t *b, const uint8_t *c, quads *out) {
    uint8x16_t x = vld1q_u8(a), y = vld1q_u8(b), z = vld1q_u8(c), none = vdupq_n_u8(0);
    uint16x8_t low = vreinterpretq_u16_u8(vzip1q_u8(x, y)), high = vreinterpretq_u16_u8(vzip2q_u8(x, y));
    uint16x8_t third = vreinterpretq_u16_u8(vzip1q_u8(z, none)), fourth = vreinterpretq_u16_u8(vzip2q_u8(z, none));
    out->v[0] = vreinterpretq_s8_u16(vzip1q_u16(low, third));
    out->v[1] = vreinterpretq_s8_u16(vzip2q_u16(low, third));
    out->v[2] = vreinterpretq_s8_u16(vzip1q_u16(high, fourth));
    out->v[3] = vreinterpretq_s8_u16(vzip2q_u16(high, fourth));
}
INLINE void store_channels(uint8_t *p, const lanes *x) { store_bytes(p, *x); }
