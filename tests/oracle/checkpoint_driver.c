/* Reads a safetensors file as a checkpoint and prints name, type, shape and digest of each tensor; with a second argument writes
 * all of them there again. For checkpoint.py. */
#include <stdio.h>

#include "core/context.h"
#include "ledger/safetensors.h"

static int run(iso_context *ctx, const char *from, const char *to) {
    iso_safetensors *file;
    iso_state *state = NULL;
    uint8_t digest[ISO_BLAKE3_SIZE];
    int64_t size;
    iso_status status = iso_safetensors_read(ctx, from, &file);
    if (status)
        return status;
    status = iso_state_new(ctx, &state);
    for (size_t i = 0; i < file->count && !status; i++) {
        const iso_tensor *t = file->tensors[i];
        printf("%s\t%s\t", file->names[i], iso_dtype_name(t->dtype));
        for (int j = 0; j < t->dims; j++)
            printf(j ? " %lld" : "%lld", (long long)t->shape[j]);
        printf("\t");
        if (!(status = iso_tensor_digest(ctx, t, digest)))
            status = iso_state_add(state, file->names[i], t);
        for (int j = 0; j < ISO_BLAKE3_SIZE; j++)
            printf("%02x", digest[j]);
        printf("\n");
    }
    if (!status && to)
        status = iso_safetensors_write(ctx, to, state, digest, &size);
    iso_state_free(state);
    iso_safetensors_free(file);
    return status;
}

int main(int argc, char **argv) {
    iso_context *ctx;
    if (argc < 2 || iso_context_new(&ctx, NULL))
        return 2;
    int status = run(ctx, argv[1], argc > 2 ? argv[2] : NULL);
    if (status)
        fprintf(stderr, "%s\n", iso_error(ctx));
    iso_context_free(ctx);
    return status;
}
