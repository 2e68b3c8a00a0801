#include "report/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Points ---- */

static iso_point point_of(const iso_history *h, iso_curve curve, size_t i) {
    if (curve == ISO_CURVE_TEST_LOSS || curve == ISO_CURVE_ACCURACY) {
        const iso_history_eval *e = &h->evals[i];
        double share = e->count ? 100 * (double)e->correct / (double)e->count : NAN;
        return (iso_point){(double)e->step, curve == ISO_CURVE_ACCURACY ? share : (double)e->loss};
    }
    const iso_history_step *s = &h->steps[i];
    double value = curve == ISO_CURVE_LOSS   ? (double)s->loss
                   : curve == ISO_CURVE_LR   ? s->lr
                   : curve == ISO_CURVE_NORM ? s->gradient_norm
                   : s->seconds > 0          ? (double)s->images / s->seconds
                                             : NAN;
    return (iso_point){(double)s->step, value};
}

static void note(iso_series *s, iso_point p) {
    if (!isfinite(p.y))
        return;
    if (isnan(s->first)) {
        s->first = s->low = s->high = p.y;
        s->low_at = s->high_at = p.x;
    }
    s->last = p.y;
    if (p.y < s->low) {
        s->low = p.y;
        s->low_at = p.x;
    }
    if (p.y > s->high) {
        s->high = p.y;
        s->high_at = p.x;
    }
}

static void keep(iso_series *s, iso_point p) {
    if (!s->count || s->points[s->count - 1].x < p.x)
        s->points[s->count++] = p;
}

/* Of the points from .. to - 1 the lowest and the highest in their order; a gap stays one. */
static void keep_extremes(iso_series *s, const iso_history *h, iso_curve curve, size_t from, size_t to) {
    iso_point low = {0, INFINITY}, high = {0, -INFINITY}, gap = {0, NAN};
    bool any = false, broken = false;
    for (size_t i = from; i < to; i++) {
        iso_point p = point_of(h, curve, i);
        note(s, p);
        if (!isfinite(p.y)) {
            gap = p;
            broken = true;
            continue;
        }
        any = true;
        low = p.y < low.y ? p : low;
        high = p.y > high.y ? p : high;
    }
    if (!any) {
        if (broken)
            keep(s, gap);
        return;
    }
    keep(s, low.x <= high.x ? low : high);
    keep(s, low.x <= high.x ? high : low);
}

iso_status iso_series_of(const iso_history *h, iso_curve curve, size_t buckets, iso_series *s) {
    bool evals = curve == ISO_CURVE_TEST_LOSS || curve == ISO_CURVE_ACCURACY;
    size_t count = evals ? h->eval_count : h->step_count;
    *s = (iso_series){.all = count, .first = NAN, .last = NAN, .low = NAN, .high = NAN, .low_at = NAN, .high_at = NAN};
    if (buckets < 1)
        buckets = 1;
    size_t room = count < 2 * buckets + 2 ? count : 2 * buckets + 2;
    if (!(s->points = iso_alloc_array(h->ctx, room, sizeof *s->points)))
        return ISO_ENOMEM;
    if (count <= 2 * buckets + 2) {
        for (size_t i = 0; i < count; i++) {
            note(s, point_of(h, curve, i));
            keep(s, point_of(h, curve, i));
        }
        return ISO_OK;
    }
    keep_extremes(s, h, curve, 0, 1);
    for (size_t b = 0; b < buckets; b++)
        keep_extremes(s, h, curve, 1 + (count - 2) * b / buckets, 1 + (count - 2) * (b + 1) / buckets);
    keep_extremes(s, h, curve, count - 1, count);
    return ISO_OK;
}

void iso_series_free(iso_context *ctx, iso_series *s) {
    iso_free(ctx, s->points);
    s->points = NULL;
    s->count = 0;
}

/* ---- Axes ---- */

/* 1, 2 or 5 times a power of ten, at least `least`. */
static double nice(double least) {
    double power = pow(10, floor(log10(least)));
    double steps[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++)
        if (steps[i] * power >= least * (1 - 1e-9))
            return steps[i] * power;
    return 10 * power;
}

iso_axis iso_axis_linear(double low, double high, int wanted, bool whole) {
    iso_axis axis = {.count = 0};
    if (!isfinite(low) || !isfinite(high)) {
        low = 0;
        high = 1;
    }
    if (!(high - low > 1e-9 * fmax(fabs(low), fabs(high)))) { /* one value: in the middle */
        double half = whole ? 1 : low != 0 ? fabs(low) / 2 : 1;
        low -= half;
        high += half;
    }
    double step = nice((high - low) / wanted);
    if (whole && step < 1)
        step = 1;
    axis.low = floor(low / step + 1e-9) * step;
    axis.high = ceil(high / step - 1e-9) * step;
    for (double tick = axis.low; tick <= axis.high + step / 2 && axis.count < ISO_MAX_TICKS; tick = axis.low + step * axis.count)
        axis.ticks[axis.count++] = fabs(tick) < step / 1e6 ? 0 : tick;
    return axis;
}

iso_axis iso_axis_log(double low, double high) {
    iso_axis axis = {.log = true};
    int first = (int)floor(log10(low) + 1e-9), last = (int)ceil(log10(high) - 1e-9);
    if (last <= first)
        last = first + 1;
    int every = (last - first + 5) / 6;
    last = first + (last - first + every - 1) / every * every; /* the top has a mark, too */
    axis.low = pow(10, first);
    axis.high = pow(10, last);
    for (int i = first; i <= last && axis.count < ISO_MAX_TICKS; i += every)
        axis.ticks[axis.count++] = pow(10, i);
    return axis;
}

double iso_axis_place(const iso_axis *axis, double value) {
    double place = axis->log ? (log10(value) - log10(axis->low)) / (log10(axis->high) - log10(axis->low))
                             : (value - axis->low) / (axis->high - axis->low);
    return place < 0 ? 0 : place > 1 ? 1 : place;
}

void iso_axis_label(const iso_axis *axis, double value, char label[32]) {
    if (axis->log && (value >= 1e4 || value < 1e-3)) {
        snprintf(label, 32, "1e%d", (int)floor(log10(value) + 0.5));
        return;
    }
    double largest = fmax(fabs(axis->low), fabs(axis->high));
    char number[40];
    bool millions = !axis->log && largest >= 1e7 && largest < 1e10, thousands = !axis->log && largest >= 1e4 && largest < 1e7;
    iso_short_number(millions ? value / 1e6 : thousands ? value / 1e3 : value, 6, number);
    snprintf(label, 32, "%.28s%s", number, value == 0 ? "" : millions ? "M" : thousands ? "k" : "");
}

void iso_short_number(double value, int digits, char text[40]) {
    if (!isfinite(value)) {
        snprintf(text, 40, "–");
        return;
    }
    bool whole = fabs(value) < 1e9 && fabs(value) >= pow(10, digits - 1); /* no exponent where a number can be read */
    snprintf(text, 40, whole ? "%.*f" : "%.*g", whole ? 0 : digits, value);
    for (char *c = text; *c; c++) /* the decimal point of a host program's locale */
        if (*c == ',')
            *c = '.';
}
