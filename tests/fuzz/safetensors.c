#include "fuzz.h"

#include "ledger/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    iso_safetensors *file;
    fuzz_write("a.safetensors", data, size);
    char path[128];
    snprintf(path, sizeof path, "%s/a.safetensors", fuzz_folder());
    if (iso_safetensors_read(fuzz_context(), path, &file))
        return 0;
    for (size_t i = 0; i < file->count; i++) {
        const iso_tensor *t = file->tensors[i];
        FUZZ_HOLDS(t->dims >= 0 && t->dims <= ISO_MAX_DIMS);
        FUZZ_HOLDS(iso_safetensors_find(file, file->names[i]) != NULL);
        fuzz_touch(t->data, (size_t)t->numel * iso_dtype_size(t->dtype));
    }
    iso_safetensors_free(file);
    return 0;
}
