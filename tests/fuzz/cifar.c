/* CIFAR's files. The first byte tells which one the rest is; the others are sound. */
#include "fuzz_dataset.h"

static const char names[] = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t records[2 * 3074] = {3};
    static char many[100 * 4 + 1];
    if (size == 0)
        return 0;
    for (int i = 0; i < 100; i++)
        snprintf(many + 4 * i, 5, i < 99 ? "%03d\n" : "%03d", i);
    bool hundred = data[0] & 1, meta = data[0] & 2;
    const void *sound = hundred ? many : (const void *)names;
    size_t sound_size = hundred ? sizeof many - 1 : sizeof names - 1;
    fuzz_write(hundred ? "test.bin" : "test_batch.bin", meta ? records : data + 1,
               meta ? (size_t)(hundred ? 2 * 3074 : 2 * 3073) : size - 1);
    fuzz_write(hundred ? "fine_label_names.txt" : "batches.meta.txt", meta ? data + 1 : sound, meta ? size - 1 : sound_size);
    iso_dataset *d;
    iso_status status = iso_cifar_open(fuzz_context(), fuzz_folder(), hundred ? "CIFAR100" : "CIFAR10", false, &d);
    fuzz_dataset(status, d);
    return 0;
}
