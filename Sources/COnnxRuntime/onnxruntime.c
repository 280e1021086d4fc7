#include "onnxruntime.h"

typedef void (*AnyFunction)(void);

// What OrtGetApiBase returns.
struct ApiBase {
    const AnyFunction *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
};

static const struct ApiBase *base(void *get_api_base) {
    return ((const struct ApiBase *(*)(void))get_api_base)();
}

const char *ort_version(void *get_api_base) {
    const struct ApiBase *found = base(get_api_base);
    return found && found->get_version ? found->get_version() : 0;
}

int ort_find_functions(void *get_api_base, uint32_t version, struct OrtFunctions *out) {
    const struct ApiBase *found = base(get_api_base);
    const AnyFunction *table = found && found->get_api ? found->get_api(version) : 0;
    if (!table) return 0;
    out->GetErrorMessage = (const char *(*)(const OrtStatus *))table[2];
#define ORT_TAKE(place, name, arguments) out->name = (__typeof__(out->name))table[place];
    ORT_STATUS_FUNCTIONS(ORT_TAKE)
    ORT_RELEASE_FUNCTIONS(ORT_TAKE)
#undef ORT_TAKE
    return 1;
}
