#include <math.h>
#include <stdio.h>

#include "expr/expr.h"
#include "report/html.h"

#define SIDE      1000.0 /* of the picture, whatever it measures on a screen */
#define MOST_DOTS 64

static bool is_test(iso_curve curve) {
    return curve == ISO_CURVE_TEST_LOSS || curve == ISO_CURVE_ACCURACY;
}

/* Lines of one run are told apart by colour, those of two by run; tests are bold. */
static const char *class_of(const iso_plot *plot, const iso_plot_line *line) {
    if (!plot->runs && plot->count > 1)
        return is_test(line->curve) ? "bold beside" : "thin a";
    if (is_test(line->curve))
        return line->run ? "bold b" : "bold a";
    return line->run ? "thin b" : "thin a";
}

/* A value as its column of a table shows it: loss and norm are binary32. */
static void write_value(iso_text *out, iso_curve curve, double y) {
    char text[40];
    if (!isfinite(y))
        iso_text_puts(out, isnan(y) ? "–" : y < 0 ? "-inf" : "inf");
    else if (curve == ISO_CURVE_LOSS || curve == ISO_CURVE_TEST_LOSS || curve == ISO_CURVE_NORM)
        iso_write_repr_f32(out, (float)y);
    else if (curve == ISO_CURVE_LR)
        iso_write_repr(out, y);
    else {
        iso_short_number(y, 6, text);
        iso_text_puts(out, text);
    }
}

/* ---- Axes ---- */

static void limits(const iso_plot *plot, double *low, double *high) {
    *low = INFINITY;
    *high = -INFINITY;
    for (int i = 0; i < plot->count; i++) {
        const iso_series *s = &plot->lines[i].series;
        if (!isnan(s->low)) {
            *low = fmin(*low, s->low);
            *high = fmax(*high, s->high);
        }
    }
}

/* The steps themselves, and marks at round ones among them. */
static iso_axis step_axis(double first, double last) {
    iso_axis axis = iso_axis_linear(first, last, 5, true);
    int kept = 0;
    if (!(last > first))
        return axis;
    for (int i = 0; i < axis.count; i++)
        if (axis.ticks[i] >= first && axis.ticks[i] <= last)
            axis.ticks[kept++] = axis.ticks[i];
    axis.count = kept;
    axis.low = first;
    axis.high = last;
    return axis;
}

static void write_marks(iso_text *out, const iso_axis *x, const iso_axis *y) {
    char label[32];
    for (int i = 0; i < y->count; i++) {
        iso_axis_label(y, y->ticks[i], label);
        iso_text_printf(out, "<span class=\"y\" style=\"bottom:%d.%d%%\">%s</span>",
                        (int)(1000 * iso_axis_place(y, y->ticks[i])) / 10, (int)(1000 * iso_axis_place(y, y->ticks[i])) % 10,
                        label);
    }
    for (int i = 0; i < x->count; i++) {
        iso_axis_label(x, x->ticks[i], label);
        iso_text_printf(out, "<span class=\"x\" style=\"left:%d.%d%%\">%s</span>",
                        (int)(1000 * iso_axis_place(x, x->ticks[i])) / 10, (int)(1000 * iso_axis_place(x, x->ticks[i])) % 10,
                        label);
    }
    iso_text_puts(out, "<span class=\"name\">step</span>");
}

/* Coordinates in tenths, as integers: no locale writes another point. */
static void coordinate(iso_text *out, const char *before, double value) {
    int64_t tenths = (int64_t)(value * 10 + 0.5);
    iso_text_printf(out, "%s%lld", before, (long long)(tenths / 10));
    if (tenths % 10)
        iso_text_printf(out, ".%lld", (long long)(tenths % 10));
}
static void place(iso_text *out, const char *command, const iso_axis *x, const iso_axis *y, double px, double py) {
    coordinate(out, command, SIDE * iso_axis_place(x, px));
    coordinate(out, " ", SIDE * (1 - iso_axis_place(y, py)));
}

static void write_grid(iso_text *out, const iso_plot *plot, const iso_axis *x, const iso_axis *y) {
    iso_text_puts(out, "<path class=\"grid\" d=\"");
    for (int i = 0; i < y->count; i++)
        coordinate(out, "M0 ", SIDE * (1 - iso_axis_place(y, y->ticks[i]))), iso_text_puts(out, "h1000");
    iso_text_puts(out, "\"/><path class=\"base\" d=\"M0 1000h1000");
    for (int i = 0; i < x->count; i++) {
        coordinate(out, "M", SIDE * iso_axis_place(x, x->ticks[i]));
        iso_text_puts(out, " 1000v18");
    }
    iso_text_puts(out, "\"/>");
    if (isfinite(plot->parted) && plot->parted >= x->low && plot->parted <= x->high) {
        coordinate(out, "<path class=\"parted\" d=\"M", SIDE * iso_axis_place(x, plot->parted));
        iso_text_puts(out, " 0v1000\"/>");
    }
}

/* ---- Curves ---- */

static void write_path(iso_text *out, const iso_plot *plot, const iso_plot_line *line, const iso_axis *x, const iso_axis *y) {
    const iso_series *s = &line->series;
    bool drawn = false;
    iso_text_printf(out, "<path class=\"%s\" d=\"", class_of(plot, line));
    for (size_t i = 0; i < s->count; i++) {
        iso_point p = s->points[i];
        if (!isfinite(p.y) || (y->log && p.y <= 0)) {
            drawn = false;
            continue;
        }
        if (drawn && plot->stairs)
            coordinate(out, "H", SIDE * iso_axis_place(x, p.x));
        place(out, drawn ? "L" : "M", x, y, p.x, p.y);
        bool alone = !drawn && (i + 1 == s->count || !isfinite(s->points[i + 1].y));
        if (alone)
            iso_text_puts(out, "h.01");
        drawn = true;
    }
    iso_text_puts(out, "\"/>");
}

/* A point is a line of no length with round ends, so it stays round however the picture is stretched. */
static void write_dots(iso_text *out, const iso_plot *plot, const iso_plot_line *line, const iso_axis *x, const iso_axis *y) {
    const iso_series *s = &line->series;
    if (s->count != 1 && (!is_test(line->curve) || s->count > MOST_DOTS))
        return;
    iso_text_printf(out, "<path class=\"dots %s\" d=\"",
                    line->run || (!plot->runs && plot->count > 1 && is_test(line->curve)) ? "beside" : "a");
    for (size_t i = 0; i < s->count; i++)
        if (isfinite(s->points[i].y)) {
            place(out, "M", x, y, s->points[i].x, s->points[i].y);
            iso_text_puts(out, "h.01");
        }
    iso_text_puts(out, "\"/>");
}

/* ---- Words ---- */

static void line_name(iso_text *out, const iso_plot *plot, const iso_plot_line *line) {
    iso_html_printf(out, plot->runs ? "%s, %c" : "%s", line->name, "AB"[line->run]);
}

static void write_legend(iso_text *out, const iso_plot *plot) {
    bool parted = isfinite(plot->parted) && plot->parted >= plot->first && plot->parted <= plot->last;
    if (plot->count < 2 && !parted)
        return;
    iso_text_puts(out, "<ul class=\"legend\">");
    for (int i = 0; i < plot->count; i++) {
        iso_text_printf(
            out,
            "<li><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\" focusable=\"false\"><path class=\"%s\" d=\"M1 5h24\"/></svg>",
            class_of(plot, &plot->lines[i]));
        line_name(out, plot, &plot->lines[i]);
        iso_text_puts(out, "</li>");
    }
    if (parted)
        iso_text_puts(out, "<li><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\" focusable=\"false\"><path class=\"parted\" "
                           "d=\"M1 5h24\"/></svg>first difference</li>");
    iso_text_puts(out, "</ul>");
}

static void describe(iso_text *out, const iso_plot *plot) {
    iso_html_printf(out, "%s by step.", plot->title);
    for (int i = 0; i < plot->count; i++) {
        const iso_plot_line *line = &plot->lines[i];
        const iso_series *s = &line->series;
        iso_text_puts(out, " ");
        line_name(out, plot, line);
        if (isnan(s->first)) {
            iso_text_puts(out, ": no values.");
            continue;
        }
        char first[40], last[40], low[40], high[40];
        iso_short_number(s->first, 4, first);
        iso_short_number(s->last, 4, last);
        iso_short_number(s->low, 4, low);
        iso_short_number(s->high, 4, high);
        iso_html_printf(out, ": from %s to %s, lowest %s at step %.0f, highest %s at step %.0f.", first, last, low, s->low_at,
                        high, s->high_at);
    }
    if (isfinite(plot->parted))
        iso_html_printf(out, " The runs part at step %.0f.", plot->parted);
}

static void write_table(iso_text *out, const iso_plot *plot) {
    size_t points = 0, all = 0;
    for (int i = 0; i < plot->count; i++) {
        points += plot->lines[i].series.count;
        all += plot->lines[i].series.all;
    }
    iso_text_puts(out, "<details><summary>");
    iso_html_printf(out, "%s as a table", plot->title);
    iso_text_puts(out, "</summary>");
    iso_html_begin_scroll(out, plot->title);
    iso_text_printf(out, "<table id=\"table-%s\"><caption>", plot->id);
    if (points < all)
        iso_html_printf(out, "%zu of %zu values: the lowest and the highest of every run of steps.", points, all);
    else
        iso_html_printf(out, "All %zu values.", all);
    iso_text_puts(out, "</caption><thead><tr><th scope=\"col\" class=\"n\">Step</th>");
    if (plot->count > 1)
        iso_text_puts(out, "<th scope=\"col\">Curve</th>");
    iso_text_puts(out, "<th scope=\"col\" class=\"n\">");
    iso_html_printf(out, plot->unit[0] ? "%s (%s)" : "%s", plot->title, plot->unit);
    iso_text_puts(out, "</th></tr></thead><tbody>\n");
    for (int i = 0; i < plot->count; i++) {
        const iso_plot_line *line = &plot->lines[i];
        for (size_t j = 0; j < line->series.count; j++) {
            iso_text_printf(out, "<tr data-curve=\"%s\" data-run=\"%c\"><th scope=\"row\" class=\"n\">%.0f</th>", line->key,
                            "AB"[line->run], line -> series.points[j].x);
            if (plot->count > 1) {
                iso_text_puts(out, "<td>");
                line_name(out, plot, line);
                iso_text_puts(out, "</td>");
            }
            iso_text_puts(out, "<td class=\"n\">");
            write_value(out, line->curve, line->series.points[j].y);
            iso_text_puts(out, "</td></tr>\n");
        }
    }
    iso_text_puts(out, "</tbody></table>");
    iso_html_end_scroll(out);
    iso_text_puts(out, "</details>");
}

/* ---- The figure ---- */

void iso_plot_write(iso_text *out, const iso_plot *plot) {
    double low, high;
    limits(plot, &low, &high);
    iso_text_printf(out, "<figure class=\"plot\" id=\"plot-%s\" aria-labelledby=\"title-%s\">\n<figcaption><h3 id=\"title-%s\">",
                    plot->id, plot->id, plot->id);
    iso_html_printf(out, "%s", plot->title);
    iso_text_puts(out, "</h3>");
    if (plot->unit[0]) {
        iso_text_puts(out, "<span class=\"unit\">");
        iso_html_printf(out, "%s", plot->unit);
        iso_text_puts(out, "</span>");
    }
    if (!isfinite(low)) {
        iso_text_puts(out, "</figcaption><p class=\"empty\">There are no values.</p></figure>\n");
        return;
    }
    write_legend(out, plot);
    bool log = plot->log && low > 0 && high / low >= 30;
    if (plot->zero && low > 0 && !log)
        low = 0;
    iso_axis x = step_axis(plot->first, plot->last), y = log ? iso_axis_log(low, high) : iso_axis_linear(low, high, 4, false);
    iso_text_puts(out, "</figcaption>\n<div class=\"frame\" role=\"img\" aria-label=\"");
    describe(out, plot);
    iso_text_puts(out,
                  "\"><svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">");
    write_grid(out, plot, &x, &y);
    for (int i = 0; i < plot->count; i++)
        write_path(out, plot, &plot->lines[i], &x, &y);
    for (int i = 0; i < plot->count; i++)
        write_dots(out, plot, &plot->lines[i], &x, &y);
    iso_text_puts(out, "</svg>");
    write_marks(out, &x, &y);
    iso_text_puts(out, "</div>\n");
    if (plot->note) {
        iso_text_puts(out, "<p class=\"note\">");
        iso_html_printf(out, "%s", plot->note);
        iso_text_puts(out, "</p>");
    }
    write_table(out, plot);
    iso_text_puts(out, "</figure>\n");
}
