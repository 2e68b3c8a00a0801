/* A report for machines: one JSON object. */
#include <math.h>
#include <string.h>

#include "expr/expr.h"
#include "report/report.h"

static void member_text(iso_text *out, const char *key, const char *value) {
    iso_text_printf(out, ", \"%s\": ", key);
    iso_text_json(out, value, strlen(value));
}
static void member_int(iso_text *out, const char *key, int64_t value) {
    iso_text_printf(out, ", \"%s\": %lld", key, (long long)value);
}
static void member_number(iso_text *out, const char *key, double value, bool single) {
    iso_text_printf(out, ", \"%s\": ", key);
    if (!isfinite(value))
        iso_text_puts(out, "null");
    else if (single)
        iso_write_repr_f32(out, (float)value);
    else
        iso_write_repr(out, value);
}

static void write_run(iso_text *out, const iso_history *h) {
    iso_text_puts(out, "{\"directory\": ");
    iso_text_json(out, h->directory, strlen(h->directory));
    member_text(out, "state", h->nan_step ? "nan" : h->ended ? "finished" : "unfinished");
    iso_text_puts(out, ", \"digest\": \"");
    iso_text_hex(out, h->head, sizeof h->head);
    iso_text_puts(out, "\"");
    member_int(out, "steps", h->step_count ? h->steps[h->step_count - 1].step : 0);
    member_int(out, "planned_steps", iso_history_steps(h));
    member_int(out, "epochs", iso_history_epochs(h));
    if (h->step_count) {
        const iso_history_step *s = &h->steps[h->step_count - 1];
        member_number(out, "loss", (double)s->loss, true);
        member_number(out, "lr", s->lr, false);
        member_number(out, "gradient_norm", s->gradient_norm, true);
    }
    if (h->eval_count) {
        const iso_history_eval *e = &h->evals[h->eval_count - 1];
        member_number(out, "test_loss", (double)e->loss, true);
        member_int(out, "test_count", e->count);
        member_int(out, "test_correct", e->correct);
    }
    if (h->nan_step) {
        member_int(out, "nan_step", h->nan_step);
        member_text(out, "nan_tensor", h->nan_tensor);
        member_int(out, "nan_index", h->nan_index);
    }
    member_number(out, "images_per_second", iso_history_throughput(h), false);
    member_number(out, "seconds", h->metrics ? iso_history_seconds(h) : NAN, false);
    member_int(out, "starts", (int64_t)h->start_count);
    member_int(out, "checkpoints", (int64_t)h->checkpoint_count);
    iso_text_puts(out, "}");
}

iso_status iso_report_json(iso_text *out, const iso_report_input *in) {
    if (in->count == 1)
        write_run(out, &in->runs[0]);
    else {
        iso_text_puts(out, "{\"runs\": [");
        write_run(out, &in->runs[0]);
        iso_text_puts(out, ", ");
        write_run(out, &in->runs[1]);
        iso_text_puts(out, "], \"difference\": ");
        iso_diff_write_json(out, in->findings, iso_diff_equal(in->findings));
        if (iso_text_ok(out) && out->data[out->size - 1] == '\n')
            out->size--;
        iso_text_puts(out, "}");
    }
    iso_text_puts(out, "\n");
    return ISO_OK;
}
