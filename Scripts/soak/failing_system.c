/* Stands between the program and the system: loaded before the C library, it lets one system call on a file under a folder
   fail, and hands every other call on.

   FAULT_UNDER   the folder (a path without links)
   FAULT_CALL    read, write, sync, rename, open, truncate, unlink, or none to count alone
   FAULT_AT      which of these calls, counted from 1
   FAULT_ERROR   the error's number, or 0: a write of half its bytes
   FAULT_LASTS   1: all later calls of the kind fail as well
   FAULT_COUNTS  a file to which a line "CALL COUNT" for each kind is written at the end */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READ, WRITE, SYNC, RENAME, OPEN, TRUNCATE, UNLINK, KINDS };
static const char *const names[KINDS] = {"read", "write", "sync", "rename", "open", "truncate", "unlink"};
static atomic_long counts[KINDS];
static const char *under;
static int chosen = -1, error_number;
static long at, lasts;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    const char *call = getenv("FAULT_CALL");
    under = getenv("FAULT_UNDER");
    for (int i = 0; call && i < KINDS; i++)
        if (strcmp(call, names[i]) == 0) chosen = i;
    at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
    error_number = getenv("FAULT_ERROR") ? atoi(getenv("FAULT_ERROR")) : 0;
    lasts = getenv("FAULT_LASTS") != NULL;
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("FAULT_COUNTS");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    for (int i = 0; i < KINDS; i++) fprintf(file, "%s %ld\n", names[i], atomic_load(&counts[i]));
    fclose(file);
}

/* True where this call, which is under the folder, is the one to fail. */
static int fails(int kind, int is_under) {
    if (!under || !is_under) return 0;
    long number = atomic_fetch_add(&counts[kind], 1) + 1;
    return kind == chosen && (number == at || (lasts && number > at));
}

static int path_is_under(const char *path) {
    size_t length = under ? strlen(under) : 0;
    return length && path && strncmp(path, under, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int file_is_under(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return path_is_under(path);
}

static int refuse(void) {
    errno = error_number;
    return -1;
}

#define OPENER(name)                                                             \
    int name(const char *path, int flags, ...) {                                 \
        mode_t mode = 0;                                                         \
        if (flags & (O_CREAT | O_TMPFILE)) {                                     \
            va_list list;                                                        \
            va_start(list, flags);                                               \
            mode = va_arg(list, mode_t);                                         \
            va_end(list);                                                        \
        }                                                                        \
        if (fails(OPEN, path_is_under(path))) return refuse();                   \
        return ((int (*)(const char *, int, ...))real(#name))(path, flags, mode); \
    }
OPENER(open)
OPENER(open64)

#define READER(name, offset_type)                                                    \
    ssize_t name(int file, void *bytes, size_t count, offset_type offset) {          \
        if (fails(READ, file_is_under(file))) return refuse();                       \
        return ((ssize_t (*)(int, void *, size_t, offset_type))real(#name))(file, bytes, count, offset); \
    }
READER(pread, off_t)
READER(pread64, off64_t)

ssize_t read(int file, void *bytes, size_t count) {
    if (fails(READ, file_is_under(file))) return refuse();
    return REAL(read)(file, bytes, count);
}

#define WRITER(name, offset_type)                                                    \
    ssize_t name(int file, const void *bytes, size_t count, offset_type offset) {    \
        if (fails(WRITE, file_is_under(file))) {                                     \
            if (error_number || count < 2) return refuse();                          \
            count /= 2;                                                              \
        }                                                                            \
        return ((ssize_t (*)(int, const void *, size_t, offset_type))real(#name))(file, bytes, count, offset); \
    }
WRITER(pwrite, off_t)
WRITER(pwrite64, off64_t)

ssize_t write(int file, const void *bytes, size_t count) {
    if (fails(WRITE, file_is_under(file))) {
        if (error_number || count < 2) return refuse();
        count /= 2;
    }
    return REAL(write)(file, bytes, count);
}

int fsync(int file) { return fails(SYNC, file_is_under(file)) ? refuse() : REAL(fsync)(file); }
int fdatasync(int file) { return fails(SYNC, file_is_under(file)) ? refuse() : REAL(fdatasync)(file); }
int ftruncate(int file, off_t size) {
    return fails(TRUNCATE, file_is_under(file)) ? refuse() : REAL(ftruncate)(file, size);
}
int ftruncate64(int file, off64_t size) {
    return fails(TRUNCATE, file_is_under(file)) ? refuse() : REAL(ftruncate64)(file, size);
}
int rename(const char *from, const char *to) {
    return fails(RENAME, path_is_under(to)) ? refuse() : REAL(rename)(from, to);
}
int unlink(const char *path) { return fails(UNLINK, path_is_under(path)) ? refuse() : REAL(unlink)(path); }
