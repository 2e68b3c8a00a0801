#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#ifndef __wasi__
#include <sys/file.h>
#endif
#include <sys/stat.h>
#include <unistd.h>

static int default_open(void *user, const char *path, int flags, int mode) {
    (void)user;
    return open(path, flags | O_CLOEXEC, mode);
}
static int64_t default_read(void *user, int fd, void *buffer, size_t count) {
    (void)user;
    return read(fd, buffer, count);
}
static int64_t default_write(void *user, int fd, const void *buffer, size_t count) {
    (void)user;
    return write(fd, buffer, count);
}
static int default_fsync(void *user, int fd) {
    (void)user;
    return fsync(fd);
}
static int default_ftruncate(void *user, int fd, int64_t length) {
    (void)user;
    return ftruncate(fd, length);
}
static int default_close(void *user, int fd) {
    (void)user;
    return close(fd);
}
static int default_rename(void *user, const char *from, const char *to) {
    (void)user;
    return rename(from, to);
}
static int default_unlink(void *user, const char *path) {
    (void)user;
    return unlink(path);
}
static int default_mkdir(void *user, const char *path, int mode) {
    (void)user;
    return mkdir(path, (mode_t)mode);
}

static int default_rmdir(void *user, const char *path) {
    (void)user;
    return rmdir(path);
}
static int default_stat(void *user, const char *path, struct stat *info) {
    (void)user;
    return stat(path, info);
}
static int64_t default_lseek(void *user, int fd, int64_t offset, int whence) {
    (void)user;
    return lseek(fd, offset, whence);
}
static int default_flock(void *user, int fd, int operation) {
    (void)user;
#ifdef __wasi__ /* one process alone */
    (void)fd, (void)operation;
    return 0;
#else
    return flock(fd, operation);
#endif
}
static void *default_opendir(void *user, const char *path) {
    (void)user;
    return opendir(path);
}
static const char *default_readdir(void *user, void *directory) {
    (void)user;
    errno = 0;
    struct dirent *entry = readdir(directory);
    return entry ? entry->d_name : NULL;
}
static int default_closedir(void *user, void *directory) {
    (void)user;
    return closedir(directory);
}

iso_files iso_files_posix(void) {
    return (iso_files){
        default_open,    default_read,     default_write, default_fsync, default_ftruncate, default_close, default_rename,
        default_unlink,  default_mkdir,    default_rmdir, default_stat,  default_lseek,     default_flock, default_opendir,
        default_readdir, default_closedir, NULL};
}

iso_status iso_file_stat(iso_context *ctx, const char *path, struct stat *info, bool *exists) {
    *exists = ctx->files.stat(ctx->files.user, path, info) == 0;
    if (*exists || errno == ENOENT || errno == ENOTDIR)
        return ISO_OK;
    return iso_fail(ctx, ISO_EIO, "%s: could not be looked at: %s", path, strerror(errno));
}

bool iso_file_exists(iso_context *ctx, const char *path) {
    struct stat info;
    return ctx->files.stat(ctx->files.user, path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool iso_file_is_directory(iso_context *ctx, const char *path) {
    struct stat info;
    return ctx->files.stat(ctx->files.user, path, &info) == 0 && S_ISDIR(info.st_mode);
}

static iso_status io_error(iso_context *ctx, const char *path, const char *what) {
    int error = errno;
    return iso_fail(ctx, ISO_EIO, "%s: %s: %s", path, what, strerror(error));
}

static const char out_of_memory[] = "out of memory";

/* Reads an open file of `expected` bytes; NULL and a message on failure. */
static uint8_t *read_open(iso_context *ctx, int fd, size_t expected, size_t *size, const char **problem) {
    uint8_t *buffer = iso_try_alloc(ctx, expected + 1);
    size_t used = 0;
    *problem = buffer ? NULL : out_of_memory;
    while (!*problem && used < expected) {
        int64_t count = ctx->files.read(ctx->files.user, fd, buffer + used, expected - used);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            *problem = strerror(errno);
        else if (count == 0)
            expected = used; /* it has become shorter meanwhile: what is there is the file */
        else
            used += (size_t)count;
    }
    if (*problem) {
        iso_free(ctx, buffer);
        return NULL;
    }
    buffer[used] = 0;
    *size = used;
    return buffer;
}

/* Both forms of reading: ISO_EIO or ISO_ENOMEM with a message. */
static iso_status read_file(iso_context *ctx, const char *path, size_t limit, uint8_t **data, size_t *size, char *message,
                            size_t message_size) {
    struct stat info;
    const char *problem = NULL;
    *data = NULL;
    *size = 0;
    if (ctx->files.stat(ctx->files.user, path, &info) != 0)
        problem = strerror(errno);
    else if (S_ISDIR(info.st_mode))
        problem = "is a directory, expected a file";
    else if (!S_ISREG(info.st_mode))
        problem = "is not a regular file";
    else if ((uint64_t)info.st_size > limit)
        problem = "is larger than anything that is expected here";
    if (!problem) {
        int fd = ctx->files.open(ctx->files.user, path, O_RDONLY, 0);
        if (fd < 0)
            problem = strerror(errno);
        else {
            *data = read_open(ctx, fd, (size_t)info.st_size, size, &problem);
            ctx->files.close(ctx->files.user, fd);
        }
    }
    if (problem)
        snprintf(message, message_size, "%s: could not be read: %s", path, problem);
    return !problem ? ISO_OK : problem == out_of_memory ? ISO_ENOMEM : ISO_EIO;
}

iso_status iso_file_read(iso_context *ctx, const char *path, size_t limit, uint8_t **data, size_t *size) {
    char message[1024];
    iso_status status = read_file(ctx, path, limit, data, size, message, sizeof message);
    return status ? iso_fail(ctx, status, "%s", message) : ISO_OK;
}

iso_status iso_file_read_quietly(iso_context *ctx, const char *directory, const char *name, size_t limit, uint8_t **data,
                                 size_t *size, char *message, size_t message_size) {
    size_t path_size = strlen(directory) + strlen(name) + 2;
    char *path = iso_try_alloc(ctx, path_size);
    if (!path) {
        snprintf(message, message_size, "out of memory");
        return ISO_ENOMEM;
    }
    snprintf(path, path_size, "%s/%s", directory, name);
    iso_status status = read_file(ctx, path, limit, data, size, message, message_size);
    iso_free(ctx, path);
    return status;
}

iso_status iso_file_write_all(iso_context *ctx, int fd, const char *path, const void *data, size_t size) {
    const uint8_t *next = data;
    while (size > 0) {
        int64_t count = ctx->files.write(ctx->files.user, fd, next, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return io_error(ctx, path, "could not be written");
        if (count == 0)
            return iso_fail(ctx, ISO_EIO, "%s: could not be written: no progress", path);
        next += count;
        size -= (size_t)count;
    }
    return ISO_OK;
}

iso_status iso_file_sync_directory(iso_context *ctx, const char *path) {
    int fd = ctx->files.open(ctx->files.user, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return io_error(ctx, path, "the directory could not be opened");
    iso_status status = ctx->files.fsync(ctx->files.user, fd) == 0 ? ISO_OK : io_error(ctx, path, "fsync failed");
    ctx->files.close(ctx->files.user, fd);
    return status;
}

/* Writes and fsyncs the temporary file; the caller removes it on failure. */
static iso_status write_temporary(iso_context *ctx, const char *path, const iso_slice *slices, size_t count) {
    int fd = ctx->files.open(ctx->files.user, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return io_error(ctx, path, "could not be created");
    iso_status status = ISO_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = iso_file_write_all(ctx, fd, path, slices[i].data, slices[i].size);
    if (!status && ctx->files.fsync(ctx->files.user, fd) != 0)
        status = io_error(ctx, path, "fsync failed");
    if (ctx->files.close(ctx->files.user, fd) != 0 && !status)
        status = io_error(ctx, path, "could not be closed");
    return status;
}

iso_status iso_file_write_atomic(iso_context *ctx, const char *path, const iso_slice *slices, size_t count) {
    char *temporary = iso_sprintf(ctx, "%s.part", path), *directory = iso_path_directory(ctx, path);
    iso_status status = temporary && directory ? write_temporary(ctx, temporary, slices, count) : ISO_ENOMEM;
    if (!status && ctx->files.rename(ctx->files.user, temporary, path) != 0)
        status = io_error(ctx, path, "could not be renamed into place");
    if (status && temporary)
        ctx->files.unlink(ctx->files.user, temporary);
    if (!status)
        status = iso_file_sync_directory(ctx, directory);
    iso_free(ctx, temporary);
    iso_free(ctx, directory);
    return status;
}

iso_status iso_file_make_directories(iso_context *ctx, const char *path) {
    char *copy = iso_strdup(ctx, path);
    if (!copy)
        return ISO_ENOMEM;
    iso_status status = ISO_OK;
    for (char *at = copy; !status; at++) {
        if (*at != '/' && *at != 0)
            continue;
        char end = *at;
        *at = 0;
        if (at != copy && ctx->files.mkdir(ctx->files.user, copy, 0777) != 0 &&
            !(errno == EEXIST && iso_file_is_directory(ctx, copy)))
            status = errno == EEXIST || errno == ENOTDIR ? iso_fail(ctx, ISO_EIO, "%s: exists and is no directory", copy)
                                                         : io_error(ctx, copy, "the directory could not be made");
        *at = end;
        if (!end)
            break;
    }
    iso_free(ctx, copy);
    return status;
}

char *iso_path_join(iso_context *ctx, const char *directory, const char *name) {
    if (name[0] == '/' || directory[0] == 0 || strcmp(directory, ".") == 0)
        return iso_strdup(ctx, name);
    size_t size = strlen(directory);
    return iso_sprintf(ctx, directory[size - 1] == '/' ? "%s%s" : "%s/%s", directory, name);
}

char *iso_path_directory(iso_context *ctx, const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return iso_strdup(ctx, ".");
    return iso_strndup(ctx, path, slash == path ? 1 : (size_t)(slash - path));
}

const char *iso_path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
