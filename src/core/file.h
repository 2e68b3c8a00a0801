/* Files through the context's functions: whole-file reads, atomic writes, sorted listings. Every
 * failure is ISO_EIO with a message that names the path and the cause. */
#ifndef ISO_CORE_FILE_H
#define ISO_CORE_FILE_H

#include "core/context.h"

/* The largest file that is read whole where 2^bits - 1 bytes are the limit; with 32-bit pointers half of the address space. */
#define ISO_BYTES(bits) (SIZE_MAX >> (sizeof(size_t) * 8 > (bits) ? sizeof(size_t) * 8 - (bits) : 1))

/* Reads a whole regular file. *data is allocated (iso_free) and followed by one zero byte. Refuses
 * anything larger than `limit` bytes and anything that is not a regular file. */
iso_status iso_file_read(iso_context *ctx, const char *path, size_t limit, uint8_t **data, size_t *size);

/* The same for worker threads: the message goes to `message`. Reads directory/name. */
iso_status iso_file_read_quietly(iso_context *ctx, const char *directory, const char *name, size_t limit, uint8_t **data,
                                 size_t *size, char *message, size_t message_size);

/* A piece of memory to write. */
typedef struct iso_slice {
    const void *data;
    size_t size;
} iso_slice;

/* Writes the slices to a temporary file beside `path`, fsyncs, renames over `path`, fsyncs the
 * directory. On failure `path` is as it was before and the temporary file is gone. */
iso_status iso_file_write_atomic(iso_context *ctx, const char *path, const iso_slice *slices, size_t count);

/* Writes all bytes to fd, resuming after short writes. `path` is for the message. */
iso_status iso_file_write_all(iso_context *ctx, int fd, const char *path, const void *data, size_t size);

/* Makes a directory and its missing parents. An existing directory is fine. */
iso_status iso_file_make_directories(iso_context *ctx, const char *path);
iso_status iso_file_sync_directory(iso_context *ctx, const char *path);

/* Looks whether something is there, and what. ISO_EIO if that cannot be told, which is not the same as that nothing is. */
iso_status iso_file_stat(iso_context *ctx, const char *path, struct stat *info, bool *exists);
/* Without a message: what cannot be told counts as there, so that whoever opens it says what is wrong; but not as a directory. */
bool iso_file_exists(iso_context *ctx, const char *path);
bool iso_file_is_directory(iso_context *ctx, const char *path);

/* directory/name, allocated; `name` alone if it is absolute or directory is "" or ".". */
char *iso_path_join(iso_context *ctx, const char *directory, const char *name);
/* The directory part of a path, "." if it has none; allocated. */
char *iso_path_directory(iso_context *ctx, const char *path);
/* The part behind the last '/'. */
const char *iso_path_name(const char *path);

#endif
