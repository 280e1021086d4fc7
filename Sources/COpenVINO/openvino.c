#include "openvino.h"

#include <dlfcn.h>

const char *ov_find_functions(void *library, struct OVFunctions *out) {
#define OV_FIND(name, arguments)                                                                                       \
    out->name = (__typeof__(out->name))dlsym(library, #name);                                                          \
    if (!out->name) return #name;
    OV_FIND(ov_get_last_err_msg, (void))
    OV_FIND(ov_core_compile_model, (void))
    OV_STATUS_FUNCTIONS(OV_FIND)
    OV_RELEASE_FUNCTIONS(OV_FIND)
#undef OV_FIND
    return 0;
}

int ov_compile_for_one_thread(const struct OVFunctions *functions, const OVCore *core, const OVModel *model,
                              OVCompiledModel **out) {
    // Several workers each have a compiled model: bound to cores, all of them would be bound to the same one. On
    // processors with bfloat16, float32 has to be asked for, or results would depend on the processor.
    typedef int (*Compile)(const OVCore *, const OVModel *, const char *device, size_t words, OVCompiledModel **, ...);
    return ((Compile)functions->ov_core_compile_model)(
        core, model, "CPU", 8, out, "INFERENCE_NUM_THREADS", "1", "NUM_STREAMS", "1", "ENABLE_CPU_PINNING", "NO",
        "INFERENCE_PRECISION_HINT", "f32");
}
