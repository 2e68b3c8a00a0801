/* exp, log, expm1, log1p, correctly rounded. docs/contract.md#exp-log
 *
 * First binary64, with an error bound; where both ends of the error interval round to the same binary32 number, that is the
 * result. In the rare other cases (about one argument in 2^15) the value is computed again to about 100 bits, which decides:
 * `make prove` compares all 2^32 arguments with MPFR. The other files of this room do the same. */
#include "math/double_double.h"
#include "math/estimate.h"
#include "math/math.h"

float iso_expf(float x) {
    float y;
    if (x != x)
        return ISO_NAN;
    if (x > 0x1.62e42ep+6f) /* log(2^128) */
        return ISO_INFINITY;
    if (x < -0x1.9fe36ap+6f) /* log(2^-150): rounds to 0 */
        return 0;
    if (iso_estimate_decides(iso_exp_estimate(x), &y))
        return y;
    double scale;
    iso_dd m = iso_dd_exp((iso_dd){x, 0}, &scale);
    return iso_dd_to_float(iso_dd_scale(iso_dd_add((iso_dd){1, 0}, m), scale));
}

float iso_expm1f(float x) {
    float y;
    if (x != x)
        return ISO_NAN;
    if (x > 0x1.62e42ep+6f)
        return ISO_INFINITY;
    if (iso_estimate_decides(iso_expm1_estimate(x), &y))
        return y;
    double scale;
    iso_dd m = iso_dd_exp((iso_dd){x, 0}, &scale);
    return iso_dd_to_float(iso_dd_add(iso_dd_scale(m, scale), (iso_dd){scale - 1, 0}));
}

/* log(x) for a sum of two doubles, the second far below the first. */
static float log_accurate(iso_dd x) {
    double e, f = iso_split_estimate(x.high, &e), unit = iso_double_from_bits((uint64_t)(1023 - (int)e) << 52);
    return iso_dd_to_float(iso_dd_log(iso_two_sum(f, x.low * unit), e));
}

float iso_logf(float x) {
    float y;
    if (x != x || x < 0)
        return ISO_NAN;
    if (x == 0)
        return -ISO_INFINITY;
    if (x == ISO_INFINITY)
        return x;
    return iso_estimate_decides(iso_log_estimate(x), &y) ? y : log_accurate((iso_dd){x, 0});
}

float iso_log1pf(float x) {
    float y;
    if (x != x || x < -1)
        return ISO_NAN;
    if (x == -1)
        return -ISO_INFINITY;
    if (x == ISO_INFINITY)
        return x;
    if (iso_estimate_decides(iso_log1p_estimate(x), &y))
        return y;
    if (x > -0.25f && x < 0.25f) /* 1 + x is two numbers already from which x must not be lost */
        return iso_dd_to_float(iso_dd_log((iso_dd){x, 0}, 0));
    return log_accurate(iso_two_sum(1, x));
}
