// Sixteen lanes in two 256-bit registers.
#include <immintrin.h>

typedef struct {
    __m256 a, b;
} lanes;
enum { TILE_ROWS = 6, TILE_LANES = 1 };

#define INLINE static inline __attribute__((always_inline))
INLINE lanes load(const float *p) { return (lanes){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
INLINE void store(float *p, lanes v) {
    _mm256_storeu_ps(p, v.a);
    _mm256_storeu_ps(p + 8, v.b);
}
INLINE lanes splat(float x) {
    __m256 v = _mm256_set1_ps(x);
    return (lanes){v, v};
}
INLINE lanes fma(lanes x, lanes y, lanes z) {
    return (lanes){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
INLINE lanes add(lanes x, lanes y) { return (lanes){_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
INLINE lanes mul(lanes x, lanes y) { return (lanes){_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
INLINE lanes quotient(lanes x, lanes y) { return (lanes){_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
INLINE lanes root(lanes x) { return (lanes){_mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b)}; }
INLINE lanes greater(lanes x, lanes y) { return (lanes){_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
INLINE lanes smaller(lanes x, lanes y) { return (lanes){_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)}; }
INLINE lanes nearest(lanes x) { return (lanes){_mm256_round_ps(x.a, 8), _mm256_round_ps(x.b, 8)}; }
INLINE __m256 half_power_of_two(__m256 n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}
INLINE lanes power_of_two(lanes n) { return (lanes){half_power_of_two(n.a), half_power_of_two(n.b)}; }
