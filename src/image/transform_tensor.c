/* ToTensor and Normalize. Their arithmetic is the table of transforms.c: v / 255 as one division, then (x - mean), rounded, / std. */
#include "image/transforms.h"

static const iso_signature to_tensor_signature = {"ToTensor", NULL, 0};
const iso_transform_class iso_to_tensor_class = {&to_tensor_signature, ISO_TO_TENSOR, NULL, NULL, NULL, false};

static iso_status configure_normalize(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    if (a[0].count != a[1].count || (a[0].count != 1 && a[0].count != 3))
        return iso_fail(ctx, ISO_EINVAL, "Normalize: mean and std must be lists of one or three numbers each");
    t->channels = a[0].count;
    for (size_t c = 0; c < t->channels; c++) {
        t->mean[c] = (float)a[0].f[c];
        t->std[c] = (float)a[1].f[c];
        if (t->std[c] == 0)
            return iso_fail(ctx, ISO_EINVAL, "Normalize: a std of 0 would divide by zero");
    }
    return ISO_OK;
}

static const iso_param normalize_params[] = {
    {"mean", ISO_ARG_FLOATS, NULL, 0, 0, false},
    {"std", ISO_ARG_FLOATS, NULL, 0, 0, false},
    {"inplace", ISO_ARG_BOOL, "False", 0, 0, false},
};
static const iso_signature normalize_signature = {"Normalize", normalize_params, ISO_COUNTOF(normalize_params)};
const iso_transform_class iso_normalize_class = {&normalize_signature, ISO_ON_TENSOR, configure_normalize, NULL, NULL, false};
