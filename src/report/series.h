/* Curves: which of their points to draw, and where an axis has its marks. */
#ifndef ISO_REPORT_SERIES_H
#define ISO_REPORT_SERIES_H

#include "core/text.h"
#include "report/history.h"

typedef struct iso_point {
    double x, y; /* y not finite: a gap */
} iso_point;

/* Points in ascending order of x. */
typedef struct iso_series {
    iso_point *points;
    size_t count;
    size_t all;                                     /* how many there were before thinning */
    double first, last, low, high, low_at, high_at; /* of the finite ones, before thinning; NaN: there are none */
} iso_series;

typedef enum iso_curve {
    ISO_CURVE_LOSS,
    ISO_CURVE_TEST_LOSS,
    ISO_CURVE_ACCURACY, /* in per cent */
    ISO_CURVE_LR,
    ISO_CURVE_NORM,
    ISO_CURVE_THROUGHPUT,
    ISO_CURVES
} iso_curve;

/* The curve of a run over its steps, of at most about 2 * buckets points: of every bucket of steps the lowest and the highest,
 * and the ends. */
iso_status iso_series_of(const iso_history *history, iso_curve curve, size_t buckets, iso_series *series);
void iso_series_free(iso_context *ctx, iso_series *series);

#define ISO_MAX_TICKS 12

/* An axis from low to high, widened to its outer marks. */
typedef struct iso_axis {
    double low, high;
    bool log;
    double ticks[ISO_MAX_TICKS];
    int count;
} iso_axis;

/* About `wanted` marks. `whole`: at whole numbers only. */
iso_axis iso_axis_linear(double low, double high, int wanted, bool whole);
iso_axis iso_axis_log(double low, double high);
/* The position of a value, from 0 to 1. */
double iso_axis_place(const iso_axis *axis, double value);
/* "0.5", "20k", "1e-05" */
void iso_axis_label(const iso_axis *axis, double value, char label[32]);

/* A number with `digits` significant digits, as few as say the same: "0.0123", "1.5e+09"; "–" if it is not finite. */
void iso_short_number(double value, int digits, char text[40]);

#endif
