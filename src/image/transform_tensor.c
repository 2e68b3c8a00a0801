/* ToTensor, PILToTensor, ConvertImageDtype, Normalize: v / 255 as one division; (x - mean), rounded, / std. */
#include <string.h>

#include "image/transforms.h"

static iso_status check_to_tensor(iso_context *ctx, const iso_transform *t, iso_form *form) {
    (void)ctx, (void)t;
    form->kind = ISO_FORM_FLOATS;
    return ISO_OK;
}

static float to_tensor(const iso_transform *t, int channel, float x) {
    (void)t, (void)channel;
    return x / 255.0f;
}

static const iso_signature to_tensor_signature = {"ToTensor", NULL, 0};
const iso_transform_class iso_to_tensor_class = {
    .signature = &to_tensor_signature, .stage = ISO_TO_TENSOR, .check = check_to_tensor, .number = to_tensor};

/* ---- PILToTensor: bytes as they are ---- */

static iso_status check_pil_to_tensor(iso_context *ctx, const iso_transform *t, iso_form *form) {
    (void)ctx, (void)t;
    form->kind = ISO_FORM_BYTES;
    return ISO_OK;
}

static float same(const iso_transform *t, int channel, float x) {
    (void)t, (void)channel;
    return x;
}

static const iso_signature pil_to_tensor_signature = {"PILToTensor", NULL, 0};
const iso_transform_class iso_pil_to_tensor_class = {
    .signature = &pil_to_tensor_signature, .stage = ISO_TO_TENSOR, .check = check_pil_to_tensor, .number = same};

/* ---- ConvertImageDtype ---- */

float iso_float_to_byte(float x) {
    return x > -9e18f && x < 9e18f ? (float)(uint8_t)(int64_t)x : 0;
}

static iso_status configure_convert(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    const char *text = a[0].expr->kind == ISO_EXPR_NAME ? a[0].expr->text : "", *dot = strrchr(text, '.');
    const char *name = dot ? dot + 1 : text;
    t->to_bytes = strcmp(name, "uint8") == 0;
    if (t->to_bytes || strcmp(name, "float32") == 0 || strcmp(name, "float") == 0)
        return ISO_OK;
    return iso_fail(ctx, ISO_EINVAL, "ConvertImageDtype: dtype must be torch.float32 or torch.uint8");
}

static iso_status check_convert(iso_context *ctx, const iso_transform *t, iso_form *form) {
    (void)ctx;
    form->kind = t->to_bytes ? ISO_FORM_BYTES : ISO_FORM_FLOATS;
    return ISO_OK;
}

/* torch.float32: v / 255; torch.uint8: x * 255.999, cut off. */
static float convert(const iso_transform *t, int channel, float x) {
    (void)channel;
    bool from_bytes = t->in.kind == ISO_FORM_BYTES;
    return from_bytes == t->to_bytes ? x : from_bytes ? x / 255.0f : iso_float_to_byte(x * (float)(255.0 + 1.0 - 1e-3));
}

static const iso_param convert_params[] = {{"dtype", ISO_ARG_ANY, NULL, 0, 0, false, "torch.float32 or torch.uint8"}};
static const iso_signature convert_signature = {"ConvertImageDtype", convert_params, ISO_COUNTOF(convert_params)};
const iso_transform_class iso_convert_image_dtype_class = {.signature = &convert_signature,
                                                           .stage = ISO_ON_TENSOR,
                                                           .configure = configure_convert,
                                                           .check = check_convert,
                                                           .number = convert};

/* ---- Normalize ---- */

static iso_status configure_normalize(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    if (a[0].count != a[1].count || (a[0].count != 1 && a[0].count != 3))
        return iso_fail(ctx, ISO_EINVAL, "Normalize: mean and std must be lists of one or three numbers each");
    t->channels = a[0].count;
    for (size_t c = 0; c < 3; c++) {
        t->mean[c] = (float)a[0].f[t->channels == 1 ? 0 : c];
        t->std[c] = (float)a[1].f[t->channels == 1 ? 0 : c];
        if (t->std[c] == 0)
            return iso_fail(ctx, ISO_EINVAL, "Normalize: a std of 0 would divide by zero");
    }
    return ISO_OK;
}

static iso_status check_normalize(iso_context *ctx, const iso_transform *t, iso_form *form) {
    if (form->kind != ISO_FORM_FLOATS)
        return iso_fail(ctx, ISO_EINVAL, "Normalize works on floats: ConvertImageDtype(torch.float32) is missing before it");
    if (t->channels != 1 && t->channels != (size_t)form->channels)
        return iso_fail(ctx, ISO_EINVAL, "Normalize has %zu means, but the images have %d channel%s", t->channels, form->channels,
                        form->channels == 1 ? "" : "s");
    return ISO_OK;
}

static float normalize(const iso_transform *t, int channel, float x) {
    return (x - t->mean[channel]) / t->std[channel];
}

static const iso_param normalize_params[] = {
    {"mean", ISO_ARG_FLOATS, NULL, 0, 0, false},
    {"std", ISO_ARG_FLOATS, NULL, 0, 0, false},
    {"inplace", ISO_ARG_BOOL, "False", 0, 0, false},
};
static const iso_signature normalize_signature = {"Normalize", normalize_params, ISO_COUNTOF(normalize_params)};
const iso_transform_class iso_normalize_class = {.signature = &normalize_signature,
                                                 .stage = ISO_ON_TENSOR,
                                                 .configure = configure_normalize,
                                                 .check = check_normalize,
                                                 .number = normalize};
