// Groups of four bytes in one 512-bit register. Follows simd_avx512.h.

typedef __m512i sums;
typedef __m512i quads;
enum { INT8_TILE_ROWS = 12, INT8_TILE_LANES = 2, INT8_GROUP = 4, WIDE = 64 };

#define no_sums() _mm512_setzero_si512()
#define load_sums(p) _mm512_loadu_si512(p)
#define difference(x, y) _mm512_sub_epi32(x, y)
#define shifted(x, bits) _mm512_sll_epi32(x, _mm_cvtsi32_si128(bits))
#define as_lanes(x) _mm512_cvtepi32_ps(x)
#define load_quads(p) _mm512_loadu_si512(p)
#define dot(sum, x, y) _mm512_dpbusd_epi32(sum, x, y)

static inline __attribute__((always_inline)) quads splat_quad(const uint8_t *p) {
    int value;
    memcpy(&value, p, sizeof value);
    return _mm512_set1_epi32(value);
}
static inline __attribute__((always_inline)) void store_bytes(uint8_t *p, lanes x) {
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x)));
}
static inline __attribute__((always_inline)) void column_quads(const uint8_t *a, const uint8_t *b, const uint8_t *c,
                                                               quads *out) {
    __m512i x = _mm512_loadu_si512(a), y = _mm512_loadu_si512(b), z = _mm512_loadu_si512(c);
    __m512i none = _mm512_setzero_si512();
    __m512i low = _mm512_unpacklo_epi8(x, y), high = _mm512_unpackhi_epi8(x, y);
    __m512i third = _mm512_unpacklo_epi8(z, none), fourth = _mm512_unpackhi_epi8(z, none);
    out[0] = _mm512_unpacklo_epi16(low, third);
    out[1] = _mm512_unpackhi_epi16(low, third);
    out[2] = _mm512_unpacklo_epi16(high, fourth);
    out[3] = _mm512_unpackhi_epi16(high, fourth);
}
// Packing undoes the order of `column_quads`.
static inline __attribute__((always_inline)) void store_channels(uint8_t *p, const lanes *x) {
    __m512i low = _mm512_packs_epi32(_mm512_cvtps_epi32(x[0]), _mm512_cvtps_epi32(x[1]));
    __m512i high = _mm512_packs_epi32(_mm512_cvtps_epi32(x[2]), _mm512_cvtps_epi32(x[3]));
    _mm512_storeu_si512(p, _mm512_packus_epi16(low, high));
}
