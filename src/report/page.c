#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "report/html.h"
#include "report/report.h"

#define BUCKETS 200 /* of steps, in a curve: more than a screen shows apart */

static const char *const sides[] = {"A", "B"};

/* ---- Curves ---- */

struct figure {
    const char *id, *title, *unit, *note;
    bool log, zero, stairs;
    struct {
        const char *name, *key;
        iso_curve curve;
    } lines[2];
};

static const struct figure figures[] = {
    {"loss",
     "Loss",
     "",
     NULL,
     true,
     false,
     false,
     {{"training", "train", ISO_CURVE_LOSS}, {"test", "test", ISO_CURVE_TEST_LOSS}}},
    {"accuracy", "Test accuracy", "%", NULL, false, false, false, {{"accuracy", "test", ISO_CURVE_ACCURACY}}},
    {"lr", "Learning rate", "", NULL, true, true, true, {{"learning rate", "lr", ISO_CURVE_LR}}},
    {"norm", "Gradient norm", "L2, of all parameters", NULL, true, true, false, {{"gradient norm", "norm", ISO_CURVE_NORM}}},
    {"throughput",
     "Throughput",
     "images/s",
     "Whatever the machine was doing: this may differ between equal runs.",
     false,
     true,
     false,
     {{"throughput", "throughput", ISO_CURVE_THROUGHPUT}}},
};

static iso_status write_figure(iso_text *out, const iso_report_input *in, const struct figure *f) {
    iso_plot plot = {.id = f->id,
                     .title = f->title,
                     .unit = f->unit,
                     .note = f->note,
                     .log = f->log,
                     .zero = f->zero,
                     .stairs = f->stairs,
                     .runs = in->count > 1 ? sides : NULL,
                     .parted = in->findings && in->findings->step > 0 ? (double)in->findings->step : NAN};
    iso_status status = ISO_OK;
    plot.first = 1;
    for (int run = 0; run < in->count; run++)
        if (in->runs[run].step_count)
            plot.last = fmax(plot.last, (double)in->runs[run].steps[in->runs[run].step_count - 1].step);
    for (int run = 0; run < in->count && !status; run++)
        for (int i = 0; i < 2 && f->lines[i].name && !status; i++) {
            iso_plot_line *line = &plot.lines[plot.count];
            *line = (iso_plot_line){.name = f->lines[i].name, .key = f->lines[i].key, .curve = f->lines[i].curve, .run = run};
            status = iso_series_of(&in->runs[run], line->curve, BUCKETS, &line->series);
            bool empty = !status && i == 1 && line->series.count == 0; /* no test images: no such line */
            if (empty)
                iso_series_free(out->ctx, &line->series);
            plot.count += !status && !empty;
        }
    if (!status)
        iso_plot_write(out, &plot);
    for (int i = 0; i < plot.count; i++)
        iso_series_free(out->ctx, &plot.lines[i].series);
    return status;
}

static iso_status write_curves(iso_text *out, const iso_report_input *in) {
    iso_status status = ISO_OK;
    bool metrics = false;
    iso_text_puts(out, "<section aria-labelledby=\"h-curves\">\n<h2 id=\"h-curves\">Curves</h2>\n");
    for (int i = 0; i < in->count; i++)
        metrics = metrics || in->runs[i].metrics;
    if (!metrics)
        iso_text_puts(out, "<p class=\"note\">Gradient norms and throughput come from metrics.jsonl, which is not there.</p>\n");
    iso_text_puts(out, "<div class=\"plots\">\n");
    for (size_t i = 0; i < ISO_COUNTOF(figures) && !status; i++) {
        if (figures[i].lines[0].curve == ISO_CURVE_ACCURACY && !in->runs[0].eval_count &&
            (in->count < 2 || !in->runs[1].eval_count))
            continue;
        if (!metrics && (figures[i].lines[0].curve == ISO_CURVE_NORM || figures[i].lines[0].curve == ISO_CURVE_THROUGHPUT))
            continue;
        status = write_figure(out, in, &figures[i]);
    }
    iso_text_puts(out, "</div>\n");
    for (int i = 0; i < in->count; i++)
        iso_html_gradients(out, &in->runs[i], in->count < 2 ? "" : i ? ", B" : ", A");
    iso_text_puts(out, "</section>\n");
    return status;
}

/* ---- The page ---- */

static void write_state(iso_text *out, const iso_history *run, const char *before) {
    char state[240];
    iso_run_state_text(run, state);
    iso_text_printf(out, "<p>%s", before);
    if (before[0])
        iso_html_printf(out, "%s, ", run->directory);
    iso_text_printf(out, "<span class=\"state %s\">", run->nan_step ? "bad" : run->ended ? "good" : "wait");
    iso_html_printf(out, "%s", state);
    iso_text_puts(out, "</span></p>\n");
}

static void write_header(iso_text *out, const iso_report_input *in) {
    const char *name = iso_path_name(in->runs[0].directory);
    iso_text_puts(out, "<header>\n<p class=\"kicker\">Isobit report</p>\n<h1>");
    if (in->count == 1)
        iso_html_printf(out, "%s", *name ? name : in->runs[0].directory);
    else
        iso_html_printf(out, "%s and %s", name, iso_path_name(in->runs[1].directory));
    iso_text_puts(out, "</h1>\n");
    if (in->count == 1)
        write_state(out, &in->runs[0], "");
    else {
        write_state(out, &in->runs[0], "A: ");
        write_state(out, &in->runs[1], "B: ");
    }
    iso_text_puts(out, "</header>\n<nav aria-label=\"Sections\"><ul>");
    if (in->findings)
        iso_text_puts(out, "<li><a href=\"#h-difference\">Difference</a></li>");
    iso_text_puts(out, "<li><a href=\"#h-summary\">Summary</a></li><li><a href=\"#h-curves\">Curves</a></li><li><a "
                       "href=\"#h-digests\">Digests</a></li>"
                       "<li><a href=\"#h-environment\">Environment</a></li></ul></nav>\n<main id=\"main\">\n");
}

iso_status iso_report_page(iso_text *out, const iso_report_input *in) {
    const iso_history *runs[] = {&in->runs[0], &in->runs[1]};
    char title[400];
    snprintf(title, sizeof title, in->count > 1 ? "%.150s and %.150s – Isobit" : "%.150s – Isobit",
             iso_path_name(in->runs[0].directory), in->count > 1 ? iso_path_name(in->runs[1].directory) : "");
    iso_html_begin(out, title);
    write_header(out, in);
    if (in->findings)
        iso_html_difference(out, in->findings);
    iso_text_puts(out, "<section aria-labelledby=\"h-summary\">\n<h2 id=\"h-summary\">Summary</h2>\n");
    iso_html_summary(out, runs, in->count);
    iso_text_puts(out, "</section>\n");
    iso_status status = write_curves(out, in);
    iso_text_puts(out, "<section aria-labelledby=\"h-digests\">\n<h2 id=\"h-digests\">Digests</h2>\n");
    for (int i = 0; i < in->count && i < 2; i++)
        iso_html_digests(out, runs[i], in->count > 1 ? sides[i] : "");
    iso_text_puts(out, "</section>\n<section aria-labelledby=\"h-environment\">\n<h2 id=\"h-environment\">Environment</h2>\n");
    for (int i = 0; i < in->count && i < 2; i++)
        iso_html_environment(out, runs[i], in->count > 1 ? sides[i] : "");
    iso_text_puts(out, "</section>\n");
    iso_html_end(out);
    return status;
}
