/* MNIST's files. The first byte tells which of the two the rest is; the other one is sound. */
#include "fuzz_dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t images[16 + 12] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2,  0,  0,
                                            0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t labels[8 + 3] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9};
    if (size == 0)
        return 0;
    bool first = data[0] & 1;
    fuzz_write("t10k-images-idx3-ubyte", first ? data + 1 : images, first ? size - 1 : sizeof images);
    fuzz_write("t10k-labels-idx1-ubyte", first ? labels : data + 1, first ? sizeof labels : size - 1);
    iso_dataset *d;
    iso_status status = iso_idx_open(fuzz_context(), fuzz_folder(), "MNIST", false, &d);
    fuzz_dataset(status, d);
    return 0;
}
