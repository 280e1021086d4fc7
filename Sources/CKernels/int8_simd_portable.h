// Groups of four bytes in plain C, the reference for the other instruction sets. Follows simd_portable.h.

typedef struct {
    int32_t v[16];
} sums;
typedef struct {
    int8_t v[64];
} quads;
enum { INT8_TILE_ROWS = 4, INT8_TILE_LANES = 1, INT8_GROUP = 2, WIDE = 16 };

#define EACH_SUM(expression)                         \
    sums r;                                          \
    for (int i = 0; i < 16; i++) r.v[i] = expression; \
    return r
INLINE sums no_sums(void) { EACH_SUM(0); }
INLINE sums load_sums(const int32_t *p) { EACH_SUM(p[i]); }
INLINE sums difference(sums x, sums y) { EACH_SUM(x.v[i] - y.v[i]); }
INLINE sums shifted(sums x, int bits) { EACH_SUM(x.v[i] * (1 << bits)); }
INLINE lanes as_lanes(sums x) { EACH((float)x.v[i]); }
INLINE quads load_quads(const int8_t *p) {
    quads r;
    __builtin_memcpy(&r, p, sizeof r);
    return r;
}
INLINE quads splat_quad(const uint8_t *p) {
    quads r;
    for (int i = 0; i < 64; i++) r.v[i] = (int8_t)p[i % 4];
    return r;
}
INLINE sums dot(sums sum, quads x, quads y) {
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < 4; k++) sum.v[i] += x.v[4 * i + k] * y.v[4 * i + k];
    return sum;
}
INLINE void store_bytes(uint8_t *p, lanes x) {
    for (int i = 0; i < 16; i++) p[i] = (uint8_t)rintf(x.v[i]);
}
INLINE void column_quads(const uint8_t *a, const uint8_t *b, const uint8_t *c, quads *out) {
    for (int i = 0; i < 16; i++) {
        out->v[4 * i] = (int8_t)a[i];
        out->v[4 * i + 1] = (int8_t)b[i];
        out->v[4 * i + 2] = (int8_t)c[i];
        out->v[4 * i + 3] = 0;
    }
}
INLINE void store_channels(uint8_t *p, const lanes *x) { store_bytes(p, *x); }
