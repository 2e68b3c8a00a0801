/* What is known of a run beside its curves. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/html.h"

void iso_run_state_text(const iso_history *h, char text[240]) {
    long long done = h->step_count ? (long long)h->steps[h->step_count - 1].step : 0, all = (long long)iso_history_steps(h);
    if (h->nan_step)
        snprintf(text, 240, "stopped by a NaN in step %lld: %.120s, element %lld", (long long)h->nan_step, h->nan_tensor,
                 (long long)h->nan_index);
    else if (h->ended)
        snprintf(text, 240, "finished");
    else
        snprintf(text, 240, "unfinished: %lld of %lld steps", done, all);
}

/* ---- Summary ---- */

static void seconds_text(double seconds, char text[40]) {
    if (!(seconds > 0))
        snprintf(text, 40, "–");
    else if (seconds < 60)
        snprintf(text, 40, "%d.%d s", (int)(seconds * 10 + 0.5) / 10, (int)(seconds * 10 + 0.5) % 10);
    else if (seconds < 5400)
        snprintf(text, 40, "%d min %d s", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(text, 40, "%d h %d min", (int)(seconds / 3600), (int)(seconds / 60) % 60);
}

/* The value of a tile for one run, and what stands small below it. */
static void tile_value(const iso_history *h, int tile, char value[64], char small[96]) {
    const iso_history_step *last = h->step_count ? &h->steps[h->step_count - 1] : NULL;
    const iso_history_eval *eval = h->eval_count ? &h->evals[h->eval_count - 1] : NULL;
    iso_series series;
    char number[40];
    small[0] = 0;
    snprintf(value, 64, "–");
    switch (tile) {
    case 0:
        snprintf(value, 64, "%lld", last ? (long long)last->step : 0);
        snprintf(small, 96, "of %lld, in %lld epoch%s", (long long)iso_history_steps(h), (long long)iso_history_epochs(h),
                 iso_history_epochs(h) == 1 ? "" : "s");
        break;
    case 1:
        if (last && !iso_series_of(h, ISO_CURVE_LOSS, 1, &series)) {
            iso_short_number((double)last->loss, 5, value);
            iso_short_number(series.low, 5, number);
            snprintf(small, 96, "lowest %s, step %.0f", number, series.low_at);
            iso_series_free(h->ctx, &series);
        }
        break;
    case 2:
        if (eval && eval->count) {
            int64_t hundredths = (20000 * eval->correct + eval->count) / (2 * eval->count);
            snprintf(value, 64, "%lld.%02lld %%", (long long)(hundredths / 100), (long long)(hundredths % 100));
            snprintf(small, 96, "%lld of %lld images", (long long)eval->correct, (long long)eval->count);
        }
        break;
    case 3:
        if (eval) {
            iso_short_number((double)eval->loss, 5, value);
            snprintf(small, 96, "step %lld", (long long)eval->step);
        }
        break;
    case 4:
        if (last) {
            iso_short_number(last->lr, 5, value);
            snprintf(small, 96, "in the last step");
        }
        break;
    case 5:
        if (last && isfinite(last->gradient_norm)) {
            iso_short_number(last->gradient_norm, 5, value);
            snprintf(small, 96, "in the last step");
        }
        break;
    case 6:
        if (isfinite(iso_history_throughput(h))) {
            snprintf(value, 64, "%.0f", iso_history_throughput(h));
            snprintf(small, 96, "images a second, median");
        }
        break;
    default:
        seconds_text(iso_history_seconds(h), value);
        snprintf(small, 96, "in steps; %zu start%s", h->start_count, h->start_count == 1 ? "" : "s");
    }
}

static const char *const tiles[] = {"Steps",         "Loss",          "Test accuracy", "Test loss",
                                    "Learning rate", "Gradient norm", "Throughput",    "Time"};

void iso_html_summary(iso_text *out, const iso_history *const *runs, int count) {
    char value[64], small[96];
    if (count == 1) {
        iso_text_puts(out, "<dl class=\"tiles\" id=\"summary\">\n");
        for (int i = 0; i < 8; i++) {
            tile_value(runs[0], i, value, small);
            iso_text_printf(out, "<div><dt>%s</dt><dd>%s<small>%s</small></dd></div>\n", tiles[i], value, small);
        }
        iso_text_puts(out, "</dl>\n");
        return;
    }
    iso_html_begin_scroll(out, "Both runs in numbers");
    iso_text_puts(
        out, "<table id=\"summary\"><thead><tr><td></td><th scope=\"col\">A</th><th scope=\"col\">B</th></tr></thead><tbody>\n");
    for (int i = 0; i < 8; i++) {
        iso_text_printf(out, "<tr><th scope=\"row\">%s</th>", tiles[i]);
        for (int j = 0; j < 2; j++) {
            tile_value(runs[j], i, value, small);
            iso_text_printf(out, "<td>%s <span class=\"unit\">%s</span></td>", value, small);
        }
        iso_text_puts(out, "</tr>\n");
    }
    iso_text_puts(out, "</tbody></table>");
    iso_html_end_scroll(out);
}

/* ---- Gradients ---- */

#define MOST_COLUMNS 10

void iso_html_gradients(iso_text *out, const iso_history *h, const char *label) {
    size_t shown = h->gradients_count < MOST_COLUMNS ? h->gradients_count : MOST_COLUMNS, at[MOST_COLUMNS] = {0};
    const iso_history_gradients *columns[MOST_COLUMNS];
    if (!shown)
        return;
    for (size_t i = 0; i < shown; i++)
        columns[i] = &h->gradients[shown == 1 ? 0 : i * (h->gradients_count - 1) / (shown - 1)];
    iso_text_puts(out, "<details><summary>");
    iso_html_printf(out, "Gradient norms by parameter, at ends of epochs%s", label);
    iso_text_puts(out, "</summary>");
    iso_html_begin_scroll(out, "Gradient norms by parameter");
    iso_text_puts(out, "<table class=\"gradients\"><thead><tr><th scope=\"col\">Parameter</th>");
    for (size_t i = 0; i < shown; i++)
        iso_text_printf(out, "<th scope=\"col\" class=\"n\">step %lld</th>", (long long)columns[i]->step);
    iso_text_puts(out, "</tr></thead><tbody>\n");
    for (;;) {
        const char *name;
        size_t size;
        double norm;
        char text[40];
        for (size_t i = 0; i < shown; i++) {
            if (!iso_history_next_norm(columns[i], &at[i], &name, &size, &norm))
                goto end;
            if (i == 0) {
                iso_text_puts(out, "<tr><th scope=\"row\">");
                iso_html_text(out, name, size);
                iso_text_puts(out, "</th>");
            }
            iso_short_number(norm, 4, text);
            iso_text_printf(out, "<td class=\"n\">%s</td>", text);
        }
        iso_text_puts(out, "</tr>\n");
    }
end:
    iso_text_puts(out, "</tbody></table>");
    iso_html_end_scroll(out);
    iso_text_puts(out, "</details>\n");
}

/* ---- Digests ---- */

static void write_data(iso_text *out, const iso_history *h, const char *split) {
    const iso_json *data = iso_json_get(&h->header, split), *files = iso_json_get(data, "files"),
                   *classes = iso_json_get(data, "classes"), *skipped = iso_json_get(data, "skipped");
    if (!data)
        return;
    char name[64];
    snprintf(name, sizeof name, "%s images", strcmp(split, "train") == 0 ? "Training" : "Test");
    iso_html_entry(out, name, "%lld in %zu file%s, %zu classes%s", (long long)iso_json_int(data, "images", 0),
                   files ? files->count : 0, files && files->count == 1 ? "" : "s", classes ? classes->count : 0,
                   skipped ? "; some left out" : "");
    snprintf(name, sizeof name, "Their pixels, %s", split);
    iso_html_digest_entry(out, name, iso_json_string(data, "pixels"));
}

static void write_checkpoints(iso_text *out, const iso_history *h) {
    iso_text_printf(out, "<details%s><summary>Checkpoints (%zu)</summary>", h->checkpoint_count <= 8 ? " open" : "",
                    h->checkpoint_count);
    iso_html_begin_scroll(out, "Checkpoints");
    iso_text_puts(out,
                  "<table class=\"checkpoints\"><thead><tr><th scope=\"col\" class=\"n\">Step</th><th scope=\"col\">File</th>"
                  "<th scope=\"col\" class=\"n\">Bytes</th><th scope=\"col\" class=\"n\">Tensors</th><th "
                  "scope=\"col\">Digest</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < h->checkpoint_count; i++) {
        const iso_history_checkpoint *c = &h->checkpoints[i];
        iso_text_printf(out, "<tr><th scope=\"row\" class=\"n\">%lld</th><td>", (long long)c->step);
        iso_html_printf(out, "%s", c->file);
        iso_text_printf(out, "</td><td class=\"n\">%lld</td><td class=\"n\">%lld</td><td><code>%s</code></td></tr>\n",
                        (long long)c->size, (long long)c->tensors, c->digest);
    }
    iso_text_puts(out, "</tbody></table>");
    iso_html_end_scroll(out);
    iso_text_puts(out, "</details>\n");
}

/* The root behind the last step of each epoch and of the run; of many epochs the last ones. */
static void write_states(iso_text *out, const iso_history *h) {
    char hex[2 * ISO_BLAKE3_SIZE + 1];
    int shown = 0;
    iso_text_puts(out, "<details><summary>State roots at ends of epochs</summary>");
    iso_html_begin_scroll(out, "State roots");
    iso_text_puts(out, "<table class=\"states\"><caption>The newest first, 50 at most; the ledger has more.</caption><thead><tr>"
                       "<th scope=\"col\" class=\"n\">Step</th><th scope=\"col\" class=\"n\">Epoch</th><th scope=\"col\">State "
                       "root</th></tr></thead><tbody>\n");
    for (size_t i = h->step_count; i-- > 0 && shown < 50;) {
        if (i + 1 < h->step_count && h->steps[i].epoch == h->steps[i + 1].epoch)
            continue;
        iso_history_state(h, i, hex);
        if (!hex[0])
            continue;
        iso_text_printf(out,
                        "<tr><th scope=\"row\" class=\"n\">%lld</th><td class=\"n\">%lld</td><td><code>%s</code></td></tr>\n",
                        (long long)h->steps[i].step, (long long)h->steps[i].epoch, hex);
        shown++;
    }
    iso_text_puts(out, "</tbody></table>");
    iso_html_end_scroll(out);
    iso_text_puts(out, "</details>\n");
}

void iso_html_digests(iso_text *out, const iso_history *h, const char *label) {
    char hex[2 * ISO_BLAKE3_SIZE + 1] = "";
    for (int i = 0; i < ISO_BLAKE3_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", h->head[i]);
    if (label[0])
        iso_text_printf(out, "<h3>%s</h3>\n", label);
    iso_text_puts(out, "<dl class=\"list digests\">\n");
    iso_html_digest_entry(out, h->ended || h->nan_step ? "Digest of the run (head of its ledger)" : "Head of its ledger so far",
                          hex);
    for (size_t i = h->step_count; i-- > 0;) { /* the last step of a run that goes on may have none */
        iso_history_state(h, i, hex);
        if (hex[0]) {
            char name[64];
            snprintf(name, sizeof name, "State behind step %lld", (long long)h->steps[i].step);
            iso_html_digest_entry(out, name, hex);
            break;
        }
    }
    write_data(out, h, "train");
    write_data(out, h, "test");
    iso_html_digest_entry(out, "Model (names, types, shapes)", iso_json_string(&h->header, "model"));
    if (iso_json_string(&h->header, "weights"))
        iso_html_digest_entry(out, "Weights it starts from", iso_json_string(&h->header, "weights"));
    iso_html_entry(out, "Seed", "%s", iso_json_string(&h->header, "seed") ? iso_json_string(&h->header, "seed") : "–");
    iso_html_entry(out, "Stream", "%s", iso_json_string(&h->header, "stream") ? iso_json_string(&h->header, "stream") : "–");
    iso_html_entry(out, "Contract", "%lld", (long long)iso_json_int(&h->header, "contract", 0));
    iso_html_entry(out, "Begun by", "isobit %s",
                   iso_json_string(&h->header, "version") ? iso_json_string(&h->header, "version") : "–");
    iso_html_entry(out, "Lines of the ledger", "%zu", h->ledger->count);
    iso_text_puts(out, "</dl>\n");
    write_checkpoints(out, h);
    write_states(out, h);
    const char *recipe = iso_json_string(&h->header, "recipe");
    if (recipe) {
        iso_text_puts(out, "<details><summary>Recipe, as the ledger has it</summary><pre>");
        iso_html_text(out, recipe, strlen(recipe));
        iso_text_puts(out, "</pre></details>\n");
    }
}

/* ---- Environment ---- */

void iso_html_environment(iso_text *out, const iso_history *h, const char *label) {
    static const char *const names[] = {"Started", "Host",        "CPU",      "ISA",    "Threads",
                                        "Workers", "Micro-batch", "Compiler", "Version"};
    static const char *const keys[] = {"started", "host",        "cpu",      "isa",    "threads",
                                       "workers", "micro_batch", "compiler", "version"};
    if (label[0])
        iso_text_printf(out, "<h3>%s</h3>\n", label);
    if (!h->start_count) {
        iso_text_puts(out, "<p class=\"empty\">There is no run.env.</p>\n");
        return;
    }
    iso_html_begin_scroll(out, "Starts of the run");
    iso_text_printf(
        out, "<table class=\"starts\"><caption>%zu start%s, from run.env; nothing of it enters the digest.</caption><thead><tr>",
        h->start_count, h->start_count == 1 ? "" : "s: one, and then resumed");
    for (size_t i = 0; i < ISO_COUNTOF(names); i++)
        iso_text_printf(out, "<th scope=\"col\">%s</th>", names[i]);
    iso_text_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < h->start_count; i++) {
        iso_text_puts(out, "<tr>");
        for (size_t j = 0; j < ISO_COUNTOF(keys); j++) {
            const char *text = iso_json_string(&h->starts[i], keys[j]);
            int64_t number = iso_json_int(&h->starts[i], keys[j], 0);
            bool automatic = !text && number <= 0 && strcmp(keys[j], "threads") != 0;
            iso_text_puts(out, j ? "<td>" : "<th scope=\"row\">");
            if (text)
                iso_html_printf(out, "%s", text);
            else if (automatic)
                iso_text_puts(out, strcmp(keys[j], "workers") == 0 ? number < 0 ? "default" : "0" : "none");
            else
                iso_text_printf(out, "%lld", (long long)number);
            iso_text_puts(out, j ? "</td>" : "</th>");
        }
        iso_text_puts(out, "</tr>\n");
    }
    iso_text_puts(out, "</tbody></table>");
    iso_html_end_scroll(out);
}
