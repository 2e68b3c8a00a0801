/* The stream command as functions of the library: its state, and what isobit/run.h declares. */
#include "stream/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "isobit/random/numpy_legacy.h"
#include "isobit/random/python.h"
#include "isobit/run.h"
#include "stream/call.h"

static iso_status new_torch(iso_context *ctx, iso_stream *s, uint64_t seed, iso_torch_variant variant) {
    iso_status status = iso_value_object(ctx, &s->torch, ISO_VALUE_TORCH_GENERATOR, sizeof(iso_torch_generator));
    if (status)
        return status;
    iso_torch_generator *g = s->torch.data;
    g->variant = variant;
    iso_torch_manual_seed(g, seed);
    return ISO_OK;
}

static iso_status new_python(iso_context *ctx, iso_stream *s, uint64_t seed, int version) {
    iso_status status = iso_value_object(ctx, &s->python, ISO_VALUE_PY_RANDOM, sizeof(iso_py_random));
    if (status)
        return status;
    iso_py_random *g = s->python.data;
    g->version = version;
    iso_py_seed_words(g, (uint32_t[]){(uint32_t)seed, (uint32_t)(seed >> 32)}, 2);
    return ISO_OK;
}

static iso_status new_numpy(iso_context *ctx, iso_stream *s, uint64_t seed, int release) {
    iso_status status = iso_value_object(ctx, &s->numpy, ISO_VALUE_NP_RANDOM_STATE, sizeof(iso_np_random_state));
    if (status)
        return status;
    iso_np_random_state *rs = s->numpy.data;
    rs->release = release;
    iso_np_legacy_seed(rs, (uint32_t)seed);
    return ISO_OK;
}

iso_status iso_stream_new(iso_context *ctx, uint64_t seed, iso_stream_kind kind, iso_stream **state) {
    iso_stream *s = *state = iso_calloc(ctx, 1, sizeof *s);
    if (!s)
        return ISO_ENOMEM;
    s->cuda = (iso_torch_cuda_generator){.sms = kind.sms, .threads_per_sm = kind.threads_per_sm};
    iso_torch_cuda_manual_seed(&s->cuda, seed);
    iso_status status = new_torch(ctx, s, seed, kind.torch);
    if (!status)
        status = new_numpy(ctx, s, seed, kind.numpy);
    if (!status)
        status = new_python(ctx, s, seed, kind.python);
    if (status) {
        iso_stream_free(ctx, s);
        *state = NULL;
    }
    return status;
}

void iso_stream_free(iso_context *ctx, iso_stream *s) {
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        iso_value_free(ctx, &s->values[i]);
        iso_free(ctx, s->names[i]);
    }
    iso_free(ctx, s->values);
    iso_free(ctx, s->names);
    iso_value_free(ctx, &s->torch);
    iso_value_free(ctx, &s->numpy);
    iso_value_free(ctx, &s->python);
    iso_free(ctx, s);
}

/* torch-cuda/132x2048: multiprocessors and threads on each. */
static bool read_gpu(const char *name, iso_stream_kind *kind) {
    int end = 0;
    return sscanf(name, "torch-cuda/%" SCNu32 "x%" SCNu32 "%n", &kind->sms, &kind->threads_per_sm, &end) == 2 && !name[end] &&
           kind->sms >= 1 && kind->sms <= 1 << 16 && kind->threads_per_sm >= 256 && kind->threads_per_sm <= 1 << 16;
}

static iso_status read_kind(iso_context *ctx, const iso_stream_options *options, iso_stream_kind *kind) {
    *kind = (iso_stream_kind){.python = 313};
    if (options->torch && !iso_torch_variant_from_name(options->torch, &kind->torch) && !read_gpu(options->torch, kind))
        return iso_fail(
            ctx, ISO_EINVAL,
            "there is no stream '%s'; expected torch[==1.13 or ==2.6][+mkl][/scalar], or torch-cuda/SMSxTHREADS such as "
            "torch-cuda/132x2048",
            options->torch);
    int major, minor, end = 0;
    if (options->numpy) {
        if (sscanf(options->numpy, "%1d.%2d%n", &major, &minor, &end) != 2 || options->numpy[end] || major * 100 + minor < 121 ||
            major > 2)
            return iso_fail(ctx, ISO_EINVAL, "there is no NumPy '%s' here; expected 1.21 to 2.5", options->numpy);
        kind->numpy = major * 100 + minor;
    }
    static const char *const pythons[] = {"3.8", "3.9", "3.10", "3.11", "3.12", "3.13"};
    for (size_t i = 0; options->python && i < ISO_COUNTOF(pythons); i++)
        if (strcmp(options->python, pythons[i]) == 0) {
            kind->python = 308 + (int)i;
            return ISO_OK;
        }
    return options->python ? iso_fail(ctx, ISO_EINVAL, "there is no Python '%s' here; expected 3.8 to 3.13", options->python)
                           : ISO_OK;
}

iso_status iso_stream_text(iso_context *ctx, const iso_stream_options *options, const char *const *expressions, size_t count,
                           char **output) {
    iso_stream *state = NULL;
    iso_stream_kind kind;
    iso_text out = iso_text_new(ctx);
    iso_text_puts(&out, "");
    iso_status status = read_kind(ctx, options, &kind);
    if (!status)
        status = iso_stream_new(ctx, options->seed, kind, &state);
    for (size_t i = 0; !status && i < count; i++)
        status = iso_stream_evaluate(ctx, state, expressions[i], options->hex, &out);
    if (!status && !iso_text_ok(&out))
        status = ISO_ENOMEM;
    iso_stream_free(ctx, state);
    *output = out.data;
    return status;
}
