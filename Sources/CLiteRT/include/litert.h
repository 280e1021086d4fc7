// What this program calls of LiteRT's C interface. Nothing is linked: the functions are looked up by name in the
// library that was opened.
#ifndef EARMARK_LITERT_H
#define EARMARK_LITERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct LRTEnvironment LRTEnvironment;
typedef struct LRTModel LRTModel;
typedef struct LRTSignature LRTSignature;
typedef struct LRTTensor LRTTensor;
typedef struct LRTOptions LRTOptions;
typedef struct LRTOpaqueOptions LRTOpaqueOptions;
typedef struct LRTCompiledModel LRTCompiledModel;
typedef struct LRTBuffer LRTBuffer;

// The types of a tensor's values.
enum {
    LRT_FLOAT32 = 1, LRT_INT32 = 2, LRT_UINT8 = 3, LRT_INT64 = 4, LRT_BOOL = 6, LRT_INT16 = 7, LRT_INT8 = 9,
    LRT_FLOAT16 = 10
};
enum { LRT_MAX_RANK = 8 };
// Whether a tensor's type includes a shape.
enum { LRT_RANKED = 0 };
// How a tensor's integers stand for numbers: real = scale * (stored - zero point), the same for the whole tensor.
enum { LRT_PER_TENSOR_QUANTIZATION = 1 };

typedef struct {
    // Bits 0 to 6: the number of dimensions; bit 7: whether there are strides.
    uint32_t rank_and_flags;
    int32_t sizes[LRT_MAX_RANK];
    uint32_t strides[LRT_MAX_RANK];
} LRTLayout;
typedef struct { int32_t element; LRTLayout layout; } LRTTensorType;
typedef struct { float scale; int64_t zero_point; } LRTQuantization;

// An option of the environment: its number, and a value of type 2, an integer.
typedef struct { int32_t number; int32_t padding; int32_t type; int32_t more_padding; int64_t value; } LRTIntegerOption;

// All return a status, which is 0 if all went well.
#define LRT_STATUS_FUNCTIONS(use)                                                                                      \
    use(LiteRtCreateEnvironment, (int count, const LRTIntegerOption *, LRTEnvironment **out))                          \
    use(LiteRtCreateModelFromBuffer, (LRTEnvironment *, const void *bytes, size_t count, LRTModel **out))              \
    use(LiteRtGetNumModelSignatures, (LRTModel *, size_t *out))                                                        \
    use(LiteRtGetModelSignature, (LRTModel *, size_t index, LRTSignature **out))                                       \
    use(LiteRtGetNumSignatureInputs, (LRTSignature *, size_t *out))                                                    \
    use(LiteRtGetNumSignatureOutputs, (LRTSignature *, size_t *out))                                                   \
    use(LiteRtGetSignatureInputTensorByIndex, (LRTSignature *, size_t index, LRTTensor **out))                         \
    use(LiteRtGetSignatureOutputTensorByIndex, (LRTSignature *, size_t index, LRTTensor **out))                        \
    use(LiteRtGetTensorName, (LRTTensor *, const char **out))                                                          \
    use(LiteRtGetTensorTypeId, (LRTTensor *, int *out))                                                                \
    use(LiteRtGetRankedTensorType, (LRTTensor *, LRTTensorType *out))                                                  \
    use(LiteRtGetQuantizationTypeId, (LRTTensor *, int *out))                                                          \
    use(LiteRtGetPerTensorQuantization, (LRTTensor *, LRTQuantization *out))                                           \
    use(LiteRtCreateOptions, (LRTOptions **out))                                                                       \
    use(LiteRtSetOptionsHardwareAccelerators, (LRTOptions *, int set))                                                 \
    use(LiteRtCreateOpaqueOptions, (const char *name, void *text, void (*free_text)(void *), LRTOpaqueOptions **out))  \
    use(LiteRtAddOpaqueOptions, (LRTOptions *, LRTOpaqueOptions *))                                                    \
    use(LiteRtCreateCompiledModel, (LRTEnvironment *, LRTModel *, LRTOptions *, LRTCompiledModel **out))               \
    use(LiteRtCompiledModelResizeInputTensor, (LRTCompiledModel *, size_t signature, size_t input, const int *sizes,   \
                                               size_t rank))                                                           \
    use(LiteRtGetCompiledModelOutputTensorLayouts, (LRTCompiledModel *, size_t signature, size_t count,                \
                                                    LRTLayout *out, bool update))                                      \
    use(LiteRtCompiledModelGetErrorMessages, (LRTCompiledModel *, char **out))                                         \
    use(LiteRtCompiledModelClearErrors, (LRTCompiledModel *))                                                          \
    use(LiteRtCreateTensorBufferFromHostMemory, (const LRTTensorType *, void *data, size_t bytes,                      \
                                                 void (*release)(void *), LRTBuffer **out))                            \
    use(LiteRtRunCompiledModel, (LRTCompiledModel *, size_t signature, size_t input_count, LRTBuffer **inputs,         \
                                 size_t output_count, LRTBuffer **outputs))

#define LRT_RELEASE_FUNCTIONS(use)                                                                                     \
    use(LiteRtDestroyEnvironment, (LRTEnvironment *))                                                                  \
    use(LiteRtDestroyModel, (LRTModel *))                                                                              \
    use(LiteRtDestroyOptions, (LRTOptions *))                                                                          \
    use(LiteRtDestroyCompiledModel, (LRTCompiledModel *))                                                              \
    use(LiteRtDestroyTensorBuffer, (LRTBuffer *))

#define LRT_STATUS_FIELD(name, arguments) int (*name) arguments;
#define LRT_RELEASE_FIELD(name, arguments) void (*name) arguments;

struct LRTFunctions {
    LRT_STATUS_FUNCTIONS(LRT_STATUS_FIELD)
    LRT_RELEASE_FUNCTIONS(LRT_RELEASE_FIELD)
};

#undef LRT_STATUS_FIELD
#undef LRT_RELEASE_FIELD

// Looks up every function in the open library; returns the name of the first that is missing, null if none is.
const char *lrt_find_functions(void *library, struct LRTFunctions *out);

// Creates an environment that has only the processor and writes nothing to standard error.
int lrt_create_silent_environment(const struct LRTFunctions *functions, LRTEnvironment **out);

// Creates options for computing on the caller's thread and keeping the texts of errors.
int lrt_create_one_thread_options(const struct LRTFunctions *functions, LRTOptions **out);

#endif
