#include "fault/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 256

static char names[FILES][300]; /* of open descriptors */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void faults_reset(faults *f) {
    for (int i = 0; i < FAULT_KINDS; i++)
        atomic_store(&f->calls[i], 0);
    atomic_store(&f->live, 0);
    atomic_store(&f->open, 0);
    atomic_store(&f->hit, false);
    f->where[0] = 0;
}

/* Counts a call: is it one that fails? */
static bool fails(faults *f, fault_kind kind, const char *call, const char *path) {
    if (kind == FAULT_FILES && f->error == EINTR && strcmp(call, "read") != 0 && strcmp(call, "write") != 0)
        return false;
    int64_t number = atomic_fetch_add(&f->calls[kind], 1);
    if (kind != f->kind || f->at < 0 || (f->for_ever ? number < f->at : number != f->at))
        return false;
    pthread_mutex_lock(&mutex);
    if (!atomic_exchange(&f->hit, true))
        snprintf(f->where, sizeof f->where, "%s of %s", call, path);
    pthread_mutex_unlock(&mutex);
    errno = f->error;
    return true;
}

/* A call that works, or kills. */
static bool file_fails(faults *f, const char *call, const char *path) {
    if (!fails(f, FAULT_FILES, call, path))
        return false;
    if (f->kill)
        kill(getpid(), SIGKILL);
    return true;
}

static const char *name_of(int fd) {
    return fd >= 0 && fd < FILES ? names[fd] : "?";
}

/* ---- Memory ---- */

static void *fault_alloc(void *user, size_t size, size_t alignment) {
    faults *f = user;
    char what[40];
    snprintf(what, sizeof what, "%zu bytes", size);
    if (fails(f, FAULT_MEMORY, "alloc", what))
        return NULL;
    void *pointer = NULL;
    if (posix_memalign(&pointer, alignment, size) == 0)
        atomic_fetch_add(&f->live, 1);
    return pointer;
}

static void fault_free(void *user, void *pointer) {
    atomic_fetch_sub(&((faults *)user)->live, 1);
    free(pointer);
}

/* ---- Files ---- */

static iso_files real; /* set before there are threads */

static int fault_open(void *user, const char *path, int flags, int mode) {
    faults *f = user;
    if (file_fails(f, "open", path))
        return -1;
    int fd = real.open(NULL, path, flags, mode);
    if (fd >= 0)
        atomic_fetch_add(&f->open, 1);
    if (fd >= 0 && fd < FILES)
        snprintf(names[fd], sizeof names[fd], "%s", path);
    return fd;
}

static int64_t fault_read(void *user, int fd, void *buffer, size_t count) {
    faults *f = user;
    if (file_fails(f, "read", name_of(fd)))
        return -1;
    return real.read(NULL, fd, buffer, f->short_ones && count > 7 ? count / 3 : count);
}

static int64_t fault_write(void *user, int fd, const void *buffer, size_t count) {
    faults *f = user;
    if (!fails(f, FAULT_FILES, "write", name_of(fd)))
        return real.write(NULL, fd, buffer, f->short_ones && count > 7 ? count / 3 : count);
    if (f->error != EINTR && count > 1 && real.write(NULL, fd, buffer, count / 2) < 0)
        return -1;
    if (f->kill)
        kill(getpid(), SIGKILL);
    errno = f->error;
    return -1;
}

static int fault_fsync(void *user, int fd) {
    return file_fails(user, "fsync", name_of(fd)) ? -1 : 0;
}

static int fault_ftruncate(void *user, int fd, int64_t length) {
    return file_fails(user, "ftruncate", name_of(fd)) ? -1 : real.ftruncate(NULL, fd, length);
}

/* As Linux does it: the descriptor is gone, whatever close says. */
static int fault_close(void *user, int fd) {
    faults *f = user;
    bool failed = file_fails(f, "close", name_of(fd));
    atomic_fetch_sub(&f->open, 1);
    int result = real.close(NULL, fd);
    errno = failed ? f->error : errno;
    return failed ? -1 : result;
}

static int fault_rename(void *user, const char *from, const char *to) {
    return file_fails(user, "rename", from) ? -1 : real.rename(NULL, from, to);
}
static int fault_unlink(void *user, const char *path) {
    return file_fails(user, "unlink", path) ? -1 : real.unlink(NULL, path);
}
static int fault_mkdir(void *user, const char *path, int mode) {
    return file_fails(user, "mkdir", path) ? -1 : real.mkdir(NULL, path, mode);
}
static int fault_rmdir(void *user, const char *path) {
    return file_fails(user, "rmdir", path) ? -1 : real.rmdir(NULL, path);
}
static int fault_stat(void *user, const char *path, struct stat *info) {
    return file_fails(user, "stat", path) ? -1 : real.stat(NULL, path, info);
}
static int64_t fault_lseek(void *user, int fd, int64_t offset, int whence) {
    return file_fails(user, "lseek", name_of(fd)) ? -1 : real.lseek(NULL, fd, offset, whence);
}
static int fault_flock(void *user, int fd, int operation) {
    return file_fails(user, "flock", name_of(fd)) ? -1 : real.flock(NULL, fd, operation);
}

static void *fault_opendir(void *user, const char *path) {
    faults *f = user;
    void *directory = file_fails(f, "opendir", path) ? NULL : real.opendir(NULL, path);
    if (directory)
        atomic_fetch_add(&f->open, 1);
    return directory;
}
static const char *fault_readdir(void *user, void *directory) {
    return file_fails(user, "readdir", "a folder") ? NULL : real.readdir(NULL, directory);
}
static int fault_closedir(void *user, void *directory) {
    faults *f = user;
    bool failed = file_fails(f, "closedir", "a folder");
    atomic_fetch_sub(&f->open, 1);
    int result = real.closedir(NULL, directory);
    return failed ? -1 : result;
}

iso_context *faults_context(faults *f, int threads, const char *cache, iso_status *status) {
    iso_context *ctx;
    real = iso_files_posix();
    const iso_allocator allocator = {fault_alloc, fault_free, f};
    const iso_files files = {fault_open,
                             fault_read,
                             fault_write,
                             fault_fsync,
                             fault_ftruncate,
                             fault_close,
                             fault_rename,
                             fault_unlink,
                             fault_mkdir,
                             fault_rmdir,
                             fault_stat,
                             fault_lseek,
                             fault_flock,
                             fault_opendir,
                             fault_readdir,
                             fault_closedir,
                             f};
    *status = iso_context_new(
        &ctx, &(iso_context_options){.threads = threads, .allocator = &allocator, .files = &files, .cache = cache});
    return ctx;
}
