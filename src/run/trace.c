#include "run/trace.h"

#include <stdio.h>
#include <string.h>

#include "run/trainer.h"

/* The state, as a person looks for it: the model's tensors, the optimiser's, then the run's own. */
static void add_state(const iso_trainer *t, const char *op, bool model, bool own) {
    size_t count = iso_module_state_count(t->model);
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor entry = iso_module_state(t->model, i);
        if (entry.grad ? model : own)
            iso_trace_add(t->trace, op, "", entry.name, entry.tensor);
    }
    for (size_t i = 0; i < t->state->count; i++) {
        const iso_state_entry *entry = &t->state->entries[i];
        if (model && strncmp(entry->name, "optimizer/", 10) == 0)
            iso_trace_add(t->trace, op, "", entry->name, entry->tensor);
    }
    for (size_t i = 0; i < t->state->count; i++) {
        const iso_state_entry *entry = &t->state->entries[i];
        if (own && strncmp(entry->name, "isobit/", 7) == 0)
            iso_trace_add(t->trace, op, "", entry->name, entry->tensor);
    }
}

void iso_trace_start_of(const iso_trainer *t) {
    iso_trace_begin(t->trace, iso_trainer_counter(t, ISO_COUNTER_STEP) + 1);
    add_state(t, ISO_TRACE_START, true, true);
}

void iso_trace_batch_of(const iso_trainer *t, const iso_batch *batch) {
    iso_trace_add(t->trace, ISO_TRACE_BATCH, "", "x", &batch->x);
    iso_trace_add(t->trace, ISO_TRACE_BATCH, "", "target", &batch->labels);
}

void iso_trace_end_of(const iso_trainer *t) {
    add_state(t, ISO_TRACE_OPTIMIZER, true, false);
    add_state(t, ISO_TRACE_END, false, true);
}

/* A gradient tensor of the model goes by its parameter: "0.weight.grad". */
static void name_gradient(const iso_module *model, const void *data, char *name, size_t size) {
    size_t count = iso_module_state_count(model);
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor entry = iso_module_state(model, i);
        if (entry.grad && entry.grad->data == data)
            snprintf(name, size, "%.120s.grad", entry.name);
    }
}

void iso_trace_node(void *user, const iso_run *run, const iso_node *node) {
    const iso_trainer *t = user;
    for (int i = 0; i < ISO_MAX_OPERANDS && !t->trace->status; i++) {
        char output[32], name[160];
        iso_tensor tensor;
        void *copy;
        if (!iso_observed_output(t->ctx, run, node, i, output, &tensor, &copy))
            continue;
        snprintf(name, sizeof name, "%s", output);
        name_gradient(t->model, tensor.data, name, sizeof name);
        if (tensor.data)
            iso_trace_add(t->trace, node->op->name, node->module, name, &tensor);
        else
            t->trace->status = ISO_ENOMEM;
        iso_free(t->ctx, copy);
    }
}
