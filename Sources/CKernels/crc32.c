#include "crc32.h"

#if defined(__x86_64__)
#include <immintrin.h>

// V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009. The constants
// are x^n mod P of the reflected polynomial 0xEDB88320 for the distances of 64 and 16 bytes.
__attribute__((target("pclmul,sse4.1"))) static __m128i fold(__m128i value, __m128i by, __m128i next) {
    __m128i low = _mm_clmulepi64_si128(value, by, 0x00), high = _mm_clmulepi64_si128(value, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul,sse4.1"))) static size_t folded(uint32_t *crc, const uint8_t *bytes, size_t count) {
    const __m128i by64 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
    const __m128i by16 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
    const __m128i by8 = _mm_set_epi64x(0, 0x0163cd6124);
    const __m128i polynomial = _mm_set_epi64x(0x01f7011641, 0x01db710641);
    const __m128i low32 = _mm_setr_epi32(~0, 0, ~0, 0);
    const __m128i *from = (const __m128i *)(const void *)bytes;
    size_t left = count / 16;
    __m128i a = _mm_xor_si128(_mm_loadu_si128(from), _mm_cvtsi32_si128((int)~*crc));
    __m128i b = _mm_loadu_si128(from + 1), c = _mm_loadu_si128(from + 2), d = _mm_loadu_si128(from + 3);
    for (from += 4, left -= 4; left >= 4; from += 4, left -= 4) {
        a = fold(a, by64, _mm_loadu_si128(from));
        b = fold(b, by64, _mm_loadu_si128(from + 1));
        c = fold(c, by64, _mm_loadu_si128(from + 2));
        d = fold(d, by64, _mm_loadu_si128(from + 3));
    }
    a = fold(fold(fold(a, by16, b), by16, c), by16, d);
    for (; left > 0; from++, left--) a = fold(a, by16, _mm_loadu_si128(from));
    // 128 bits to 64, those to 32 (Barrett's reduction).
    a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, by16, 0x10));
    a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, low32), by8, 0x00));
    __m128i quotient = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(a, low32), polynomial, 0x10), low32);
    a = _mm_xor_si128(a, _mm_clmulepi64_si128(quotient, polynomial, 0x00));
    *crc = ~(uint32_t)_mm_extract_epi32(a, 1);
    return count / 16 * 16;
}

size_t ck_crc32(uint32_t *crc, const void *bytes, size_t count) {
    if (count < 64 || !__builtin_cpu_supports("pclmul") || !__builtin_cpu_supports("sse4.1")) return 0;
    return folded(crc, bytes, count);
}
#else
size_t ck_crc32(uint32_t *crc, const void *bytes, size_t count) {
    (void)crc, (void)bytes, (void)count;
    return 0;
}
#endif
