/* What isobit diff found, and the values around it as a picture. */
#include <stdio.h>
#include <string.h>

#include "report/html.h"

/* ---- The picture ---- */

static uint64_t distance(iso_dtype dtype, uint64_t a, uint64_t b) {
    if (dtype == ISO_FLOAT32)
        return iso_ulp_distance((uint32_t)a, (uint32_t)b);
    return (int64_t)a > (int64_t)b ? a - b : b - a;
}

static int bits_of(uint64_t distance_) {
    int bits = 0;
    for (; distance_; distance_ >>= 1)
        bits++;
    return bits;
}

/* 0: equal; 1: neighbours; then by the bits of the distance. */
static int level_of(int bits) {
    return bits == 0 ? 0 : bits == 1 ? 1 : bits <= 4 ? 2 : bits <= 8 ? 3 : bits <= 16 ? 4 : 5;
}

static void write_index(iso_text *out, const iso_diff_findings *f, int64_t element) {
    if (f->dims < 1)
        iso_text_printf(out, "%lld", (long long)element);
    else
        iso_write_index(out, f->dims, f->shape, element);
}

static int64_t element_of(const iso_diff_window *w, int i) {
    return (w->first_row + i / w->columns) * w->row + w->first_column + i % w->columns;
}

static void write_scale(iso_text *out, const char *unit) {
    static const char *const names[] = {"equal", "1", "2 – 15", "16 – 255", "256 – 65,535", "further"};
    iso_text_puts(out, "<ul class=\"scale\" aria-hidden=\"true\">");
    for (int i = 0; i < 6; i++)
        iso_text_printf(out, "<li><span class=\"l%d\"></span>%s%s</li>", i, names[i], i && i < 5 ? unit : "");
    iso_text_puts(out, "</ul>");
}

static void write_cells(iso_text *out, const iso_diff_findings *f) {
    const iso_diff_window *w = &f->tensor.window;
    for (int i = 0; i < w->rows * w->columns; i++) {
        if (i % w->columns == 0)
            iso_text_printf(out, "<i>%lld</i>", (long long)element_of(w, i));
        int bits = bits_of(distance(f->tensor.dtype, w->bits[0][i], w->bits[1][i]));
        bool first = element_of(w, i) == f->tensor.element;
        iso_text_printf(out, "<b class=\"l%d%s\" title=\"", level_of(bits), first ? " first" : "");
        write_index(out, f, element_of(w, i));
        iso_text_puts(out, ": ");
        iso_write_element(out, f->tensor.dtype, w->bits[0][i]);
        iso_text_puts(out, " in A, ");
        iso_write_element(out, f->tensor.dtype, w->bits[1][i]);
        iso_text_puts(out, " in B\">");
        if (bits)
            iso_text_printf(out, "%d", bits);
        iso_text_puts(out, "</b>");
    }
}

static void write_window_table(iso_text *out, const iso_diff_findings *f, const char *unit) {
    const iso_diff_window *w = &f->tensor.window;
    iso_text_puts(out, "<details><summary>These values as a table</summary>");
    iso_html_begin_scroll(out, "Values around the first difference");
    iso_text_printf(
        out,
        "<table id=\"table-window\"><thead><tr><th scope=\"col\">Index</th><th scope=\"col\">A</th><th scope=\"col\">B</th>"
        "<th scope=\"col\" class=\"n\">Distance (%s)</th></tr></thead><tbody>\n",
        unit);
    for (int i = 0; i < w->rows * w->columns; i++) {
        iso_text_printf(out, "<tr data-element=\"%lld\"><th scope=\"row\">", (long long)element_of(w, i));
        write_index(out, f, element_of(w, i));
        for (int side = 0; side < 2; side++) {
            iso_text_puts(out, side ? "</td><td>" : "</th><td>");
            iso_write_element(out, f->tensor.dtype, w->bits[side][i]);
        }
        iso_text_printf(out, "</td><td class=\"n\">%llu</td></tr>\n",
                        (unsigned long long)distance(f->tensor.dtype, w->bits[0][i], w->bits[1][i]));
    }
    iso_text_puts(out, "</tbody></table>");
    iso_html_end_scroll(out);
    iso_text_puts(out, "</details>\n");
}

static void write_picture(iso_text *out, const iso_diff_findings *f) {
    const iso_diff_window *w = &f->tensor.window;
    const char *unit = f->tensor.dtype == ISO_FLOAT32 ? " ULP" : "";
    int differing = 0, count = w->rows * w->columns;
    for (int i = 0; i < count; i++)
        differing += w->bits[0][i] != w->bits[1][i];
    iso_text_puts(out, "<h3>The values around it</h3>\n<p class=\"note\">");
    iso_html_printf(out,
                    "%s, seen as rows of %lld elements: %d of the %d shown differ. A number says how many bits the distance "
                    "between A and B takes; "
                    "the first difference has a frame.",
                    f->tensor.tensor, (long long)w->row, differing, count);
    iso_text_printf(
        out,
        "</p>\n<div class=\"heat\" role=\"img\" style=\"grid-template-columns:auto repeat(%d,minmax(0,1.9rem))\" aria-label=\"",
        w->columns);
    iso_html_printf(out, "%d of %d elements around the first difference differ; the table below has their values.", differing,
                    count);
    iso_text_puts(out, "\">");
    write_cells(out, f);
    iso_text_puts(out, "</div>\n");
    write_scale(out, unit);
    write_window_table(out, f, f->tensor.dtype == ISO_FLOAT32 ? "ULP" : "units");
}

/* ---- The words ---- */

static void write_element_entries(iso_text *out, const iso_diff_findings *f) {
    const iso_tensor_difference *t = &f->tensor;
    iso_text value = iso_text_new(f->ctx);
    for (int side = 0; side < 2; side++) {
        iso_text_clear(&value);
        iso_write_element(&value, t->dtype, t->bits[side]);
        iso_html_entry(out, side ? "Value in B" : "Value in A", "%s", iso_text_ok(&value) ? value.data : "");
    }
    iso_text_clear(&value);
    write_index(&value, f, t->element);
    iso_html_entry(out, "Index", "%s (element %lld)", iso_text_ok(&value) ? value.data : "", (long long)t->element);
    if (t->dtype == ISO_FLOAT32)
        iso_html_entry(out, "Distance", "%llu ULP",
                       (unsigned long long)iso_ulp_distance((uint32_t)t->bits[0], (uint32_t)t->bits[1]));
    out->failed |= !iso_text_ok(&value);
    iso_text_free(&value);
}

static void write_entries(iso_text *out, const iso_diff_findings *f) {
    const iso_tensor_difference *t = &f->tensor;
    iso_text_puts(out, "<dl class=\"list\" id=\"difference\">\n");
    if (f->step >= 0)
        iso_html_entry(out, "First step that differs", "%lld", (long long)f->step);
    if (f->kind[0])
        iso_html_entry(out, "First in the ledger", "%s line%s%s", f->kind, f->member[0] ? ", " : "", f->member);
    if (f->operation[0])
        iso_html_entry(out, "Operation", "%s", f->operation);
    if (t->tensor[0])
        iso_html_entry(out, "Tensor", "%s%s", t->tensor,
                       t->missing[0]    ? ", which A does not have"
                       : t->missing[1]  ? ", which B does not have"
                       : t->other_shape ? ", of another shape"
                                        : "");
    if (t->tensor[0] && t->element >= 0)
        write_element_entries(out, f);
    if (t->step >= 0 && t->tensor[0])
        iso_html_entry(out, "Found in", "the checkpoints of step %lld", (long long)t->step);
    if (t->total)
        iso_html_entry(out, "Tensors that differ", "%lld of %lld", (long long)t->differing, (long long)t->total);
    iso_text_puts(out, "</dl>\n");
}

void iso_html_difference(iso_text *out, const iso_diff_findings *f) {
    bool equal = iso_diff_equal(f);
    iso_text_printf(out,
                    "<section aria-labelledby=\"h-difference\">\n<h2 id=\"h-difference\">%s</h2>\n<div "
                    "class=\"verdict%s\">\n<p><strong>%s</strong> ",
                    equal ? "Comparison" : "The first difference", equal ? " equal" : "",
                    equal ? "The runs are equal." : "The runs differ.");
    if (equal)
        iso_text_puts(out, "Every line of their ledgers has the same bytes.");
    else if (f->cause.kind)
        iso_html_printf(out, "Cause: %s: %s.", f->cause.kind, f->cause.detail);
    else if (f->step >= 0)
        iso_text_puts(out, "Recipe, seed, stream, data and program are equal.");
    iso_text_puts(out, "</p>\n");
    if (f->environment[0]) {
        iso_text_puts(out, "<p>May differ, and does: ");
        iso_html_printf(out, "%s.", f->environment);
        iso_text_puts(out, "</p>\n");
    }
    for (int i = 0; i < 2; i++) {
        const char *texts[] = {f->side[i].damaged, f->side[i].fault};
        for (int j = 0; j < 2; j++)
            if (texts[j][0]) {
                iso_text_puts(out, "<p class=\"bad\">");
                if (j == 0)
                    iso_text_printf(out, "%c is damaged: ", iso_diff_side_name[i]);
                iso_html_printf(out, "%s", texts[j]);
                iso_text_puts(out, "</p>\n");
            }
    }
    if (f->note[0]) {
        iso_text_puts(out, "<p>");
        iso_html_printf(out, "%s.", f->note);
        iso_text_puts(out, "</p>\n");
    }
    iso_text_puts(out, "</div>\n");
    if (f->step >= 0)
        write_entries(out, f);
    if (f->tensor.window.rows)
        write_picture(out, f);
    iso_text_puts(out, "</section>\n");
}
