/* A ledger: its first line as text, and the file as a whole. */
#include "fuzz.h"

#include "ledger/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    iso_context *ctx = fuzz_context();
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    iso_line_summary summary;
    const char *problem = NULL;
    size_t at;
    iso_json line;
    if (end && iso_line_check((const char *)data, (size_t)(end - data), &summary, &problem, &at)) {
        FUZZ_HOLDS(summary.kind >= 0 && summary.kind < ISO_LINE_KINDS);
        FUZZ_HOLDS(iso_json_parse(ctx, (const char *)data, (size_t)(end - data), &line) == ISO_OK); /* stricter than JSON */
        FUZZ_HOLDS(iso_json_equal(&line, &line) && !iso_ledger_first_difference(&line, &line));
        (void)iso_line_tensors_difference(&line, &line);
        iso_json_free(ctx, &line);
    } else if (end)
        FUZZ_HOLDS(problem && problem[0]);
    iso_ledger *ledger;
    fuzz_write("run.ledger", data, size);
    if (iso_ledger_open(ctx, fuzz_folder(), ISO_LEDGER_READ, &ledger) == ISO_OK) {
        for (size_t i = 0; i < ledger->count; i++) {
            FUZZ_HOLDS(iso_ledger_parse(ledger, i, &line) == ISO_OK);
            iso_json_free(ctx, &line);
        }
        iso_ledger_close(ledger);
    }
    return 0;
}
