/* The three forms of a report. */
#ifndef ISO_REPORT_REPORT_H
#define ISO_REPORT_REPORT_H

#include "isobit/report.h"
#include "report/history.h"
#include "audit/diff.h"

/* What is reported: one run, or two and how they differ. */
typedef struct iso_report_input {
    iso_history runs[2];
    int count;
    iso_diff_findings *findings; /* NULL with one run */
} iso_report_input;

iso_status iso_report_page(iso_text *out, const iso_report_input *input);                          /* page.c */
iso_status iso_report_text(iso_text *out, const iso_report_input *input, int columns, bool ascii); /* terminal.c */
iso_status iso_report_json(iso_text *out, const iso_report_input *input);                          /* machine.c */

#endif
