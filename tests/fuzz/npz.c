/* Images and labels in one .npz file. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_write("a.npz", data, size);
    iso_dataset *d;
    iso_status status = iso_numpy_open(fuzz_context(), fuzz_folder(),
                                       &(iso_npy_source){.images = "a.npz", .x = "x", .y = "y", .num_classes = 16}, &d);
    fuzz_dataset(status, d);
    return 0;
}
