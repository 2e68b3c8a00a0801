/* metrics.jsonl beside the ledger: complete, the same numbers on all threads, and never a step twice. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "ledger/tensorboard.h"
#include "run/metrics.h"
#include "run/recorded_events.h"
#include "run/small_run.h"

/* The steps, evaluations and starts of a run's file in order, without what a clock says: "0 1:NORM ... e4:LOSS". */
static void outline(iso_context *ctx, const char *directory, char *out, size_t size) {
    uint8_t *data;
    size_t bytes, used = 0;
    char message[256];
    out[0] = 0;
    if (iso_file_read_quietly(ctx, directory, ISO_METRICS_FILE, 1 << 20, &data, &bytes, message, sizeof message))
        return;
    for (const char *line = (const char *)data, *end; (end = strchr(line, '\n')) && used < size; line = end + 1) {
        iso_metric m;
        if (!iso_metric_parse(line, (size_t)(end - line), &m))
            used += (size_t)snprintf(out + used, size - used, "? ");
        else if (m.kind == ISO_METRIC_STEP)
            used += (size_t)snprintf(out + used, size - used, "%lld:%.9g:%lld ", (long long)m.step, m.gradient_norm,
                                     (long long)m.images);
        else if (m.kind == ISO_METRIC_START)
            used += (size_t)snprintf(out + used, size - used, "s%lld ", (long long)m.step);
        else
            used +=
                (size_t)snprintf(out + used, size - used, "%c%lld ", m.kind == ISO_METRIC_EVAL ? 'e' : 'g', (long long)m.step);
    }
    iso_free(ctx, data);
}

/* Without the starts, which tell how often it was killed. */
static void drop_starts(char *text) {
    char *to = text;
    for (char *word = text; *word;) {
        size_t length = strcspn(word, " ") + 1;
        if (*word != 's') {
            memmove(to, word, length);
            to += length;
        }
        word += length;
    }
    *to = 0;
}

ISO_TEST(metrics_are_the_same_on_all_threads) {
    char one[4096], three[4096];
    iso_context *ctx = test_context(1), *more = test_context(3);
    const char *a = small_run(ctx, "metrics-a", NULL, NULL),
               *b = small_run(more, "metrics-b", NULL, &(iso_train_options){.workers = 2, .micro_batch = 2});
    CHECK(a && b);
    outline(ctx, a, one, sizeof one);
    outline(ctx, b, three, sizeof three);
    CHECK(strncmp(one, "s0 1:", 5) == 0 && strstr(one, " g4 e4 5:") && strstr(one, " 8:") && strstr(one, " g8 e8 "));
    CHECK_STRING(one, three);
    iso_context_free(ctx);
    iso_context_free(more);
}

static void cut(const char *directory, const char *name, int lines, const char *tail) {
    char path[600], text[65536];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "r");
    size_t size = f ? fread(text, 1, sizeof text - 64, f) : 0, at = 0;
    if (f)
        fclose(f);
    for (int line = 0; line < lines && at < size; at++)
        line += text[at] == '\n';
    at += (size_t)snprintf(text + at, 64, "%s", tail);
    test_write(path, text, at);
}

/* Killed behind any line of the file or in the middle of one: the resumed run has every step once. */
ISO_TEST(a_resumed_run_tells_no_step_twice) {
    char whole[4096], resumed[4096], name[40];
    iso_context *ctx = test_context(1);
    const char *reference = small_run(ctx, "metrics-whole", NULL, NULL);
    CHECK(reference);
    outline(ctx, reference, whole, sizeof whole);
    drop_starts(whole);
    for (int lines = 0; lines <= 13; lines++) {
        snprintf(name, sizeof name, "metrics-killed-%d", lines);
        const char *killed = small_run(ctx, name, NULL, NULL);
        CHECK(killed);
        cut(killed, ISO_METRICS_FILE, 13, lines % 2 ? "{\"kind\":\"step\",\"st" : "\xff\n");
        cut(killed, "run.ledger", lines < 3 ? 3 : lines, "");
        iso_train_result result;
        CHECK_OK(ctx, iso_train(ctx, &(iso_train_options){.out = killed, .resume = true}, &result));
        outline(ctx, killed, resumed, sizeof resumed);
        drop_starts(resumed);
        CHECK_STRING(whole, resumed);
    }
    iso_context_free(ctx);
}

ISO_TEST(metrics_can_be_left_out) {
    char path[600], text[64];
    iso_context *ctx = test_context(1);
    const char *without = small_run(ctx, "metrics-off", NULL, &(iso_train_options){.no_metrics = true}),
               *with = small_run(ctx, "metrics-on", NULL, NULL);
    uint8_t heads[2][ISO_BLAKE3_SIZE];
    int64_t size;
    CHECK(without && with);
    snprintf(path, sizeof path, "%s/%s", without, ISO_METRICS_FILE);
    CHECK(!iso_file_exists(ctx, path));
    CHECK_OK(ctx, iso_ledger_head(ctx, without, heads[0], &size));
    CHECK_OK(ctx, iso_ledger_head(ctx, with, heads[1], &size));
    CHECK(memcmp(heads[0], heads[1], sizeof heads[0]) == 0);
    outline(ctx, without, text, sizeof text);
    CHECK_STRING("", text);
    iso_context_free(ctx);
}

ISO_TEST(metric_lines_are_read_strictly) {
    static const char good[] = "{\"kind\":\"step\",\"step\":3,\"epoch\":1,\"loss\":null,\"lr\":1e-05,\"gradient_norm\":2.5,"
                               "\"images\":4,\"seconds\":0.25,\"time\":17.5}";
    char line[256];
    iso_metric m;
    CHECK(iso_metric_parse(good, sizeof good - 1, &m) && m.step == 3 && m.images == 4 && m.gradient_norm == 2.5 &&
          m.time == 17.5);
    for (size_t i = 0; i < sizeof good - 1; i++) { /* cut anywhere, or a byte of it changed to what no line has */
        CHECK(!iso_metric_parse(good, i, &m));
        memcpy(line, good, sizeof good);
        line[i] = '\x01';
        CHECK(!iso_metric_parse(line, sizeof good - 1, &m));
    }
    static const char norms[] =
        "{\"kind\":\"gradients\",\"step\":3,\"epoch\":1,\"norms\":{\"a}\\\"\":1.5,\"b\":null},\"time\":1.000}";
    CHECK(iso_metric_parse(norms, sizeof norms - 1, &m) && m.norms_size == strlen("\"a}\\\"\":1.5,\"b\":null"));
}

/* https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4; and a record whose bytes tests/oracle/tensorboard_events.py had the
 * tensorboard package read. */
ISO_TEST(tensorboard_records_are_as_recorded) {
    uint8_t zeros[32] = {0}, ascending[32];
    for (int i = 0; i < 32; i++)
        ascending[i] = (uint8_t)i;
    CHECK(iso_crc32c(zeros, 32) == 0x8a9136aau && iso_crc32c(ascending, 32) == 0x46dd794eu &&
          iso_crc32c("123456789", 9) == 0xe3069283u);
    iso_context *ctx = test_context(1);
    iso_text out = iso_text_new(ctx), hex = iso_text_new(ctx);
    /* TensorBoard's event of a session that starts anew: wall time, step, and the status START. */
    static const uint8_t start[] = {9, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x10, 0xac, 2, 0x3a, 2, 8, 1};
    iso_event_restart(&out, 1.5, 300);
    CHECK(out.size == 8 + 4 + sizeof start + 4 && out.data[0] == sizeof start && memcmp(out.data + 12, start, sizeof start) == 0);
    iso_text_clear(&out);
    /* A tag that no message has room for. */
    iso_text none = iso_text_new(ctx);
    char tag[1200];
    memset(tag, 'x', sizeof tag - 1);
    tag[sizeof tag - 1] = 0;
    iso_event_scalars(&none, 2.25, 300, (const iso_scalar[]){{tag, 0.5f}}, 1);
    CHECK(!iso_text_ok(&none) && none.size == 0);
    iso_text_free(&none);
    iso_event_version(&out, 1.5);
    iso_event_scalars(&out, 2.25, 300, (const iso_scalar[]){{ISO_TAG_LOSS, 0.5f}, {ISO_TAG_LR, 0.1f}}, 2);
    iso_text_hex(&hex, out.data, out.size);
    CHECK_STRING(RECORDED_EVENTS, hex.data);
    iso_text_free(&out);
    iso_text_free(&hex);
    iso_context_free(ctx);
}
