/* run.env: one JSON line per start of the run, with everything that may differ between equal runs. Nothing of it enters the
 * ledger. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "run/session.h"

#define MAX_ENVIRONMENT ((size_t)64 << 20)

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void member(iso_text *out, const char *key, const char *value) {
    iso_text_printf(out, ",\"%s\":", key);
    iso_text_json(out, value, strlen(value));
}

/* A line that a crash or a full disk has cut off is taken away first, and one that could not be written whole afterwards. */
static iso_status append(iso_context *ctx, const char *path, const char *line, size_t size) {
    uint8_t *data = NULL;
    size_t end = 0;
    const iso_files *f = &ctx->files;
    iso_status status = iso_file_exists(ctx, path) ? iso_file_read(ctx, path, MAX_ENVIRONMENT, &data, &end) : ISO_OK;
    const uint8_t *last = data ? memrchr(data, '\n', end) : NULL;
    bool torn = data && end && data[end - 1] != '\n';
    end = torn ? (last ? (size_t)(last - data) + 1 : 0) : end;
    iso_free(ctx, data);
    if (status)
        return status;
    int fd = f->open(f->user, path, O_WRONLY | O_APPEND | O_CREAT, 0644);
    if (fd < 0)
        return iso_fail(ctx, ISO_EIO, "%s: could not be opened: %s", path, strerror(errno));
    if (torn && f->ftruncate(f->user, fd, (int64_t)end) != 0)
        status = iso_fail(ctx, ISO_EIO, "%s: could not be cut: %s", path, strerror(errno));
    if (!status && (status = iso_file_write_all(ctx, fd, path, line, size)))
        (void)f->ftruncate(f->user, fd, (int64_t)end);
    f->close(f->user, fd);
    return status;
}

iso_status iso_environment_append(iso_context *ctx, const char *directory, const char *root, int workers, int64_t micro_batch,
                                  const char *recipe) {
    char host[256] = "", cpu[128], when[32];
    time_t now = time(NULL);
    struct tm utc;
    gethostname(host, sizeof host - 1);
    iso_cpu_name(cpu, sizeof cpu);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    iso_text line = iso_text_new(ctx);
    iso_text_printf(&line, "{\"started\":\"%s\"", when);
    member(&line, "version", ISO_VERSION);
    member(&line, "host", host);
    member(&line, "cpu", cpu);
    member(&line, "isa", iso_context_isa(ctx));
    member(&line, "compiler", COMPILER);
    iso_text_printf(&line, ",\"threads\":%d,\"workers\":%d,\"micro_batch\":%lld", iso_context_threads(ctx), workers,
                    (long long)micro_batch);
    member(&line, "plan", ctx->unfused ? "unfused" : "fused");
    member(&line, "root", root);
    if (recipe) {
        uint8_t digest[ISO_BLAKE3_SIZE];
        iso_blake3(recipe, strlen(recipe), digest);
        iso_text_puts(&line, ",\"recipe\":\"");
        iso_text_hex(&line, digest, sizeof digest);
        iso_text_puts(&line, "\"");
    }
    iso_text_puts(&line, "}\n");
    char *path = iso_path_join(ctx, directory, "run.env");
    iso_status status = iso_text_ok(&line) && path ? ISO_OK : ISO_ENOMEM;
    if (!status)
        status = recipe ? iso_file_write_atomic(ctx, path, &(iso_slice){line.data, line.size}, 1)
                        : append(ctx, path, line.data, line.size);
    iso_free(ctx, path);
    iso_text_free(&line);
    return status;
}

iso_status iso_environment_root(iso_context *ctx, const char *directory, char **root) {
    uint8_t *data = NULL;
    size_t size = 0;
    *root = NULL;
    char *path = iso_path_join(ctx, directory, "run.env");
    iso_status status = path ? iso_file_read(ctx, path, MAX_ENVIRONMENT, &data, &size) : ISO_ENOMEM;
    const char *line = (const char *)data;
    for (size_t at = 0; !status && at < size;) { /* the last line that is whole */
        const char *start = (const char *)data + at, *end = memchr(start, '\n', size - at);
        if (!end)
            break;
        line = start;
        at += (size_t)(end - start) + 1;
    }
    iso_json value = {.kind = ISO_JSON_NULL};
    if (!status)
        status = iso_json_parse(ctx, line, strcspn(line, "\n"), &value);
    const char *text = status ? NULL : iso_json_string(&value, "root");
    if (!status && !text)
        status = iso_fail(
            ctx, ISO_EINVAL,
            "%s: says nothing about where the data lie; expected --root DIR (isobit verify) or the recipe (isobit train)", path);
    else if (!status && !(*root = iso_strdup(ctx, text)))
        status = ISO_ENOMEM;
    else if (status == ISO_EINVAL)
        iso_fail_at(ctx, status, "%s", path);
    iso_json_free(ctx, &value);
    iso_free(ctx, data);
    iso_free(ctx, path);
    return status;
}

iso_status iso_environment_recipe(iso_context *ctx, const char *directory, uint8_t digest[ISO_BLAKE3_SIZE], bool *known) {
    uint8_t *data;
    size_t size;
    iso_json start = {.kind = ISO_JSON_NULL};
    *known = false;
    char *path = iso_path_join(ctx, directory, "run.env");
    iso_status status = path ? iso_file_read(ctx, path, MAX_ENVIRONMENT, &data, &size) : ISO_ENOMEM;
    iso_free(ctx, path);
    if (status)
        return status == ISO_EIO ? ISO_OK : status;
    const uint8_t *end = memchr(data, '\n', size);
    status = iso_json_parse(ctx, (const char *)data, end ? (size_t)(end - data) : size, &start);
    if (!status)
        *known = iso_hex_bytes(iso_json_string(&start, "recipe"), digest, ISO_BLAKE3_SIZE);
    iso_json_free(ctx, &start);
    iso_free(ctx, data);
    return status == ISO_EINVAL ? ISO_OK : status; /* what else is wrong with it is said by who needs it */
}
