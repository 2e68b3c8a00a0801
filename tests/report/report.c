/* Reports of made runs: long, damaged, stopped, empty; and the parts that they are made of. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/file.h"
#include "isobit/report.h"
#include "report/html.h"
#include "run/small_run.h"

/* ---- Axes and curves ---- */

static void check_axis(iso_axis axis, double low, double high) {
    double slack = axis.log ? 0 : 1e-8 * (axis.high - axis.low); /* a value beside a mark, up to rounding, is on it */
    CHECK_MSG(axis.count >= 2 && axis.count <= ISO_MAX_TICKS && axis.low <= low + slack && axis.high >= high - slack,
              "%g .. %g: %d marks from %.17g to %.17g", low, high, axis.count, axis.low, axis.high);
    for (int i = 0; i < axis.count; i++) {
        char label[32], before[32];
        double place = iso_axis_place(&axis, axis.ticks[i]);
        CHECK(place >= 0 && place <= 1);
        iso_axis_label(&axis, axis.ticks[i], label);
        CHECK_MSG(strlen(label) <= 10, "%s", label);
        if (i) {
            iso_axis_label(&axis, axis.ticks[i - 1], before);
            CHECK_MSG(axis.ticks[i] > axis.ticks[i - 1] && strcmp(label, before) != 0, "%s %s", before, label);
        }
    }
}

ISO_TEST(axes_have_round_marks) {
    static const double values[] = {0, 1e-8, 0.01, 0.5, 1, 3.9, 96, 100, 12345, 1e6, 3e9};
    for (size_t i = 0; i < ISO_COUNTOF(values); i++)
        for (size_t j = i; j < ISO_COUNTOF(values); j++) {
            check_axis(iso_axis_linear(values[i], values[j], 4, false), values[i], values[j]);
            check_axis(iso_axis_linear(-values[j], values[i], 4, false), -values[j], values[i]);
            if (values[i] > 0)
                check_axis(iso_axis_log(values[i], values[j]), values[i], values[j]);
        }
    check_axis(iso_axis_log(1e-30, 3e38), 1e-30, 3e38);
    iso_axis steps = iso_axis_linear(1, 3, 5, true);
    for (int i = 0; i < steps.count; i++)
        CHECK(steps.ticks[i] == floor(steps.ticks[i]));
}

/* Whatever is left out of a curve, its lowest and highest points are not. */
ISO_TEST(thinned_curves_keep_extremes) {
    for (int round = 0; round < 40; round++) {
        size_t count = (size_t)iso_test_between(0, round < 20 ? 30 : 5000), buckets = (size_t)iso_test_between(1, 200);
        iso_context *ctx = test_context(1);
        iso_history h = {.ctx = ctx, .step_count = count, .steps = calloc(count + 1, sizeof *h.steps)};
        float low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < count; i++) {
            h.steps[i] = (iso_history_step){.step = (int64_t)i + 1, .loss = (float)iso_test_uniform()};
            if (iso_test_between(0, 9) == 0)
                h.steps[i].loss = INFINITY;
            else {
                low = fminf(low, h.steps[i].loss);
                high = fmaxf(high, h.steps[i].loss);
            }
        }
        iso_series s;
        CHECK_OK(ctx, iso_series_of(&h, ISO_CURVE_LOSS, buckets, &s));
        CHECK(s.count <= 2 * buckets + 2 && s.all == count && (count > 2 * buckets + 2 || s.count == count));
        bool has_low = !isfinite(low), has_high = !isfinite(high);
        for (size_t i = 0; i < s.count; i++) {
            CHECK(i == 0 || s.points[i].x > s.points[i - 1].x);
            CHECK(!isfinite(s.points[i].y) || (float)s.points[i].y == h.steps[(size_t)s.points[i].x - 1].loss);
            has_low = has_low || (float)s.points[i].y == low;
            has_high = has_high || (float)s.points[i].y == high;
        }
        CHECK(has_low && has_high && (!isfinite(low) || ((float)s.low == low && (float)s.high == high)));
        iso_series_free(ctx, &s);
        free(h.steps);
        iso_context_free(ctx);
    }
}

/* ---- Whole reports ---- */

static iso_status text_of(iso_context *ctx, const char *directory, iso_report_format format, int columns, bool ascii,
                          char **report) {
    return iso_report(ctx, &(iso_report_options){.directory = directory, .format = format, .columns = columns, .ascii = ascii},
                      report);
}

/* The longest line, in characters. */
static int widest(const char *text) {
    int most = 0, width = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        width = *c == '\n' ? 0 : width + ((*c & 0xc0) != 0x80);
        most = width > most ? width : most;
    }
    return most;
}

ISO_TEST(terminal_reports_fit) {
    iso_context *ctx = test_context(1);
    const char *run = small_run(ctx, "report-terminal", NULL, NULL);
    CHECK(run);
    for (int columns = 20; columns <= 130; columns += 11)
        for (int ascii = 0; ascii < 2; ascii++) {
            char *report;
            CHECK_OK(ctx, text_of(ctx, run, ISO_REPORT_TEXT, columns, ascii, &report));
            CHECK_MSG(widest(report) <= columns, "%d columns of %d:\n%s", widest(report), columns, report);
            for (const char *c = report; ascii && *c; c++)
                CHECK(*c == '\n' || (*c >= 0x20 && *c < 0x7f));
            CHECK(ascii || strstr(report, "█"));
            iso_string_free(ctx, report);
        }
    iso_context_free(ctx);
}

/* 100,000 steps with --long, which also tells the time. */
ISO_TEST(long_runs_have_short_pages) {
    iso_context *ctx = test_context(1);
    test_run run = {.directory = test_directory("report-long"),
                    .seed = 3,
                    .steps = iso_test_long() ? 100000 : 5000,
                    .every = 1000,
                    .large = 20};
    CHECK_OK(ctx, test_run_write(ctx, &run, ISO_LEDGER_CREATE, NULL));
    struct timespec before, after;
    char *page;
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK_OK(ctx, text_of(ctx, run.directory, ISO_REPORT_HTML, 0, false, &page));
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK_MSG(strlen(page) < 300000, "%zu bytes", strlen(page));
    CHECK(strstr(page, "data-run=\"A\"><th scope=\"row\" class=\"n\">1</th>"));
    char last[80];
    snprintf(last, sizeof last, "<th scope=\"row\" class=\"n\">%lld</th>", (long long)run.steps);
    CHECK(strstr(page, last));
    if (iso_test_long())
        printf("     %lld steps: a page of %zu bytes in %.2f s\n", (long long)run.steps, strlen(page),
               (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec));
    iso_string_free(ctx, page);
    iso_context_free(ctx);
}

/* Names from outside are text, never markup or a terminal's commands. */
ISO_TEST(names_do_not_break_the_page) {
    iso_context *ctx = test_context(1);
    const char *name = "<b onx=\"1\">&\x1b[31m\xff";
    const char *directory = test_directory(name);
    test_run run = {.directory = directory,
                    .recipe = "seed: 1\n# </pre><script>alert(1)</script>\n",
                    .seed = 3,
                    .steps = 2,
                    .every = 1,
                    .large = 20};
    CHECK_OK(ctx, test_run_write(ctx, &run, ISO_LEDGER_CREATE, NULL));
    char *report;
    CHECK_OK(ctx, text_of(ctx, directory, ISO_REPORT_HTML, 0, false, &report));
    CHECK(!strstr(report, "<b onx") && !strstr(report, "<script") && !strchr(report, 0x1b) && !strchr(report, '\xff'));
    CHECK(strstr(report, "&lt;b onx=&quot;1&quot;&gt;&amp;"));
    iso_string_free(ctx, report);
    CHECK_OK(ctx, text_of(ctx, directory, ISO_REPORT_TEXT, 0, false, &report));
    CHECK(!strchr(report, 0x1b));
    iso_string_free(ctx, report);
    iso_context_free(ctx);
}

/* What nothing protects may be gone, cut or anything: it is left out. What is protected and damaged is an error. */
ISO_TEST(damaged_files_in_reports) {
    iso_context *ctx = test_context(1);
    const char *run = small_run(ctx, "report-damaged", NULL, NULL);
    char *report, path[600];
    CHECK(run);
    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    CHECK(test_write(path,
                     "nonsense\n{\"kind\":\"step\",\"step\":1\n\0\xff\n{\"kind\":\"gradients\",\"step\":4,\"epoch\":1,\"norms\":{"
                     "\"a\":},\"time\":1.0}\n",
                     95));
    snprintf(path, sizeof path, "%s/run.env", run);
    CHECK(test_write(path, "[1]\n{\"host\":3}\n{", 17));
    for (int format = ISO_REPORT_HTML; format <= ISO_REPORT_JSON; format++) {
        CHECK_OK(ctx, text_of(ctx, run, (iso_report_format)format, 0, false, &report));
        iso_string_free(ctx, report);
    }
    for (int format = ISO_EXPORT_CSV; format <= ISO_EXPORT_JSONL; format++) {
        CHECK_OK(ctx, iso_export_metrics(ctx, run, (iso_export_format)format, &report));
        iso_string_free(ctx, report);
    }
    size_t size;
    snprintf(path, sizeof path, "%s/run.ledger", run);
    uint8_t *ledger = test_read(path, &size);
    ledger[size / 2] ^= 1;
    CHECK(test_write(path, ledger, size));
    free(ledger);
    CHECK_FAILS(ctx, ISO_EINVAL, "the run is damaged", text_of(ctx, run, ISO_REPORT_HTML, 0, false, &report));
    CHECK_FAILS(ctx, ISO_EINVAL, "the run is damaged", iso_export_safetensors(ctx, run, -1, path));
    CHECK_FAILS(ctx, ISO_EIO, "run.ledger", text_of(ctx, "/nowhere", ISO_REPORT_HTML, 0, false, &report));
    iso_context_free(ctx);
}
