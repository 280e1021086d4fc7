/* The functions by their own names: else version 1.31 and later puts macros in their place, which Swift cannot see. */
#define MPG123_ENUM_API
#include <mpg123.h>
