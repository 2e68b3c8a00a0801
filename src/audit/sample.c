/* Segments drawn after the commitment: who recorded the run could not know which will be looked at.
 * docs/ledger.md#verifying-a-sample */
#include <stdlib.h>
#include <string.h>

#include "audit/verify.h"

iso_status iso_segments(const iso_ledger *l, int64_t **first, size_t *count) {
    int64_t last = iso_verify_recorded(l);
    size_t segments = 0;
    if (!(*first = iso_alloc_array(l->ctx, l->count + 1, sizeof **first)))
        return ISO_ENOMEM;
    for (size_t i = 0; i < l->count; i++)
        if (l->lines[i].kind == ISO_LINE_CKPT && l->lines[i].step < last)
            (*first)[segments++] = l->lines[i].step;
    if (segments == 0) /* it was stopped before its first checkpoint */
        (*first)[segments++] = 0;
    (*first)[segments] = last;
    *count = segments;
    return ISO_OK;
}

static uint64_t draw(const uint8_t head[ISO_BLAKE3_SIZE], const uint8_t *beacon, size_t beacon_size, uint64_t number) {
    static const char tag[] = "isobit sample 1";
    uint8_t counter[8], digest[ISO_BLAKE3_SIZE];
    iso_blake3_stream stream;
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)(number >> (8 * i));
    iso_blake3_begin(&stream);
    iso_blake3_update(&stream, tag, sizeof tag);
    iso_blake3_update(&stream, head, ISO_BLAKE3_SIZE);
    iso_blake3_update(&stream, counter, sizeof counter);
    iso_blake3_update(&stream, beacon, beacon_size);
    iso_blake3_end(&stream, digest);
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)digest[i] << (8 * i);
    return value;
}

static int ascending(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

iso_status iso_sample(iso_context *ctx, const uint8_t head[ISO_BLAKE3_SIZE], const uint8_t *beacon, size_t beacon_size,
                      size_t count, size_t *wanted, size_t **chosen) {
    size_t *all = *chosen = iso_alloc_array(ctx, count, sizeof *all);
    if (!all)
        return ISO_ENOMEM;
    if (*wanted > count)
        *wanted = count;
    for (size_t i = 0; i < count; i++)
        all[i] = i;
    for (size_t i = 0; i < *wanted; i++) { /* the first places of a shuffle */
        size_t other = i + (size_t)(((unsigned __int128)draw(head, beacon, beacon_size, i) * (count - i)) >> 64), kept = all[i];
        all[i] = all[other];
        all[other] = kept;
    }
    qsort(all, *wanted, sizeof *all, ascending);
    return ISO_OK;
}
