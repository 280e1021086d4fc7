import Foundation
import Testing

/// A shared library that looks like ONNX Runtime, made by the C compiler, for faults that a real engine does not have on
/// demand. Any file is its graph: an input `x`, float32 `[?, width]`, and an output `y`, float32 `[?, outputs]`, the first
/// values of each row of x. It refuses to start if telemetry was not turned off before it was opened, and to read a graph
/// if it was not turned off once more by the interface's function.
package enum StubEngine {
    /// What is wrong with it.
    package enum Fault: String, Sendable {
        /// Nothing.
        case none = "NONE"
        /// Its table of functions is of a version that is too old.
        case old = "OLD"
        /// A call aborts the process if any value of its input is above 0.8.
        case crashes = "CRASHES"
        /// Such a call does not return.
        case hangs = "HANGS"
        /// Such a call fails with a text of two lines.
        case fails = "FAILS"
    }

    package static let compiler = ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"].first(
        where: FileManager.default.isExecutableFile(atPath:))
    package static let noCompiler: Comment = "needs a C compiler, and found none as /usr/bin/cc, gcc or clang"

    /// - Parameters:
    ///   - path: where the library is made.
    ///   - version: the version that it states.
    ///   - width: the number of values of an input's row.
    ///   - outputs: that of an output's row, at most `width`; nil for as many.
    /// - Throws: where the compiler cannot be run or refuses the source.
    package static func make(
        _ path: String, _ fault: Fault = .none, version: String = "1.99.0", width: Int = 4, outputs: Int? = nil
    ) throws {
        let source = path + ".c"
        try Data(text.utf8).write(to: URL(fileURLWithPath: source))
        defer { try? FileManager.default.removeItem(atPath: source) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: compiler ?? "/usr/bin/cc")
        process.arguments = [
            "-shared", "-fPIC", "-w", "-D\(fault.rawValue)", "-DVERSION=\"\(version)\"", "-DWIDTH=\(width)",
            "-DOUTPUTS=\(outputs ?? width)", "-o", path, source,
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    /// Numbers of the table's places as in the interface; what is not listed here is never called.
    private static let text = """
        #include <stdint.h>
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>

        typedef struct { float *data; int64_t rows; int isOwn; } Value;
        typedef void *(*Function)();
        static Function table[120];

        static void *ok() { return 0; }
        static const char *message(void *status) { return status; }
        static int isOffByVariable, isOffByCall;
        __attribute__((constructor)) static void when_opened(void) {
            const char *value = getenv("ORT_DISABLE_TELEMETRY");
            isOffByVariable = value && !strcmp(value, "1");
        }
        static void *make_environment(int severity, const char *name, void **out) {
            if (!isOffByVariable) return "telemetry is on";
            *out = table;
            return 0;
        }
        static void *disable_telemetry(void *environment) { isOffByCall = environment == (void *)table; return 0; }
        static void *make_session(void *e, const char *path, void *options, void **out) {
            if (!isOffByCall) return "telemetry was not disabled";
            *out = table;
            return 0;
        }
        static void *make_session_from(void *e, const char *bytes, size_t count, void *options, void **out) {
            for (size_t i = 0; i + 8 <= count; i++)
                if (!memcmp(bytes + i, "location", 8)) return "has values in another file, but no path";
            return make_session(e, 0, options, out);
        }
        static void *make_one(void **out) { *out = table; return 0; }
        static void *make_memory(int a, int b, void **out) { *out = table; return 0; }
        static void *one(void *session, size_t *out) { *out = 1; return 0; }
        static void *type(void *session, size_t index, void **out) { *out = table; return 0; }
        static void *output_type(void *session, size_t index, void **out) { *out = table + 1; return 0; }
        static void *input_name(void *s, size_t i, void *a, char **out) { *out = strdup("x"); return 0; }
        static void *output_name(void *s, size_t i, void *a, char **out) { *out = strdup("y"); return 0; }
        static void *release_text(void *allocator, void *text) { free(text); return 0; }
        static void *is_tensor(void *type, int *out) { *out = 1; return 0; }
        static void *tensor_of(void *type, void **out) { *out = type; return 0; }
        static void *is_float(void *tensor, int *out) { *out = 1; return 0; }
        static void *rank(void *tensor, size_t *out) { *out = 2; return 0; }
        static void *sizes(void *tensor, int64_t *out, size_t count) {
            int isDeclared = tensor == (void *)table || tensor == (void *)(table + 1);
            out[0] = isDeclared ? -1 : ((Value *)tensor)->rows;
            out[1] = tensor == (void *)table ? WIDTH : OUTPUTS;
            return 0;
        }
        static void *shape_of(void *value, void **out) { *out = value; return 0; }
        static void *make_value(void *m, void *data, size_t n, int64_t *shape, size_t r, int element, void **out) {
            Value *value = malloc(sizeof(Value));
            value->data = data; value->rows = shape[0]; value->isOwn = 0;
            *out = value;
            return 0;
        }
        static void *release_value(Value *value) {
            if (value && value->isOwn) free(value->data);
            free(value);
            return 0;
        }
        static void *run(void *s, void *o, char **in, Value **x, size_t nx, char **on, size_t ny, Value **y) {
            for (int64_t i = 0; i < x[0]->rows * WIDTH; i++)
                if (x[0]->data[i] > 0.8f) {
        #ifdef CRASHES
                    abort();
        #endif
        #ifdef HANGS
                    for (;;) sleep(3600);
        #endif
        #ifdef FAILS
                    return "a value\\nis too large";
        #endif
                }
            if (!y[0]) {
                y[0] = malloc(sizeof(Value));
                y[0]->rows = x[0]->rows; y[0]->isOwn = 1;
                y[0]->data = malloc(x[0]->rows * OUTPUTS * sizeof(float));
            }
            for (int64_t row = 0; row < x[0]->rows; row++)
                memcpy(y[0]->data + row * OUTPUTS, x[0]->data + row * WIDTH, OUTPUTS * sizeof(float));
            return 0;
        }

        static const Function *get_api(uint32_t version) {
        #ifdef OLD
            if (version > 3) return 0;
        #endif
            for (int i = 0; i < 120; i++) table[i] = (Function)ok;
            table[2] = (Function)message; table[3] = (Function)make_environment;
            table[6] = (Function)disable_telemetry; table[7] = (Function)make_session;
            table[8] = (Function)make_session_from; table[9] = (Function)run; table[10] = (Function)make_one; table[30] = (Function)one; table[31] = (Function)one;
            table[33] = (Function)type; table[34] = (Function)output_type; table[36] = (Function)input_name;
            table[37] = (Function)output_name; table[49] = (Function)make_value; table[55] = (Function)tensor_of;
            table[56] = (Function)is_tensor; table[60] = (Function)is_float; table[61] = (Function)rank;
            table[62] = (Function)sizes; table[65] = (Function)shape_of; table[69] = (Function)make_memory;
            table[76] = (Function)release_text; table[78] = (Function)make_one; table[96] = (Function)release_value;
            return table;
        }
        static const char *get_version(void) { return VERSION; }
        static const struct { const Function *(*a)(uint32_t); const char *(*b)(void); } base = {get_api, get_version};
        const void *OrtGetApiBase(void) { return &base; }
        """
}
