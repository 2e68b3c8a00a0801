#include "fuzz_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_decode_once(iso_bmp_decode, data, size);
    return 0;
}
