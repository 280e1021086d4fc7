#include "simd_portable.h"
#include "int8_simd_portable.h"
#define ISA CK_INT8_PORTABLE
#define TABLE ck_int8_table_portable
#include "int8_kernel_body.h"
