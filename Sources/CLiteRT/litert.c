#include "litert.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(LRTLayout) == 68 && sizeof(LRTTensorType) == 72, "a tensor's type as LiteRT lays it out");
_Static_assert(sizeof(LRTIntegerOption) == 24, "an option as LiteRT lays it out");

const char *lrt_find_functions(void *library, struct LRTFunctions *out) {
    // Came with the present form of the calls that read a model; before it, they took other arguments under the same
    // names.
    static const char mark[] = "LiteRtCreateModelFromAllocation";
    if (!dlsym(library, mark)) return mark;
#define LRT_FIND(name, arguments)                                                                                      \
    out->name = (__typeof__(out->name))dlsym(library, #name);                                                          \
    if (!out->name) return #name;
    LRT_STATUS_FUNCTIONS(LRT_FIND)
    LRT_RELEASE_FUNCTIONS(LRT_FIND)
#undef LRT_FIND
    return 0;
}

enum { PROCESSOR = 1 };

int lrt_create_silent_environment(const struct LRTFunctions *functions, LRTEnvironment **out) {
    enum { REGISTERED_ACCELERATORS = 24, LEAST_SEVERITY = 25, INTEGER = 2, SILENT = 4 };
    const LRTIntegerOption options[] = {
        {.number = REGISTERED_ACCELERATORS, .type = INTEGER, .value = PROCESSOR},
        {.number = LEAST_SEVERITY, .type = INTEGER, .value = SILENT},
    };
    return functions->LiteRtCreateEnvironment(2, options, out);
}

// Options of a part of the library travel as text, in TOML.
static int add_text(const struct LRTFunctions *functions, LRTOptions *options, const char *part, const char *text) {
    enum { OUT_OF_MEMORY = 2 };
    char *copy = strdup(text);
    if (!copy) return OUT_OF_MEMORY;
    LRTOpaqueOptions *opaque = 0;
    int status = functions->LiteRtCreateOpaqueOptions(part, copy, free, &opaque);
    if (status) {
        free(copy);
        return status;
    }
    return functions->LiteRtAddOpaqueOptions(options, opaque);
}

int lrt_create_one_thread_options(const struct LRTFunctions *functions, LRTOptions **out) {
    int status = functions->LiteRtCreateOptions(out);
    if (status) return status;
    status = functions->LiteRtSetOptionsHardwareAccelerators(*out, PROCESSOR);
    if (!status) status = add_text(functions, *out, "xnnpack", "num_threads = 1\n");
    if (!status) status = add_text(functions, *out, "runtime_options_string", "error_reporter_mode = 2\n");
    if (status) {
        functions->LiteRtDestroyOptions(*out);
        *out = 0;
    }
    return status;
}
