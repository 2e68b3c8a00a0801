/* A run whose image library decoded the same files to other pixels: its header says so, whoever reads it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/small_run.h"

/* The run as it would be if the pixels of `split` had been others: another digest in the header, and the lines chained anew. Its
 * batches are left as they were, as those of a run may be whose first steps take other images. */
static bool with_other_pixels(const char *directory, const char *split) {
    const char *path = test_path(directory, "run.ledger");
    size_t size;
    char *bytes = (char *)test_read(path, &size), key[32];
    if (!bytes)
        return false;
    snprintf(key, sizeof key, "\"%s\":{", split);
    char *at = memmem(bytes, size, key, strlen(key));
    at = at ? memmem(at, size - (size_t)(at - bytes), "\"pixels\":\"", 10) : NULL;
    if (at)
        at[10] = at[10] == '0' ? '1' : '0';
    bool ok = at != NULL;
    char *line = bytes, *end = bytes + size;
    for (uint8_t digest[ISO_BLAKE3_SIZE]; ok && line < end;) {
        char *next = memchr(line, '\n', (size_t)(end - line));
        iso_blake3(line, (size_t)(next - line), digest);
        line = next + 1;
        char *prev = line < end ? memmem(line, (size_t)(end - line), "\"prev\":\"", 8) : NULL;
        for (int i = 0; prev && i < ISO_BLAKE3_SIZE; i++) {
            char hex[3];
            snprintf(hex, sizeof hex, "%02x", digest[i]);
            memcpy(prev + 8 + 2 * i, hex, 2);
        }
    }
    ok = ok && test_write(path, bytes, size);
    free(bytes);
    return ok;
}

ISO_TEST(other_pixels_of_equal_files_are_told) {
    static const char *const splits[] = {"train", "test"};
    for (size_t i = 0; i < 2; i++) {
        iso_context *ctx = test_context(1);
        const char *a = small_run(ctx, "pixels-a", NULL, NULL), *b = small_run(ctx, i ? "pixels-c" : "pixels-b", NULL, NULL);
        a = a ? a : test_path(iso_test_directory(), "pixels-a"); /* the second time it is there */
        CHECK_MSG(b, "%s", iso_error(ctx));
        CHECK(with_other_pixels(b, splits[i]));
        char expected[160], *report;
        snprintf(expected, sizeof expected,
                 "data: the %s files are equal, but their decoded pixels differ: another image library?", splits[i]);

        CHECK_FAILS(ctx, ISO_DIFFER, "", iso_diff(ctx, a, b, false, &report));
        CHECK_MSG(strstr(report, expected), "%s", report);
        iso_string_free(ctx, report);

        iso_train_result trained;
        CHECK_FAILS(ctx, ISO_EINVAL, expected, iso_train(ctx, &(iso_train_options){.out = b, .resume = true}, &trained));

        iso_verify_result result;
        snprintf(expected, sizeof expected, "data.%s: all its files are as they were, but their decoded pixels are not",
                 splits[i]);
        CHECK(iso_verify(ctx, &(iso_verify_options){.directory = b, .data = true}, &result) == ISO_DIFFER);
        CHECK_MSG(strstr(result.finding, expected), "%s", result.finding);
        iso_context_free(ctx);
    }
}
