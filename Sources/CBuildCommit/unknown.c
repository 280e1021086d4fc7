#include "build_commit.h"

// Scripts/build.sh writes commit.c beside this file, which Git ignores; its definition takes the place of this one. So a
// new commit compiles one line and links, and a build without the script, or outside Git, needs nothing.
__attribute__((weak)) const char *build_commit(void) { return "unknown"; }
