#ifndef CK_CRC32_H
#define CK_CRC32_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Continues the CRC-32 of zip and zlib over the first bytes, a multiple of 16, and returns how many those were: 0 if
// there are fewer than 64, or the processor has no carry-less multiplication. The caller does the rest.
size_t ck_crc32(uint32_t *_Nonnull crc, const void *_Nonnull bytes, size_t count);

#ifdef __cplusplus
}
#endif

#endif
