// Sixteen lanes in one 512-bit register.
#include <immintrin.h>

typedef __m512 lanes;
enum { TILE_ROWS = 12, TILE_LANES = 2 };

#define load(p) _mm512_loadu_ps(p)
#define store(p, v) _mm512_storeu_ps(p, v)
#define splat(x) _mm512_set1_ps(x)
#define fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define add(a, b) _mm512_add_ps(a, b)
#define mul(a, b) _mm512_mul_ps(a, b)
#define quotient(a, b) _mm512_div_ps(a, b)
#define root(a) _mm512_sqrt_ps(a)
#define greater(a, b) _mm512_max_ps(a, b)
#define smaller(a, b) _mm512_min_ps(a, b)
#define nearest(a) _mm512_roundscale_ps(a, 8)
#define power_of_two(n) \
    _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23))
