#include "report/report.h"

#include <string.h>

#include "core/file.h"

static iso_status read_input(iso_context *ctx, const iso_report_options *o, iso_report_input *in) {
    iso_status status = iso_history_read(ctx, o->directory, &in->runs[0]);
    in->count = 1;
    if (status || !o->directory_b)
        return status;
    status = iso_history_read(ctx, o->directory_b, &in->runs[1]);
    in->count = 2;
    if (!status && !(in->findings = iso_calloc(ctx, 1, sizeof *in->findings)))
        status = ISO_ENOMEM;
    return status ? status : iso_diff_runs(ctx, o->directory, o->directory_b, in->findings);
}

static void free_input(iso_context *ctx, iso_report_input *in) {
    for (int i = 0; i < in->count; i++)
        iso_history_free(&in->runs[i]);
    if (in->findings)
        iso_diff_free(in->findings);
    iso_free(ctx, in->findings);
}

static iso_status report(iso_context *ctx, const iso_report_options *o, iso_text *out) {
    iso_report_input *in = iso_calloc(ctx, 1, sizeof *in);
    if (!in)
        return ISO_ENOMEM;
    iso_status status = read_input(ctx, o, in);
    if (!status && o->format == ISO_REPORT_HTML)
        status = iso_report_page(out, in);
    else if (!status && o->format == ISO_REPORT_TEXT)
        status = iso_report_text(out, in, o->columns, o->ascii);
    else if (!status)
        status = iso_report_json(out, in);
    free_input(ctx, in);
    iso_free(ctx, in);
    return !status && !iso_text_ok(out) ? ISO_ENOMEM : status;
}

iso_status iso_report(iso_context *ctx, const iso_report_options *options, char **text) {
    iso_text out = iso_text_new(ctx);
    iso_status status = report(ctx, options, &out);
    *text = status ? NULL : out.data;
    if (status)
        iso_text_free(&out);
    return status;
}

iso_status iso_report_write(iso_context *ctx, const iso_report_options *options, const char *path) {
    iso_text out = iso_text_new(ctx);
    iso_status status = report(ctx, options, &out);
    iso_slice slice = {out.data, out.size};
    if (!status)
        status = iso_file_write_atomic(ctx, path, &slice, 1);
    iso_text_free(&out);
    return status;
}
