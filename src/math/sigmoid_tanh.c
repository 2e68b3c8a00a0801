/* tanh and the logistic function, correctly rounded. docs/contract.md#tanh-sigmoid */
#include "math/double_double.h"
#include "math/estimate.h"
#include "math/math.h"

float iso_tanhf(float x) {
    float y;
    if (x != x)
        return ISO_NAN;
    if (iso_estimate_decides(iso_tanh_estimate(x), &y))
        return y;
    double scale; /* expm1(2x) / (expm1(2x) + 2) */
    iso_dd m = iso_dd_exp((iso_dd){2 * (double)x, 0}, &scale);
    m = iso_dd_add(iso_dd_scale(m, scale), (iso_dd){scale - 1, 0});
    return iso_dd_to_float(iso_dd_quotient(m, iso_dd_add(m, (iso_dd){2, 0})));
}

float iso_sigmoidf(float x) {
    float y;
    if (x != x)
        return ISO_NAN;
    if (iso_estimate_decides(iso_sigmoid_estimate(x), &y))
        return y;
    double scale;
    iso_dd m = iso_dd_exp((iso_dd){-(double)x, 0}, &scale);
    m = iso_dd_add(iso_dd_scale(iso_dd_add((iso_dd){1, 0}, m), scale), (iso_dd){1, 0});
    return iso_dd_to_float(iso_dd_quotient((iso_dd){1, 0}, m));
}
