#include "simd_portable.h"
#define ISA CK_PORTABLE
#define TABLE ck_table_portable
#include "kernel_body.h"
