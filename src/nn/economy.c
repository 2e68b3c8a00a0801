#include "nn/economy.h"

#include <string.h>

#define DEEPEST             8     /* operations that are repeated for one value, one behind the other */
#define PRODUCTS_PER_NUMBER 12    /* about so many take the time of reading or writing one number */
#define LEAST_SAVED         0.001 /* the part of the peak that a repetition must save */
/* One percent of the memory may cost two percent of the time; what costs less comes first. */
#define FIRST_EXCHANGE 8
#define LAST_EXCHANGE  0.5

/* Where a value's node is repeated: once, behind the longest time in which nobody reads it; in every stage behind that; in every
 * stage. */
enum where { ONCE, BEHIND_GAP, EVERYWHERE, WHERE_COUNT };

/* ---- Where values are made and read ---- */

static bool reads(const iso_node *node, iso_value_id id) {
    for (int i = 0; i < ISO_MAX_OPERANDS; i++)
        if (node->in[i] == id)
            return true;
    return false;
}

static int producer(const iso_graph *graph, iso_value_id id) {
    for (int i = 0; i < (int)graph->node_count; i++)
        for (int j = 0; j < ISO_MAX_OPERANDS; j++)
            if (graph->nodes[i].out[j] == id)
                return i;
    return -1;
}

static int last_reader(const iso_graph *graph, iso_value_id id) {
    for (int i = (int)graph->node_count - 1; i >= 0; i--)
        if (reads(&graph->nodes[i], id))
            return i;
    return -1;
}

static int stage_of(const iso_schedule *s, int node) {
    int stage = 0;
    while (node >= s->stages[stage].end)
        stage++;
    return stage;
}

/* The reader in front of which a value is not needed for the longest time: the first of its stage. -1: all is in one stage. */
static int reader_behind_gap(const iso_graph *graph, const iso_schedule *s, iso_value_id id, int made) {
    int found = -1, longest = 0, latest = made;
    for (int i = made + 1; i < (int)graph->node_count; i++) {
        if (!reads(&graph->nodes[i], id))
            continue;
        if (i - latest > longest && stage_of(s, i) != stage_of(s, latest)) {
            longest = i - latest;
            found = i;
        }
        latest = i;
    }
    return found;
}

/* ---- Repeating ---- */

/* Puts a copy of a node in front of node `at`, in its stage, with new outputs. */
static iso_status insert(iso_graph *graph, iso_schedule *s, int at, iso_node node) {
    int stage = stage_of(s, at);
    if (!iso_graph_node(graph, node.op, NULL, 0, NULL, 0))
        return graph->status;
    memmove(graph->nodes + at + 1, graph->nodes + at, (graph->node_count - 1 - (size_t)at) * sizeof node);
    graph->nodes[at] = node;
    s->stages[stage].end++;
    for (size_t i = (size_t)stage + 1; i < s->stage_count; i++) {
        s->stages[i].first++;
        s->stages[i].end++;
    }
    return ISO_OK;
}

/* Is the value in memory at node `at` in any case? */
static bool is_there(const iso_graph *graph, const iso_schedule *s, iso_value_id id, int at) {
    const iso_value *value = &graph->values[id];
    return value->storage != ISO_IN_ARENA || value->samples == 0 || value->keep ||
           stage_of(s, producer(graph, id)) == stage_of(s, at) || stage_of(s, last_reader(graph, id)) >= stage_of(s, at);
}

/* Repeats node `made` in front of node *at, which moves on, and before it what it needs and is not there. The outputs' new
 * numbers are those of the repeated node. */
static iso_status repeat(iso_graph *graph, iso_schedule *s, int made, int *at, int depth) {
    iso_node node = graph->nodes[made];
    for (int i = 0; i < ISO_MAX_OPERANDS; i++) {
        if (node.in[i] == ISO_NO_VALUE || is_there(graph, s, node.in[i], *at))
            continue;
        int source = producer(graph, node.in[i]), output = 0;
        if (!graph->nodes[source].op->repeatable || depth == DEEPEST)
            continue; /* it is kept until here */
        while (graph->nodes[source].out[output] != node.in[i])
            output++;
        iso_status status = repeat(graph, s, source, at, depth + 1);
        if (status)
            return status;
        node.in[i] = graph->nodes[*at - 1].out[output];
    }
    for (int i = 0; i < ISO_MAX_OPERANDS; i++)
        if (node.out[i] != ISO_NO_VALUE) {
            const iso_value like = graph->values[node.out[i]];
            node.out[i] = iso_graph_like(graph, node.out[i]);
            if (node.out[i] == ISO_NO_VALUE)
                return graph->status;
            graph->values[node.out[i]] = like;
            graph->values[node.out[i]].keep = false;
        }
    return insert(graph, s, (*at)++, node);
}

/* Lets the readers from node `from` to `end` - 1 read the outputs of the repetition. */
static void redirect(iso_graph *graph, const iso_node *old, const iso_node *repeated, int from, int end) {
    for (int i = from; i < end; i++)
        for (int j = 0; j < ISO_MAX_OPERANDS; j++)
            for (int k = 0; k < ISO_MAX_OPERANDS; k++)
                if (old->out[k] != ISO_NO_VALUE && graph->nodes[i].in[j] == old->out[k]) {
                    graph->nodes[i].in[j] = repeated->out[k];
                    break;
                }
}

/* Repeats node `made`, of which `id` is an output; `gap`: the reader behind its longest gap. */
static iso_status remake(iso_graph *graph, iso_schedule *s, iso_value_id id, int made, int gap, enum where where) {
    const iso_node old = graph->nodes[made];
    int home = stage_of(s, made);
    for (int at = where == EVERYWHERE ? made + 1 : gap; at < (int)graph->node_count; at++) {
        if (!reads(&graph->nodes[at], id) || stage_of(s, at) == home)
            continue;
        iso_status status = repeat(graph, s, made, &at, 0);
        if (status)
            return status;
        const iso_node repeated = graph->nodes[at - 1];
        redirect(graph, &old, &repeated, at, where == ONCE ? (int)graph->node_count : s->stages[stage_of(s, at)].end);
    }
    return ISO_OK;
}

/* ---- Which ---- */

/* What a repetition changes, to take it back. */
struct saved {
    iso_node *nodes;
    iso_schedule_stage *stages;
    size_t nodes_room, node_count, value_count;
};

static iso_status save(const iso_graph *graph, const iso_schedule *s, struct saved *saved) {
    iso_context *ctx = graph->ctx;
    iso_status status = iso_grow(ctx, &saved->nodes, &saved->nodes_room, 0, graph->node_count, sizeof *saved->nodes);
    if (status || (!saved->stages && !(saved->stages = iso_alloc_array(ctx, s->stage_count, sizeof *saved->stages))))
        return ISO_ENOMEM;
    memcpy(saved->nodes, graph->nodes, graph->node_count * sizeof *saved->nodes);
    memcpy(saved->stages, s->stages, s->stage_count * sizeof *saved->stages);
    saved->node_count = graph->node_count;
    saved->value_count = graph->value_count;
    return ISO_OK;
}

static void restore(iso_graph *graph, iso_schedule *s, const struct saved *saved) {
    memcpy(graph->nodes, saved->nodes, saved->node_count * sizeof *saved->nodes);
    memcpy(s->stages, saved->stages, s->stage_count * sizeof *saved->stages);
    graph->node_count = saved->node_count;
    graph->value_count = saved->value_count;
}

/* What a step costs, in numbers read or written, about. */
static double cost(const iso_graph *graph) {
    double sum = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        const iso_node *node = &graph->nodes[i];
        sum += node->op->products ? (double)node->op->products(node) / PRODUCTS_PER_NUMBER : 0;
        for (int j = 0; j < ISO_MAX_OPERANDS; j++) {
            sum += node->in[j] == ISO_NO_VALUE ? 0 : (double)graph->values[node->in[j]].numel;
            sum += node->out[j] == ISO_NO_VALUE ? 0 : (double)graph->values[node->out[j]].numel;
        }
    }
    return sum;
}

struct search {
    iso_graph *graph;
    iso_schedule *schedule;
    struct saved saved;
    double first_peak, first_cost; /* without repetitions */
    double peak, cost;
    double exchange; /* the part of the peak that must be saved for a part of the cost */
    bool found;
    uint64_t seed; /* not 0: for tests, decisions are drawn */
};

/* Repeats a value's node if that is worth it. */
static iso_status try_value(struct search *t, iso_value_id id, enum where where) {
    iso_graph *graph = t->graph;
    iso_schedule *s = t->schedule;
    const iso_value *value = &graph->values[id];
    if (value->storage != ISO_IN_ARENA || value->samples == 0 || value->keep)
        return ISO_OK;
    int made = producer(graph, id), gap = made < 0 ? -1 : reader_behind_gap(graph, s, id, made);
    if (gap < 0 || !graph->nodes[made].op->repeatable)
        return ISO_OK;
    iso_status status = save(graph, s, &t->saved);
    if (!status)
        status = remake(graph, s, id, made, gap, where);
    if (status)
        return status;
    size_t peak = iso_schedule_peak(graph, s);
    double more = cost(graph) - t->cost, saves = t->peak - (double)peak;
    if (peak == 0)
        return ISO_ENOMEM;
    bool worth = saves / t->first_peak > LEAST_SAVED && saves / t->first_peak >= t->exchange * more / t->first_cost;
    if (t->seed ? iso_arena_draw(&t->seed) % 4 == 0 : worth) {
        t->peak -= saves;
        t->cost += more;
        t->found = true;
    } else
        restore(graph, s, &t->saved);
    return ISO_OK;
}

/* First what saves much at little cost. */
static iso_status repeat_nodes(struct search *t) {
    iso_status status = ISO_OK;
    t->exchange = t->seed ? LAST_EXCHANGE : FIRST_EXCHANGE;
    for (; t->exchange >= LAST_EXCHANGE && !status; t->exchange /= t->found && !t->seed ? 1 : 2) {
        size_t count = t->graph->value_count;
        t->found = false;
        for (size_t id = 0; id < count && !status; id++)
            for (enum where where = ONCE; where < WHERE_COUNT && !status; where++)
                status = try_value(t, (iso_value_id)id, where);
    }
    return status;
}

/* ---- Stages that need no blocks ---- */

/* A stage of small values runs over the whole batch, which is faster, if the plan gets no larger by it. */
static iso_status join_blocks(struct search *t) {
    for (size_t i = 0; i < t->schedule->stage_count; i++) {
        iso_schedule_stage *stage = &t->schedule->stages[i];
        if (!stage->blocks)
            continue;
        stage->blocks = false;
        size_t peak = iso_schedule_peak(t->graph, t->schedule);
        if (peak == 0)
            return ISO_ENOMEM;
        stage->blocks = t->seed ? iso_arena_draw(&t->seed) % 4 > 0 : (double)peak > t->peak;
    }
    return ISO_OK;
}

iso_status iso_schedule_economise(iso_graph *graph, iso_schedule *s, uint64_t seed) {
    struct search t = {
        .graph = graph, .schedule = s, .peak = (double)iso_schedule_peak(graph, s), .cost = cost(graph), .seed = seed};
    iso_status status = t.peak > 0 ? ISO_OK : ISO_ENOMEM;
    t.first_peak = t.peak;
    t.first_cost = t.cost;
    if (!status)
        status = repeat_nodes(&t);
    if (!status)
        status = join_blocks(&t);
    iso_free(graph->ctx, t.saved.nodes);
    iso_free(graph->ctx, t.saved.stages);
    return status;
}
