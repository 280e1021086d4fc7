/* Stands in for a decoder with a fault: loaded before libsndfile, it aborts, faults, hangs or reads EIO on files whose
   names hold a marker, and hands every other call on.

   "DEADLY-ABORT" and "DEADLY-SEGV" end the process in sf_readf_float, "DEADLY-OPEN" in sf_open, "DEADLY-HANG" sleeps
   for an hour, "DEADLY-SLOW" takes SLOW_SECONDS a read. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HANDLES = 4096, SLOW_SECONDS = 2 };
typedef enum { NONE, ABORT, SEGV, HANG, SLOW } Marker;

static struct { void *handle; Marker marker; } open_files[HANDLES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static Marker marker_of(const char *path) {
    if (strstr(path, "DEADLY-OPEN")) abort();
    if (strstr(path, "DEADLY-ABORT")) return ABORT;
    if (strstr(path, "DEADLY-SEGV")) return SEGV;
    if (strstr(path, "DEADLY-HANG")) return HANG;
    if (strstr(path, "DEADLY-SLOW")) return SLOW;
    return NONE;
}

static void note(void *from, void *to, Marker marker) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < HANDLES; i++)
        if (open_files[i].handle == from) {
            open_files[i].handle = to;
            open_files[i].marker = marker;
            break;
        }
    pthread_mutex_unlock(&lock);
}

static Marker find(void *handle) {
    Marker marker = NONE;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < HANDLES; i++)
        if (open_files[i].handle == handle) {
            marker = open_files[i].marker;
            break;
        }
    pthread_mutex_unlock(&lock);
    return marker;
}

void *sf_open(const char *path, int mode, void *info) {
    void *(*next)(const char *, int, void *) = (void *(*)(const char *, int, void *))dlsym(RTLD_NEXT, "sf_open");
    Marker marker = marker_of(path);
    void *handle = next(path, mode, info);
    if (handle && marker != NONE) note(NULL, handle, marker);
    return handle;
}

int sf_close(void *handle) {
    int (*next)(void *) = (int (*)(void *))dlsym(RTLD_NEXT, "sf_close");
    if (handle && find(handle) != NONE) note(handle, NULL, NONE);
    return next(handle);
}

int64_t sf_readf_float(void *handle, float *values, int64_t frames) {
    typedef int64_t (*Read)(void *, float *, int64_t);
    Read next = (Read)dlsym(RTLD_NEXT, "sf_readf_float");
    switch (find(handle)) {
    case ABORT: abort();
    case SEGV: raise(SIGSEGV); break;
    case HANG: sleep(3600); break;
    case SLOW: sleep(SLOW_SECONDS); break;
    case NONE: break;
    }
    return next(handle, values, frames);
}
