#include "data/npy.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"

/* Magic, version, and the header as a Python literal, padded with spaces to a multiple of 64 and closed by a newline. */
iso_status iso_npy_write(iso_context *ctx, const char *path, const iso_tensor *tensor) {
    static const char *const types[] = {[ISO_FLOAT32] = "<f4", [ISO_INT64] = "<i8", [ISO_UINT8] = "|u1"};
    char shape[32 * ISO_MAX_DIMS] = "", header[512];
    size_t used = 0;
    for (int i = 0; i < tensor->dims; i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%lld%s", i ? ", " : "", (long long)tensor->shape[i],
                                 tensor->dims == 1 ? "," : "");
    int length = snprintf(header + 10, sizeof header - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                          types[tensor->dtype], shape);
    size_t total = (10 + (size_t)length + 1 + 63) / 64 * 64, rest = total - 10;
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(rest & 255);
    header[9] = (char)(rest >> 8);
    memset(header + 10 + length, ' ', rest - (size_t)length - 1);
    header[total - 1] = '\n';
    const iso_slice slices[] = {{header, total}, {tensor->data, (size_t)tensor->numel * iso_dtype_size(tensor->dtype)}};
    return iso_file_write_atomic(ctx, path, slices, 2);
}
