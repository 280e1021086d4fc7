// Groups of four bytes in two 256-bit registers, with AVX-VNNI if VNNI is defined. Follows simd_avx2.h.

typedef struct {
    __m256i a, b;
} sums;
typedef sums quads;
enum { INT8_TILE_ROWS = 6, INT8_TILE_LANES = 1, INT8_GROUP = 2, WIDE = 32 };

INLINE __m256i load_half(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE sums no_sums(void) { return (sums){_mm256_setzero_si256(), _mm256_setzero_si256()}; }
INLINE sums load_sums(const int32_t *p) { return (sums){load_half(p), load_half(p + 8)}; }
INLINE sums difference(sums x, sums y) { return (sums){_mm256_sub_epi32(x.a, y.a), _mm256_sub_epi32(x.b, y.b)}; }
INLINE sums shifted(sums x, int bits) {
    __m128i by = _mm_cvtsi32_si128(bits);
    return (sums){_mm256_sll_epi32(x.a, by), _mm256_sll_epi32(x.b, by)};
}
INLINE lanes as_lanes(sums x) { return (lanes){_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
INLINE quads load_quads(const int8_t *p) { return (quads){load_half(p), load_half(p + 32)}; }
INLINE quads splat_quad(const uint8_t *p) {
    int value;
    memcpy(&value, p, sizeof value);
    __m256i x = _mm256_set1_epi32(value);
    return (quads){x, x};
}
INLINE __m256i half_dot(__m256i sum, __m256i x, __m256i y) {
#ifdef VNNI
    return _mm256_dpbusd_avx_epi32(sum, x, y);
#else
    // No pair of products overflows 16 bits: 2 x 127 x 128 = 32,512.
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(x, y), _mm256_set1_epi16(1)));
#endif
}
INLINE sums dot(sums sum, quads x, quads y) { return (sums){half_dot(sum.a, x.a, y.a), half_dot(sum.b, x.b, y.b)}; }
INLINE void store_bytes(uint8_t *p, lanes x) {
    // Packing works within 128 bits: the words are those of a, b, a, b, each four.
    __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b));
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *)p, _mm_shuffle_epi32(bytes, 0xD8));
}
INLINE void column_quads(const uint8_t *a, const uint8_t *b, const uint8_t *c, quads *out) {
    __m256i x = load_half(a), y = load_half(b), z = load_half(c), none = _mm256_setzero_si256();
    __m256i low = _mm256_unpacklo_epi8(x, y), high = _mm256_unpackhi_epi8(x, y);
    __m256i third = _mm256_unpacklo_epi8(z, none), fourth = _mm256_unpackhi_epi8(z, none);
    out[0] = (quads){_mm256_unpacklo_epi16(low, third), _mm256_unpackhi_epi16(low, third)};
    out[1] = (quads){_mm256_unpacklo_epi16(high, fourth), _mm256_unpackhi_epi16(high, fourth)};
}
// Packing undoes the order of `column_quads`.
INLINE void store_channels(uint8_t *p, const lanes *x) {
    __m256i low = _mm256_packs_epi32(_mm256_cvtps_epi32(x[0].a), _mm256_cvtps_epi32(x[0].b));
    __m256i high = _mm256_packs_epi32(_mm256_cvtps_epi32(x[1].a), _mm256_cvtps_epi32(x[1].b));
    _mm256_storeu_si256((__m256i *)p, _mm256_packus_epi16(low, high));
}
