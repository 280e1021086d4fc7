// What this program calls of OpenVINO's C interface. Nothing is linked: the functions are looked up by name in the
// library that was opened.
#ifndef EARMARK_OPENVINO_H
#define EARMARK_OPENVINO_H

#include <stddef.h>
#include <stdint.h>

typedef struct OVCore OVCore;
typedef struct OVModel OVModel;
typedef struct OVCompiledModel OVCompiledModel;
typedef struct OVRequest OVRequest;
typedef struct OVPort OVPort;
typedef struct OVTensor OVTensor;

typedef struct { const char *build, *description; } OVVersion;
typedef struct { int64_t rank; int64_t *sizes; } OVShape;
// The least and the greatest size; they differ where a graph leaves it open.
typedef struct { int64_t least, greatest; } OVDimension;
typedef struct { OVDimension rank; OVDimension *dimensions; } OVPartialShape;

// The types of a tensor's values, as the versions since 2025.0 number them.
enum {
    OV_BOOL = 1, OV_FLOAT16 = 3, OV_FLOAT32 = 4, OV_INT8 = 7, OV_INT16 = 8, OV_INT32 = 9, OV_INT64 = 10, OV_UINT8 = 16
};

// All return a status, which is 0 if all went well.
#define OV_STATUS_FUNCTIONS(use)                                                                                       \
    use(ov_get_openvino_version, (OVVersion *out))                                                                     \
    use(ov_core_create, (OVCore **out))                                                                                \
    use(ov_core_read_model, (const OVCore *, const char *path, const char *weights_path, OVModel **out))               \
    use(ov_model_inputs_size, (const OVModel *, size_t *out))                                                          \
    use(ov_model_outputs_size, (const OVModel *, size_t *out))                                                         \
    use(ov_model_const_input_by_index, (const OVModel *, size_t index, OVPort **out))                                  \
    use(ov_model_const_output_by_index, (const OVModel *, size_t index, OVPort **out))                                 \
    use(ov_model_reshape_by_port_indexes, (const OVModel *, const size_t *indexes, const OVPartialShape *,             \
                                           size_t count))                                                              \
    use(ov_partial_shape_create_static, (int64_t rank, const int64_t *sizes, OVPartialShape *out))                     \
    use(ov_shape_create, (int64_t rank, const int64_t *sizes, OVShape *out))                                           \
    use(ov_shape_free, (OVShape *))                                                                                    \
    use(ov_port_get_any_name, (const OVPort *, char **out))                                                            \
    use(ov_port_get_element_type, (const OVPort *, int *out))                                                          \
    use(ov_port_get_partial_shape, (const OVPort *, OVPartialShape *out))                                              \
    use(ov_compiled_model_create_infer_request, (const OVCompiledModel *, OVRequest **out))                            \
    use(ov_infer_request_set_input_tensor_by_index, (OVRequest *, size_t index, const OVTensor *))                     \
    use(ov_infer_request_set_output_tensor_by_index, (OVRequest *, size_t index, const OVTensor *))                    \
    use(ov_infer_request_infer, (OVRequest *))                                                                         \
    use(ov_tensor_create, (int element, OVShape, OVTensor **out))                                                      \
    use(ov_tensor_create_from_host_ptr, (int element, OVShape, void *data, OVTensor **out))                            \
    use(ov_tensor_get_byte_size, (const OVTensor *, size_t *out))

#define OV_RELEASE_FUNCTIONS(use)                                                                                      \
    use(ov_version_free, (OVVersion *))                                                                                \
    use(ov_core_free, (OVCore *))                                                                                      \
    use(ov_model_free, (OVModel *))                                                                                    \
    use(ov_compiled_model_free, (OVCompiledModel *))                                                                   \
    use(ov_infer_request_free, (OVRequest *))                                                                          \
    use(ov_output_const_port_free, (OVPort *))                                                                         \
    use(ov_partial_shape_free, (OVPartialShape *))                                                                     \
    use(ov_tensor_free, (OVTensor *))                                                                                  \
    use(ov_free, (const char *))

#define OV_STATUS_FIELD(name, arguments) int (*name) arguments;
#define OV_RELEASE_FIELD(name, arguments) void (*name) arguments;

struct OVFunctions {
    // What went wrong in the calling thread's last call; it belongs to the library.
    const char *(*ov_get_last_err_msg)(void);
    // Takes any number of arguments: only `ov_compile_for_one_thread` calls it.
    void (*ov_core_compile_model)(void);
    OV_STATUS_FUNCTIONS(OV_STATUS_FIELD)
    OV_RELEASE_FUNCTIONS(OV_RELEASE_FIELD)
};

#undef OV_STATUS_FIELD
#undef OV_RELEASE_FIELD

// Looks up every function in the open library; returns the name of the first that is missing, null if none is.
const char *ov_find_functions(void *library, struct OVFunctions *out);

// Compiles a model for the processor: in float32, on one thread that is not bound to a core.
int ov_compile_for_one_thread(const struct OVFunctions *functions, const OVCore *core, const OVModel *model,
                              OVCompiledModel **out);

#endif
