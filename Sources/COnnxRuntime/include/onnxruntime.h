// What this program calls of ONNX Runtime's C interface. Nothing is linked: the functions come from the table that the
// opened library hands out, by their places in it, which never change once a version has them.
#ifndef EARMARK_ONNXRUNTIME_H
#define EARMARK_ONNXRUNTIME_H

#include <stddef.h>
#include <stdint.h>

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtValue OrtValue;
typedef struct OrtTypeInfo OrtTypeInfo;
typedef struct OrtTensorInfo OrtTensorInfo;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtAllocator OrtAllocator;

// The types of a tensor's values.
enum {
    ORT_FLOAT32 = 1, ORT_UINT8 = 2, ORT_INT8 = 3, ORT_INT16 = 5, ORT_INT32 = 6, ORT_INT64 = 7, ORT_BOOL = 9,
    ORT_FLOAT16 = 10
};
// The kind of a value that is a tensor.
enum { ORT_TENSOR = 1 };
// Messages of this severity and above go to standard error; failures also come back as a status.
enum { ORT_FATAL = 4 };
enum { ORT_ALL_OPTIMIZATIONS = 99 };
enum { ORT_DEVICE_ALLOCATOR = 0, ORT_DEFAULT_MEMORY = 0 };

// Each function's place in the table, its name, and what it takes. All but those that free something or give a text
// return a status, which is null if all went well.
#define ORT_STATUS_FUNCTIONS(use)                                                                                      \
    use(3, CreateEnv, (int severity, const char *name, OrtEnv **out))                                                  \
    use(6, DisableTelemetryEvents, (const OrtEnv *))                                                                   \
    use(7, CreateSession, (const OrtEnv *, const char *path, const OrtSessionOptions *, OrtSession **out))             \
    use(8, CreateSessionFromArray, (const OrtEnv *, const void *bytes, size_t count, const OrtSessionOptions *,        \
                                    OrtSession **out))                                                                 \
    use(9, Run, (OrtSession *, const OrtRunOptions *, const char *const *input_names,                                  \
                 const OrtValue *const *inputs, size_t input_count, const char *const *output_names,                   \
                 size_t output_count, OrtValue **outputs))                                                             \
    use(10, CreateSessionOptions, (OrtSessionOptions **out))                                                           \
    use(22, SetSessionLogSeverityLevel, (OrtSessionOptions *, int severity))                                           \
    use(23, SetSessionGraphOptimizationLevel, (OrtSessionOptions *, int level))                                        \
    use(24, SetIntraOpNumThreads, (OrtSessionOptions *, int count))                                                    \
    use(25, SetInterOpNumThreads, (OrtSessionOptions *, int count))                                                    \
    use(30, SessionGetInputCount, (const OrtSession *, size_t *out))                                                   \
    use(31, SessionGetOutputCount, (const OrtSession *, size_t *out))                                                  \
    use(33, SessionGetInputTypeInfo, (const OrtSession *, size_t index, OrtTypeInfo **out))                            \
    use(34, SessionGetOutputTypeInfo, (const OrtSession *, size_t index, OrtTypeInfo **out))                           \
    use(36, SessionGetInputName, (const OrtSession *, size_t index, OrtAllocator *, char **out))                       \
    use(37, SessionGetOutputName, (const OrtSession *, size_t index, OrtAllocator *, char **out))                      \
    use(49, CreateTensorWithDataAsOrtValue, (const OrtMemoryInfo *, void *data, size_t bytes, const int64_t *shape,    \
                                             size_t rank, int element, OrtValue **out))                                \
    use(55, CastTypeInfoToTensorInfo, (const OrtTypeInfo *, const OrtTensorInfo **out))                                \
    use(56, GetOnnxTypeFromTypeInfo, (const OrtTypeInfo *, int *out))                                                  \
    use(60, GetTensorElementType, (const OrtTensorInfo *, int *out))                                                   \
    use(61, GetDimensionsCount, (const OrtTensorInfo *, size_t *out))                                                  \
    use(62, GetDimensions, (const OrtTensorInfo *, int64_t *out, size_t count))                                        \
    use(65, GetTensorTypeAndShape, (const OrtValue *, OrtTensorInfo **out))                                            \
    use(69, CreateCpuMemoryInfo, (int allocator, int memory, OrtMemoryInfo **out))                                     \
    use(76, AllocatorFree, (OrtAllocator *, void *))                                                                   \
    use(78, GetAllocatorWithDefaultOptions, (OrtAllocator **out))

#define ORT_RELEASE_FUNCTIONS(use)                                                                                     \
    use(92, ReleaseEnv, (OrtEnv *))                                                                                    \
    use(93, ReleaseStatus, (OrtStatus *))                                                                              \
    use(94, ReleaseMemoryInfo, (OrtMemoryInfo *))                                                                      \
    use(95, ReleaseSession, (OrtSession *))                                                                            \
    use(96, ReleaseValue, (OrtValue *))                                                                                \
    use(98, ReleaseTypeInfo, (OrtTypeInfo *))                                                                          \
    use(99, ReleaseTensorInfo, (OrtTensorInfo *))                                                                      \
    use(100, ReleaseSessionOptions, (OrtSessionOptions *))

#define ORT_STATUS_FIELD(place, name, arguments) OrtStatus *(*name) arguments;
#define ORT_RELEASE_FIELD(place, name, arguments) void (*name) arguments;

struct OrtFunctions {
    const char *(*GetErrorMessage)(const OrtStatus *);
    ORT_STATUS_FUNCTIONS(ORT_STATUS_FIELD)
    ORT_RELEASE_FUNCTIONS(ORT_RELEASE_FIELD)
};

#undef ORT_STATUS_FIELD
#undef ORT_RELEASE_FIELD

// The version of a library whose OrtGetApiBase is given; it belongs to the library. Null if there is none.
const char *ort_version(void *get_api_base);

// Fills the functions from the table of the given version of the interface; 0 if the library does not have that one.
int ort_find_functions(void *get_api_base, uint32_t version, struct OrtFunctions *out);

#endif
