#include "build_commit.h"

// Scripts/build.sh writes commit.c beside this file, which Git ignores; its definition takes the place of this one. It only
// changes with the commit, and then nothing is compiled for it but this target and the program's own. A build without the
// script, or outside Git, needs nothing.
__attribute__((weak)) const char *build_commit(void) { return "unknown"; }
