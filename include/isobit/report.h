/* isobit/report.h: what people and their tools see of a run: a page, a summary, tables, TensorBoard's events, weights. Everything
 * is read from the run directory (docs/report.md); only comparing two runs takes a step again. */
#ifndef ISOBIT_REPORT_H
#define ISOBIT_REPORT_H

#include <stdbool.h>

#include "isobit/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum iso_report_format {
    ISO_REPORT_HTML, /* one page that needs nothing else: no network, no script */
    ISO_REPORT_TEXT, /* a summary for a terminal */
    ISO_REPORT_JSON  /* the same for machines */
} iso_report_format;

typedef struct iso_report_options {
    const char *directory;   /* of the run */
    const char *directory_b; /* NULL, or the run to compare it with: as iso_diff, with the values around the first difference */
    iso_report_format format;
    int columns; /* TEXT: the terminal's width; 0: 80 */
    bool ascii;  /* TEXT: no other characters */
} iso_report_options;

/* *report is to be freed with iso_string_free. A run may be unfinished, or still going on. ISO_EINVAL, ISO_EIO: not a readable
 * run; ISO_ENOMEM. Runs that differ are no error here. */
ISO_API iso_status iso_report(iso_context *context, const iso_report_options *options, char **report);
/* The same into a file, atomically. ISO_EINVAL, ISO_EIO: as iso_report; ISO_EIO also if the file cannot be written. */
ISO_API iso_status iso_report_write(iso_context *context, const iso_report_options *options, const char *path);

typedef enum iso_export_format {
    ISO_EXPORT_CSV,  /* a header, and one line per step; a test's results stand in the line of its step */
    ISO_EXPORT_JSONL /* the same as one JSON object per line */
} iso_export_format;

/* The metrics of a run as text, to be freed with iso_string_free. ISO_EINVAL, ISO_EIO: not a readable run; ISO_ENOMEM. */
ISO_API iso_status iso_export_metrics(iso_context *context, const char *directory, iso_export_format format, char **text);
/* The same into a file, atomically. ISO_EINVAL, ISO_EIO: as iso_report; ISO_EIO also if the file cannot be written. */
ISO_API iso_status iso_export_metrics_write(iso_context *context, const char *directory, iso_export_format format,
                                            const char *path);
/* One event file of TensorBoard into a folder, which is made if need be. Its name depends on the run only: a later export takes
 * its place. ISO_EINVAL, ISO_EIO: not a readable run, or the file cannot be written; ISO_ENOMEM. */
ISO_API iso_status iso_export_tensorboard(iso_context *context, const char *directory, const char *folder);
/* The parameters and buffers of a checkpoint, under PyTorch's names and nothing else, as a safetensors file. step -1: the newest
 * checkpoint. ISO_EINVAL: there is none of that step, or its file is not what the ledger says; ISO_EIO, ISO_ENOMEM. */
ISO_API iso_status iso_export_safetensors(iso_context *context, const char *directory, int64_t step, const char *path);

#ifdef __cplusplus
}
#endif
#endif
