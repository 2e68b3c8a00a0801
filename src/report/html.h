/* The parts of the page that isobit report writes. The page is one file: no network, no script, styles inside. */
#ifndef ISO_REPORT_HTML_H
#define ISO_REPORT_HTML_H

#include "report/series.h"
#include "audit/diff.h"

/* ---- html.c ---- */

/* Text, with what HTML would take for markup spelled out; bytes that are not UTF-8 as U+FFFD. */
void iso_html_text(iso_text *out, const char *string, size_t size);
/* printf whose result is escaped. */
void iso_html_printf(iso_text *out, const char *format, ...) ISO_PRINTF(2, 3);
/* <dt>name</dt><dd>value</dd> */
void iso_html_entry(iso_text *out, const char *name, const char *format, ...) ISO_PRINTF(3, 4);
void iso_html_digest_entry(iso_text *out, const char *name, const char *hex);
/* From <!doctype html> to the open <body>, and the end. */
void iso_html_begin(iso_text *out, const char *title);
void iso_html_end(iso_text *out);
/* What wide tables scroll in; a keyboard reaches it. */
void iso_html_begin_scroll(iso_text *out, const char *label);
void iso_html_end_scroll(iso_text *out);

extern const char iso_html_style[]; /* style.c */

/* ---- plot.c ---- */

typedef struct iso_plot_line {
    const char *name, *key; /* "test loss"; "test-loss", which tests find it by */
    iso_curve curve;
    int run; /* 0: A; 1: B */
    iso_series series;
} iso_plot_line;

typedef struct iso_plot {
    const char *id, *title, *unit, *note; /* note: NULL, or a sentence below */
    bool log;                             /* where the values ask for it */
    bool zero;                            /* the axis begins at 0 */
    bool stairs;
    const char *const *runs; /* names of A and B; NULL: there is one run */
    double first, last;      /* steps, for all plots of the page */
    double parted;           /* the step at which two runs part; NaN: none */
    iso_plot_line lines[4];
    int count;
} iso_plot;

/* A figure: picture, legend, and the same points as a table. */
void iso_plot_write(iso_text *out, const iso_plot *plot);

/* ---- difference.c ---- */
void iso_html_difference(iso_text *out, const iso_diff_findings *findings);

/* ---- record.c: what is known beside the curves, of one run or two side by side ---- */
void iso_html_summary(iso_text *out, const iso_history *const *runs, int count);
void iso_html_gradients(iso_text *out, const iso_history *run, const char *label);
void iso_html_digests(iso_text *out, const iso_history *run, const char *label);
void iso_html_environment(iso_text *out, const iso_history *run, const char *label);

/* "finished", "stopped by a NaN at step 7", "unfinished: 24 of 96 steps" */
void iso_run_state_text(const iso_history *run, char text[240]);

#endif
