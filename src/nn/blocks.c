#include "nn/blocks.h"

#include <string.h>

int64_t iso_block_samples(int64_t samples, int64_t micro_batch) {
    int64_t block = 1;
    while (block <= micro_batch / 2)
        block *= 2;
    return micro_batch < 1 || micro_batch >= samples ? 0 : block;
}

/* Partial sums beside the first that stand at one time: as many as a number below `blocks` can have bits that are set. */
static size_t partials_beside(int64_t blocks) {
    int64_t last = blocks - 1;
    int set = __builtin_popcountll((unsigned long long)last), length = 0;
    while (last >> length)
        length++;
    return (size_t)(set > length - 1 ? set : length - 1);
}

static int64_t block_count(const iso_schedule *s) {
    return iso_ceil_div(s->samples, s->block);
}

static bool sampled(const iso_graph *graph, iso_value_id id) {
    return id != ISO_NO_VALUE && graph->values[id].samples > 0;
}

/* ---- Which nodes run in blocks ---- */

static bool has_sampled_output(const iso_graph *graph, const iso_node *node) {
    for (int i = 0; i < ISO_MAX_OPERANDS; i++)
        if (sampled(graph, node->out[i]))
            return true;
    return false;
}

/* Does an operation on each sample read this sum? It could not tell a partial sum from the whole one. */
static bool is_read_by_samples(const iso_graph *graph, iso_value_id id) {
    for (size_t i = 0; i < graph->node_count; i++) {
        const iso_node *node = &graph->nodes[i];
        for (int j = 0; j < ISO_MAX_OPERANDS; j++)
            if (node->in[j] == id && node->op->batching != ISO_WHOLE_BATCH && has_sampled_output(graph, node))
                return true;
    }
    return false;
}

/* Is keeping a sum's operands for all samples cheaper than its partial sums? So it is for large weights of small images. */
static bool operands_are_smaller(const iso_graph *graph, const iso_schedule *s, const iso_node *node) {
    size_t operands = 0, partials = 0, beside = partials_beside(block_count(s));
    for (int i = 0; i < ISO_MAX_OPERANDS; i++) {
        if (sampled(graph, node->in[i]) && graph->values[node->in[i]].storage == ISO_IN_ARENA) {
            size_t bytes = graph->values[node->in[i]].bytes;
            operands += bytes - bytes / (size_t)s->samples * (size_t)s->block;
        }
        if (node->out[i] != ISO_NO_VALUE && !sampled(graph, node->out[i]))
            partials += beside * graph->values[node->out[i]].bytes;
    }
    return operands < partials;
}

static bool runs_in_blocks(const iso_graph *graph, const iso_schedule *s, const iso_node *node) {
    if (node->op->batching == ISO_EACH_SAMPLE)
        return has_sampled_output(graph, node); /* otherwise it is about parameters */
    if (node->op->batching != ISO_SAMPLE_SUM || (node->op->leaf && s->block % node->op->leaf))
        return false;
    for (int i = 0; i < ISO_MAX_OPERANDS; i++)
        if (node->out[i] != ISO_NO_VALUE && !sampled(graph, node->out[i]) && is_read_by_samples(graph, node->out[i]))
            return false;
    return has_sampled_output(graph, node) || !operands_are_smaller(graph, s, node);
}

/* ---- Stages ---- */

/* A stage of blocks is being filled. Nodes over the whole batch that need nothing of it go before it, the others behind it. */
enum { BEFORE, HERE, BEHIND };

struct filling {
    const iso_graph *graph;
    iso_schedule *schedule;
    iso_node *sorted; /* finished stages */
    int sorted_count;
    int *nodes[3], counts[3]; /* of BEFORE, HERE, BEHIND */
    uint8_t *made;            /* per value: in which of them */
    iso_status status;
};

static void add_stage(struct filling *f, int list, bool blocks) {
    iso_schedule *s = f->schedule;
    if (f->counts[list] == 0 || f->status)
        return;
    f->status = iso_grow(f->graph->ctx, &s->stages, &s->stage_capacity, s->stage_count, s->stage_count + 1, sizeof *s->stages);
    if (f->status)
        return;
    s->stages[s->stage_count++] = (iso_schedule_stage){f->sorted_count, f->sorted_count + f->counts[list], blocks};
    for (int i = 0; i < f->counts[list]; i++)
        f->sorted[f->sorted_count++] = f->graph->nodes[f->nodes[list][i]];
    f->counts[list] = 0;
}

static void close_stage(struct filling *f) {
    add_stage(f, BEFORE, false);
    add_stage(f, HERE, true);
    add_stage(f, BEHIND, false);
    memset(f->made, BEFORE, f->graph->value_count);
}

static int latest_input(const struct filling *f, const iso_node *node) {
    int latest = BEFORE;
    for (int i = 0; i < ISO_MAX_OPERANDS; i++)
        if (node->in[i] != ISO_NO_VALUE && f->made[node->in[i]] > latest)
            latest = f->made[node->in[i]];
    return latest;
}

/* The first node in blocks that needs something from behind the stage closes it. */
static void fill_in(struct filling *f, int i) {
    const iso_node *node = &f->graph->nodes[i];
    int latest = latest_input(f, node), list = HERE;
    if (!runs_in_blocks(f->graph, f->schedule, node))
        list = latest == BEFORE ? BEFORE : BEHIND;
    else if (latest == BEHIND)
        close_stage(f);
    f->nodes[list][f->counts[list]++] = i;
    for (int j = 0; j < ISO_MAX_OPERANDS; j++)
        if (node->out[j] != ISO_NO_VALUE)
            f->made[node->out[j]] = (uint8_t)list;
}

static iso_status whole_batch(iso_graph *graph, iso_schedule *s) {
    iso_status status = iso_grow(graph->ctx, &s->stages, &s->stage_capacity, 0, 1, sizeof *s->stages);
    if (!status)
        s->stages[s->stage_count++] = (iso_schedule_stage){0, (int)graph->node_count, false};
    return status;
}

iso_status iso_schedule_make(iso_graph *graph, int64_t samples, int64_t block, iso_schedule *s) {
    iso_context *ctx = graph->ctx;
    *s = (iso_schedule){.samples = samples, .block = block};
    if (!block)
        return whole_batch(graph, s);
    struct filling f = {.graph = graph, .schedule = s};
    f.sorted = iso_alloc_array(ctx, graph->node_count + 1, sizeof *f.sorted);
    f.made = iso_calloc(ctx, graph->value_count + 1, 1);
    int *lists = iso_alloc_array(ctx, graph->node_count + 1, 3 * sizeof *lists);
    if (!f.sorted || !f.made || !lists)
        f.status = ISO_ENOMEM;
    for (int i = 0; i < 3 && !f.status; i++)
        f.nodes[i] = lists + (size_t)i * (graph->node_count + 1);
    for (int i = 0; i < (int)graph->node_count && !f.status; i++)
        fill_in(&f, i);
    if (!f.status)
        close_stage(&f);
    if (!f.status)
        memcpy(graph->nodes, f.sorted, graph->node_count * sizeof *f.sorted);
    iso_free(ctx, f.sorted);
    iso_free(ctx, f.made);
    iso_free(ctx, lists);
    return f.status;
}

void iso_schedule_free(iso_context *ctx, iso_schedule *s) {
    iso_free(ctx, s->stages);
    iso_free(ctx, s->full.values);
    iso_free(ctx, s->full.nodes);
    iso_free(ctx, s->rest.values);
    iso_free(ctx, s->rest.nodes);
}

/* ---- Memory ---- */

/* From where to where a value is used, as nodes and as stages. */
struct use {
    int first, last, first_stage, last_stage;
    bool summed;        /* in blocks: partial sums stand beside it */
    iso_value_id place; /* the value whose place this one has: its own, or of one that it lies over */
};

static void note_use(struct use *use, int node, int stage) {
    if (use->first < 0) {
        use->first = node;
        use->first_stage = stage;
    }
    use->last = node;
    use->last_stage = stage;
}

static void find_uses(const iso_graph *graph, const iso_schedule *s, struct use *uses) {
    for (size_t i = 0; i < graph->value_count; i++)
        uses[i] = (struct use){-1, -1, -1, -1, false, (iso_value_id)i};
    for (int stage = 0; stage < (int)s->stage_count; stage++)
        for (int node = s->stages[stage].first; node < s->stages[stage].end; node++)
            for (int i = 0; i < ISO_MAX_OPERANDS; i++) {
                const iso_value_id in = graph->nodes[node].in[i], out = graph->nodes[node].out[i];
                if (in != ISO_NO_VALUE)
                    note_use(&uses[in], node, stage);
                if (out != ISO_NO_VALUE) {
                    note_use(&uses[out], node, stage);
                    uses[out].summed |= s->stages[stage].blocks && !sampled(graph, out);
                }
            }
}

/* Does a value live within the computation of one block? Then it has no more samples than that. */
static bool is_local(const iso_schedule *s, const iso_value *value, const struct use *use) {
    return value->storage == ISO_IN_ARENA && value->samples && !value->keep && use->first >= 0 &&
           use->first_stage == use->last_stage && s->stages[use->first_stage].blocks;
}

/* Results that may lie over an operand take its room where the operand ends with them. Not in blocks, whose values are another
 * matter. */
static void share_rooms(const iso_graph *graph, const iso_schedule *s, struct use *uses, iso_room *rooms) {
    for (size_t stage = 0; stage < s->stage_count; stage++)
        for (int i = s->stages[stage].first; i < s->stages[stage].end && !s->stages[stage].blocks; i++) {
            const iso_node *node = &graph->nodes[i];
            if (!node->op->over || node->in[node->op->over - 1] == ISO_NO_VALUE || node->out[0] == ISO_NO_VALUE)
                continue;
            iso_value_id under = uses[node->in[node->op->over - 1]].place;
            iso_room *old = &rooms[under], *own = &rooms[node->out[0]];
            if (own->bytes && old->bytes == own->bytes && old->last == i && own->first == i) {
                old->last = own->last;
                own->bytes = 0;
                uses[node->out[0]].place = under;
            }
        }
}

/* Rooms of the values, and behind them, number by number, of the partial sums. What has no place in the arena has 0 bytes. */
static void list_rooms(const iso_graph *graph, const iso_schedule *s, struct use *uses, iso_room *rooms) {
    size_t count = graph->value_count, beside = s->block ? partials_beside(block_count(s)) : 0;
    memset(rooms, 0, 2 * count * sizeof *rooms);
    for (size_t i = 0; i < count; i++) {
        const iso_value *value = &graph->values[i];
        const struct use *use = &uses[i];
        if (use->first < 0)
            continue;
        bool local = is_local(s, value, use);
        iso_room room = {value->bytes, use->first, use->last, 0};
        if (local)
            room.bytes = value->bytes / (size_t)value->samples * (size_t)s->block;
        else { /* all blocks have passed before the stage is over */
            const iso_schedule_stage *first = &s->stages[use->first_stage], *last = &s->stages[use->last_stage];
            room.first = first->blocks ? first->first : room.first;
            room.last = last->blocks ? last->end - 1 : room.last;
        }
        if (value->keep)
            room.last = (int)graph->node_count;
        if (value->storage == ISO_IN_ARENA)
            rooms[i] = room;
        if (use->summed) {
            const iso_schedule_stage *stage = &s->stages[use->first_stage];
            rooms[count + i] = (iso_room){beside * iso_arena_aligned(value->bytes), stage->first, stage->end - 1, 0};
        }
    }
    share_rooms(graph, s, uses, rooms);
}

/* The graph as `samples` see it: their numbers in values and nodes. */
static iso_status make_view(const iso_graph *graph, int64_t samples, iso_view *view) {
    view->values = iso_alloc_array(graph->ctx, graph->value_count + 1, sizeof *view->values);
    view->nodes = iso_alloc_array(graph->ctx, graph->node_count + 1, sizeof *view->nodes);
    if (!view->values || !view->nodes)
        return ISO_ENOMEM;
    memcpy(view->values, graph->values, graph->value_count * sizeof *view->values);
    memcpy(view->nodes, graph->nodes, graph->node_count * sizeof *view->nodes);
    for (size_t i = 0; i < graph->value_count; i++) {
        iso_value *value = &view->values[i];
        if (!value->samples)
            continue;
        value->numel = value->numel / value->samples * samples;
        value->bytes = value->bytes / (size_t)value->samples * (size_t)samples;
        value->shape[0] = value->shape[0] / value->samples * samples;
        value->samples = samples;
    }
    for (size_t i = 0; i < graph->node_count; i++)
        view->nodes[i].u.n = samples;
    return ISO_OK;
}

iso_status iso_schedule_place(iso_graph *graph, iso_schedule *s, uint64_t seed, size_t *size) {
    iso_context *ctx = graph->ctx;
    size_t count = graph->value_count;
    struct use *uses = iso_alloc_array(ctx, count + 1, sizeof *uses);
    iso_room *rooms = iso_alloc_array(ctx, count + 1, 2 * sizeof *rooms);
    *size = 0;
    if (uses && rooms) {
        find_uses(graph, s, uses);
        list_rooms(graph, s, uses, rooms);
        *size = iso_arena_place(ctx, rooms, 2 * count, seed);
    }
    for (size_t i = 0; i < count && *size; i++) {
        iso_value *value = &graph->values[i];
        value->offset = rooms[uses[i].place].offset;
        value->stride = value->samples && !is_local(s, value, &uses[i]) ? value->bytes / (size_t)value->samples : 0;
        value->summed = uses[i].summed;
        value->partials = rooms[count + i].offset;
    }
    iso_free(ctx, uses);
    iso_free(ctx, rooms);
    iso_status status = *size ? ISO_OK : ISO_ENOMEM;
    if (!status && s->block)
        status = make_view(graph, s->block, &s->full);
    if (!status && s->block && s->samples % s->block)
        status = make_view(graph, s->samples % s->block, &s->rest);
    return status;
}

size_t iso_schedule_peak(iso_graph *graph, const iso_schedule *s) {
    iso_context *ctx = graph->ctx;
    size_t count = graph->value_count, peak = 0;
    struct use *uses = iso_alloc_array(ctx, count + 1, sizeof *uses);
    iso_room *rooms = iso_alloc_array(ctx, count + 1, 2 * sizeof *rooms);
    size_t *changes = iso_alloc_array(ctx, graph->node_count + 2, sizeof *changes);
    if (uses && rooms && changes) {
        find_uses(graph, s, uses);
        list_rooms(graph, s, uses, rooms);
        peak = iso_arena_peak(rooms, 2 * count, changes, (int)graph->node_count);
    }
    iso_free(ctx, uses);
    iso_free(ctx, rooms);
    iso_free(ctx, changes);
    return peak;
}

size_t iso_schedule_scratch(const iso_graph *graph, const iso_schedule *s, const iso_exec *exec) {
    size_t largest = 0;
    for (size_t stage = 0; stage < s->stage_count; stage++)
        for (int i = s->stages[stage].first; i < s->stages[stage].end; i++) {
            const iso_node *nodes[3] = {graph->nodes, s->full.nodes, s->rest.nodes};
            bool blocks = s->stages[stage].blocks;
            for (int view = blocks; view < (blocks ? 3 : 1); view++) {
                size_t size = nodes[view] && nodes[view][i].op->scratch ? nodes[view][i].op->scratch(exec, &nodes[view][i]) : 0;
                largest = size > largest ? size : largest;
            }
        }
    return largest;
}

/* ---- Running ---- */

/* left += right, of the partial sums of one value. */
static void join(const iso_run *run, iso_value_id id, int left) {
    iso_run at = *run;
    at.partial = left;
    float *sum = iso_data(&at, id);
    at.partial = left + 1;
    iso_cpu_add(run->exec, run->values[id].numel, sum, iso_data(&at, id), sum);
}

/* Joins the newest partial sum of every sum in the stage with those before it; `last`: with all of them. `run`: over the whole
 * batch. */
static void join_block(const iso_graph *graph, const iso_schedule_stage *stage, const iso_run *run, int64_t before, bool last) {
    for (int i = stage->first; i < stage->end; i++)
        for (int j = 0; j < ISO_MAX_OPERANDS; j++) {
            iso_value_id id = graph->nodes[i].out[j];
            int newest = __builtin_popcountll((unsigned long long)before);
            if (id == ISO_NO_VALUE || sampled(graph, id))
                continue;
            for (int64_t bits = before; bits & 1; bits >>= 1)
                join(run, id, --newest);
            while (last && newest > 0)
                join(run, id, --newest);
        }
}

static void run_blocks(const iso_graph *graph, const iso_schedule *s, const iso_schedule_stage *stage, const iso_run *whole,
                       iso_node_observer *after, void *user) {
    int64_t blocks = block_count(s);
    for (int64_t block = 0; block < blocks; block++) {
        const iso_view *view = (block + 1) * s->block <= s->samples ? &s->full : &s->rest;
        iso_run run = *whole;
        run.values = view->values;
        run.first = block * s->block;
        run.partial = __builtin_popcountll((unsigned long long)block);
        for (int i = stage->first; i < stage->end; i++) {
            view->nodes[i].op->run(&run, &view->nodes[i]);
            if (after)
                after(user, &run, &graph->nodes[i]);
        }
        join_block(graph, stage, whole, block, block + 1 == blocks);
    }
    for (int i = stage->first; i < stage->end; i++)
        if (graph->nodes[i].op->finish)
            graph->nodes[i].op->finish(whole, &graph->nodes[i]);
}

void iso_schedule_run(const iso_graph *graph, const iso_schedule *s, iso_run run, iso_node_observer *after, void *user) {
    run.values = graph->values;
    run.samples = s->samples;
    run.first = 0;
    run.partial = 0;
    for (size_t i = 0; i < s->stage_count; i++) {
        if (s->stages[i].blocks) {
            run_blocks(graph, s, &s->stages[i], &run, after, user);
            continue;
        }
        for (int node = s->stages[i].first; node < s->stages[i].end; node++) {
            graph->nodes[node].op->run(&run, &graph->nodes[node]);
            if (after)
                after(user, &run, &graph->nodes[node]);
        }
    }
}
