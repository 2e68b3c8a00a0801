#include "nn/observe.h"

#include <stdio.h>
#include <string.h>

#include "nn/module.h"
#include "nn/ops.h"

void iso_module_observe(iso_module *module, iso_node_observer *after, void *user, bool plain) {
    module->after = after;
    module->after_user = user;
    module->plain = plain;
}

/* The i-th of the names separated by spaces; "" if there are fewer. */
static void nth_name(const char *names, int i, char name[32]) {
    while (i-- > 0) {
        names += strcspn(names, " ");
        names += *names == ' ';
    }
    snprintf(name, 32, "%.*s", (int)strcspn(names, " "), names);
}

/* (n, h, w, c) to (n, c, h, w). */
static void to_nchw(const iso_value *value, const float *from, float *to) {
    int64_t c = value->shape[1], pixels = value->shape[2] * value->shape[3];
    for (int64_t n = 0; n < value->shape[0]; n++, from += c * pixels, to += c * pixels)
        for (int64_t pixel = 0; pixel < pixels; pixel++)
            for (int64_t channel = 0; channel < c; channel++)
                to[channel * pixels + pixel] = from[pixel * c + channel];
}

bool iso_observed_output(iso_context *ctx, const iso_run *run, const iso_node *node, int i, char name[32], iso_tensor *tensor,
                         void **copy) {
    *copy = NULL;
    nth_name(node->op->outputs ? node->op->outputs : "y", i, name);
    if (i >= ISO_MAX_OPERANDS || node->out[i] == ISO_NO_VALUE || !name[0] || name[0] == '-')
        return false;
    /* Without the batch's statistics their mean is not computed: the running one is used. */
    if (node->op == &iso_op_batch_norm2d && i == ISO_NORM_OUT_MEAN && !node->u.batch_norm2d.training)
        return false;
    const iso_value *value = &run->values[node->out[i]];
    *tensor = (iso_tensor){.dtype = ISO_FLOAT32, .dims = value->dims, .numel = value->numel, .data = iso_data(run, node->out[i])};
    memcpy(tensor->shape, value->shape, sizeof(int64_t) * (size_t)value->dims);
    bool activation = value->storage == ISO_IN_ARENA && value->samples && value->dims == 4;
    if (activation && value->shape[1] > 1 && value->shape[2] * value->shape[3] > 1) {
        *copy = tensor->data ? iso_alloc(ctx, value->bytes) : NULL;
        if (*copy)
            to_nchw(value, tensor->data, *copy);
        tensor->data = *copy;
    }
    return true;
}
