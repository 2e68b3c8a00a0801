/* Which functions there are, and under which names. */
#include <string.h>

#include "stream/call.h"

static const iso_entry *const tables[] = {iso_stream_torch_create, iso_stream_torch_draw,      iso_stream_torch_methods,
                                          iso_stream_torch_init,   iso_stream_torch_nn,        iso_stream_python_random,
                                          iso_stream_numpy_legacy, iso_stream_numpy_generator, iso_stream_numpy_create};

/* The customary short names, longest first where one begins another. */
static const char *const aliases[][2] = {
    {"np.", "numpy."},    {"F.", "torch.nn.functional."}, {"nn.functional.", "torch.nn.functional."},
    {"nn.", "torch.nn."}, {"init.", "torch.nn.init."},
};

const char *iso_stream_full_name(const char *name, char buffer[ISO_MAX_NAME]) {
    const char *prefix = "", *rest = name;
    for (size_t i = 0; i < ISO_COUNTOF(aliases); i++) {
        size_t size = strlen(aliases[i][0]);
        if (strncmp(name, aliases[i][0], size) == 0) {
            prefix = aliases[i][1];
            rest = name + size;
            break;
        }
    }
    size_t used = strlen(prefix), size = strlen(rest);
    memcpy(buffer, prefix, used);
    if (size > ISO_MAX_NAME - 1 - used) /* longer than any name that exists */
        size = ISO_MAX_NAME - 1 - used;
    memcpy(buffer + used, rest, size);
    buffer[used + size] = 0;
    return buffer;
}

const iso_entry *iso_stream_find(const char *name) {
    for (size_t t = 0; t < ISO_COUNTOF(tables); t++)
        for (const iso_entry *entry = tables[t]; entry->signature.name; entry++)
            if (strcmp(entry->signature.name, name) == 0)
                return entry;
    return NULL;
}

static const struct {
    iso_value_kind kind;
    const char *prefix, *what;
} classes[] = {
    {ISO_VALUE_TENSOR, "torch.Tensor.", "a tensor"},
    {ISO_VALUE_MODULE, "torch.nn.Module.", "a module"},
    {ISO_VALUE_TORCH_GENERATOR, "torch.Generator.", "torch.Generator"},
    {ISO_VALUE_ARRAY, "numpy.ndarray.", "an array"},
    {ISO_VALUE_NP_RANDOM_STATE, "numpy.random.RandomState.", "numpy.random"},
    {ISO_VALUE_NP_GENERATOR, "numpy.random.Generator.", "numpy.random.Generator"},
    {ISO_VALUE_NP_BIT_GENERATOR, "numpy.random.BitGenerator.", "a bit generator"},
    {ISO_VALUE_NP_SEED_SEQUENCE, "numpy.random.SeedSequence.", "SeedSequence"},
    {ISO_VALUE_PY_RANDOM, "random.Random.", "random"},
};

const char *iso_stream_methods_of(iso_value_kind kind) {
    for (size_t i = 0; i < ISO_COUNTOF(classes); i++)
        if (classes[i].kind == kind)
            return classes[i].prefix;
    return NULL;
}

/* The class whose method this is: the index, or -1 of a function. */
static int class_of(const char *name) {
    for (size_t i = 0; i < ISO_COUNTOF(classes); i++)
        if (strncmp(name, classes[i].prefix, strlen(classes[i].prefix)) == 0)
            return (int)i;
    return -1;
}

iso_status iso_stream_unknown(iso_context *ctx, const char *name, const char *shown) {
    const char *names[512];
    size_t count = 0, skip;
    int class = class_of(name);
    for (size_t t = 0; t < ISO_COUNTOF(tables); t++)
        for (const iso_entry *entry = tables[t]; entry->signature.name && count < ISO_COUNTOF(names); entry++)
            if (class_of(entry->signature.name) == class)
                names[count++] = entry->signature.name;
    const char *nearest = iso_nearest(name, names, count);
    skip = class >= 0 ? strlen(classes[class].prefix) : 0;
    if (nearest)
        return iso_fail(ctx, ISO_EINVAL, "%s is no known %s%s; did you mean %s?", shown, class >= 0 ? "method of " : "function",
                        class >= 0 ? classes[class].what : "", nearest + skip);
    return iso_fail(ctx, ISO_EINVAL, "%s is no known %s%s (docs/streams.md lists them)", shown,
                    class >= 0 ? "method of " : "function", class >= 0 ? classes[class].what : "");
}
