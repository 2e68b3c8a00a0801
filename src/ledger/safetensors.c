#include "ledger/safetensors.h"

#include <string.h>

#include "core/file.h"
#include "core/json.h"
#include "core/text.h"

#define MAX_FILE   ISO_BYTES(40)
#define MAX_HEADER ((size_t)100 << 20)

static const iso_dtype dtypes[] = {ISO_FLOAT32, ISO_INT64, ISO_UINT8};

/* ---- Writing ---- */

static void write_header(iso_text *out, const iso_state *state) {
    size_t offset = 0;
    iso_text_puts(out, "{\"__metadata__\":{\"format\":\"pt\",\"producer\":\"isobit\"}");
    for (size_t i = 0; i < state->count; i++) {
        const iso_tensor *tensor = state->entries[i].tensor;
        iso_text_puts(out, ",");
        iso_text_json(out, state->entries[i].name, strlen(state->entries[i].name));
        iso_text_printf(out, ":{\"dtype\":\"%s\",\"shape\":[", iso_dtype_name(tensor->dtype));
        for (int j = 0; j < tensor->dims; j++)
            iso_text_printf(out, j ? ",%lld" : "%lld", (long long)tensor->shape[j]);
        iso_text_printf(out, "],\"data_offsets\":[%zu,%zu]}", offset, offset + iso_tensor_bytes(tensor));
        offset += iso_tensor_bytes(tensor);
    }
    iso_text_puts(out, "}");
    while (iso_text_ok(out) && out->size % 8 != 0) /* the data begin at a multiple of 8 */
        iso_text_puts(out, " ");
}

/* The file as pieces of memory: length of the header, header, tensors. copies[i] is not NULL where a tensor had to be made
 * canonical. */
struct pieces {
    uint8_t length[8];
    iso_text header;
    iso_slice *slices;
    uint8_t **copies;
    size_t count;
};

static void free_pieces(iso_context *ctx, const iso_state *state, struct pieces *p) {
    for (size_t i = 0; p->copies && i < state->count; i++)
        iso_free(ctx, p->copies[i]);
    iso_free(ctx, p->copies);
    iso_free(ctx, p->slices);
    iso_text_free(&p->header);
}

static iso_status make_pieces(iso_context *ctx, const iso_state *state, struct pieces *p) {
    p->header = iso_text_new(ctx);
    p->slices = iso_alloc_array(ctx, state->count + 2, sizeof *p->slices);
    p->copies = iso_calloc(ctx, state->count, sizeof *p->copies);
    write_header(&p->header, state);
    if (!p->slices || !p->copies || !iso_text_ok(&p->header))
        return ISO_ENOMEM;
    for (int i = 0; i < 8; i++)
        p->length[i] = (uint8_t)((uint64_t)p->header.size >> (8 * i));
    p->slices[0] = (iso_slice){p->length, sizeof p->length};
    p->slices[1] = (iso_slice){p->header.data, p->header.size};
    for (size_t i = 0; i < state->count; i++) {
        const uint8_t *bytes;
        iso_status status = iso_tensor_canonical(ctx, state->entries[i].tensor, &bytes, &p->copies[i]);
        if (status)
            return status;
        p->slices[i + 2] = (iso_slice){bytes, iso_tensor_bytes(state->entries[i].tensor)};
    }
    p->count = state->count + 2;
    return ISO_OK;
}

iso_status iso_safetensors_write(iso_context *ctx, const char *path, const iso_state *state, uint8_t digest[ISO_BLAKE3_SIZE],
                                 int64_t *size) {
    struct pieces p = {.count = 0};
    iso_blake3_stream *stream = iso_alloc(ctx, sizeof *stream);
    iso_status status = stream ? make_pieces(ctx, state, &p) : ISO_ENOMEM;
    if (!status) {
        *size = 0;
        iso_blake3_begin(stream);
        for (size_t i = 0; i < p.count; i++) {
            iso_blake3_update(stream, p.slices[i].data, p.slices[i].size);
            *size += (int64_t)p.slices[i].size;
        }
        iso_blake3_end(stream, digest);
        if (path)
            status = iso_file_write_atomic(ctx, path, p.slices, p.count);
    }
    free_pieces(ctx, state, &p);
    iso_free(ctx, stream);
    return status;
}

/* ---- Reading ---- */

/* One entry of the header; its data lie at data[0 .. data_size). */
static iso_status read_tensor(iso_context *ctx, const iso_json *entry, const uint8_t *data, size_t data_size, size_t *next,
                              iso_tensor **out) {
    const char *dtype = iso_json_string(entry, "dtype");
    const iso_json *shape = iso_json_get(entry, "shape"), *offsets = iso_json_get(entry, "data_offsets");
    size_t which = 0;
    while (dtype && which < ISO_COUNTOF(dtypes) && strcmp(dtype, iso_dtype_name(dtypes[which])) != 0)
        which++;
    if (!dtype || which == ISO_COUNTOF(dtypes))
        return iso_fail(ctx, ISO_EINVAL, "dtype '%s' is not supported; expected F32, I64 or U8", dtype ? dtype : "?");
    if (!shape || shape->kind != ISO_JSON_ARRAY || shape->count > ISO_MAX_DIMS || !offsets || offsets->kind != ISO_JSON_ARRAY ||
        offsets->count != 2 || offsets->items[0].kind != ISO_JSON_INT || offsets->items[1].kind != ISO_JSON_INT)
        return iso_fail(ctx, ISO_EINVAL, "shape or data_offsets is missing or malformed, expected [sizes] and [begin, end]");
    int64_t sizes[ISO_MAX_DIMS], numel = 1;
    for (size_t i = 0; i < shape->count; i++) {
        sizes[i] = shape->items[i].integer;
        if (shape->items[i].kind != ISO_JSON_INT || sizes[i] < 0 || __builtin_mul_overflow(numel, sizes[i], &numel))
            return iso_fail(ctx, ISO_EINVAL, "the shape is malformed, expected whole numbers of 0 or more");
    }
    int64_t first = offsets->items[0].integer, end = offsets->items[1].integer, bytes;
    if (__builtin_mul_overflow(numel, (int64_t)iso_dtype_size(dtypes[which]), &bytes) || first < 0 || end < first ||
        (size_t)end > data_size || end - first != bytes || (size_t)first != *next)
        return iso_fail(ctx, ISO_EINVAL, "data_offsets [%lld, %lld] do not fit the shape, or the file of %zu data bytes",
                        (long long)first, (long long)end, data_size);
    *next = (size_t)end;
    iso_tensor *tensor = iso_tensor_new(ctx, dtypes[which], (int)shape->count, sizes);
    if (!tensor)
        return ISO_ENOMEM;
    iso_tensor_from_canonical(tensor, data + first);
    *out = tensor;
    return ISO_OK;
}

static bool is_object_of_strings(const iso_json *value) {
    for (size_t i = 0; i < value->count; i++)
        if (value->items[i].kind != ISO_JSON_STRING)
            return false;
    return value->kind == ISO_JSON_OBJECT;
}

static iso_status read_tensors(iso_safetensors *file, const iso_json *header, const uint8_t *data, size_t size) {
    iso_context *ctx = file->ctx;
    size_t next = 0;
    file->names = iso_calloc(ctx, header->count, sizeof *file->names);
    file->tensors = iso_calloc(ctx, header->count, sizeof *file->tensors);
    if (!file->names || !file->tensors)
        return ISO_ENOMEM;
    for (size_t i = 0; i < header->count; i++) {
        const char *name = header->keys[i];
        if (strcmp(name, "__metadata__") == 0) {
            if (!is_object_of_strings(&header->items[i]))
                return iso_fail(ctx, ISO_EINVAL, "__metadata__ is no object of strings");
            continue;
        }
        if (!(file->names[file->count] = iso_strdup(ctx, name)))
            return ISO_ENOMEM;
        iso_status status = read_tensor(ctx, &header->items[i], data, size, &next, &file->tensors[file->count]);
        file->count++;
        if (status)
            return status == ISO_EINVAL ? iso_fail_at(ctx, status, "tensor '%s'", name) : status;
    }
    return next == size ? ISO_OK : iso_fail(ctx, ISO_EINVAL, "%zu bytes of data belong to no tensor", size - next);
}

static iso_status parse(iso_safetensors *file, const uint8_t *bytes, size_t size) {
    iso_context *ctx = file->ctx;
    uint64_t header_size = 0;
    for (int i = 0; i < 8 && size >= 8; i++)
        header_size |= (uint64_t)bytes[i] << (8 * i);
    if (size < 8 || header_size > size - 8 || header_size > MAX_HEADER)
        return iso_fail(ctx, ISO_EINVAL, "not a safetensors file: the header's length does not fit the file of %zu bytes", size);
    iso_json header;
    iso_status status = iso_json_parse(ctx, (const char *)bytes + 8, (size_t)header_size, &header);
    if (status)
        return status == ISO_EINVAL ? iso_fail_at(ctx, status, "not a safetensors file: header") : status;
    if (header.kind != ISO_JSON_OBJECT)
        status = iso_fail(ctx, ISO_EINVAL, "not a safetensors file: the header is no object");
    else
        status = read_tensors(file, &header, bytes + 8 + header_size, size - 8 - (size_t)header_size);
    iso_json_free(ctx, &header);
    return status;
}

iso_status iso_safetensors_read(iso_context *ctx, const char *path, iso_safetensors **out) {
    uint8_t *bytes;
    size_t size;
    *out = NULL;
    iso_status status = iso_file_read(ctx, path, MAX_FILE, &bytes, &size);
    if (status)
        return status;
    iso_safetensors *file = iso_calloc(ctx, 1, sizeof *file);
    status = ISO_ENOMEM;
    if (file) {
        file->ctx = ctx;
        file->size = (int64_t)size;
        iso_blake3(bytes, size, file->digest);
        status = parse(file, bytes, size);
    }
    iso_free(ctx, bytes);
    if (status) {
        iso_safetensors_free(file);
        return status == ISO_EINVAL ? iso_fail_at(ctx, status, "%s", path) : status;
    }
    *out = file;
    return ISO_OK;
}

void iso_safetensors_free(iso_safetensors *file) {
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++) {
        iso_free(file->ctx, file->names[i]);
        iso_tensor_free(file->ctx, file->tensors[i]);
    }
    iso_free(file->ctx, file->names);
    iso_free(file->ctx, file->tensors);
    iso_free(file->ctx, file);
}

const iso_tensor *iso_safetensors_find(const iso_safetensors *file, const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->names[i], name) == 0)
            return file->tensors[i];
    return NULL;
}
