/* Arrays in .npy files. The first byte tells whether the rest are the images or the labels; the others are sound. */
#include "fuzz_dataset.h"

#include "data/npy.h"

static void write_sound(const char *name, const char *type, const char *shape, size_t bytes) {
    uint8_t file[256] = "\x93NUMPY\x01";
    int length = snprintf((char *)file + 10, 118, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
    memset(file + 10 + length, ' ', (size_t)(128 - 10 - length));
    file[8] = 118;
    file[127] = '\n';
    fuzz_write(name, file, 128 + bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    iso_npy array;
    if (iso_npy_parse(fuzz_context(), "array", data + 1, size - 1, &array) == ISO_OK)
        fuzz_touch(array.data, (size_t)array.count * (size_t)array.width);
    if (data[0] & 1) {
        fuzz_write("x.npy", data + 1, size - 1);
        write_sound("y.npy", "<i8", "(3,)", 24);
    } else {
        fuzz_write("y.npy", data + 1, size - 1);
        write_sound("x.npy", "|u1", "(3, 2, 2)", 12);
    }
    iso_dataset *d;
    iso_status status =
        iso_numpy_open(fuzz_context(), fuzz_folder(),
                       &(iso_npy_source){.images = "x.npy", .labels = "y.npy", .num_classes = data[0] & 2 ? 0 : 16}, &d);
    fuzz_dataset(status, d);
    return 0;
}
