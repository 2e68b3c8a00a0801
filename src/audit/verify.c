/* iso_verify: does everything in a run directory follow from its recipe, seed and data? The files are checked first, each against
 * the line that records it, so that damage is named where it is; then the steps are taken again. */
#include "audit/verify.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"

iso_status iso_verify_found(struct verification *v, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(v->result->finding, sizeof v->result->finding, format, args);
    va_end(args);
    return ISO_DIFFER;
}

/* ---- What there is ---- */

static iso_status open_ledger(struct verification *v) {
    const iso_verify_options *o = v->options;
    iso_status status = iso_ledger_open(v->ctx, o->directory, ISO_LEDGER_READ, &v->ledger);
    if (!status && v->ledger->count == 0)
        return iso_verify_found(v, "%s/run.ledger has no header line", o->directory);
    if (!status && v->ledger->torn)
        return iso_verify_found(v, "%s/run.ledger ends in the middle of a line", o->directory);
    if (!status)
        status = iso_ledger_parse(v->ledger, 0, &v->header);
    if (status)
        return status == ISO_DIFFER ? iso_verify_found(v, "%s", iso_error(v->ctx)) : status;
    if (iso_json_int(&v->header, "contract", -1) != ISO_CONTRACT_VERSION)
        return iso_fail(v->ctx, ISO_EINVAL, "%s is a run under contract %lld; this program computes contract %d", o->directory,
                        (long long)iso_json_int(&v->header, "contract", -1), ISO_CONTRACT_VERSION);
    return ISO_OK;
}

static iso_status open_trace(struct verification *v) {
    char *path = iso_path_join(v->ctx, v->options->directory, ISO_TRACE_FILE);
    iso_status status = !path ? ISO_ENOMEM : iso_file_exists(v->ctx, path) ? iso_trace_read(v->ctx, path, &v->recorded) : ISO_OK;
    iso_free(v->ctx, path);
    if (status == ISO_DIFFER)
        return iso_verify_found(v, "%s", iso_error(v->ctx));
    if (status || !v->recorded)
        return status;
    if (v->recorded->end < v->recorded->size &&
        v->options->progress) /* it is left so where a run was killed and resumed without --trace */
        v->options->progress(
            v->options->user,
            &(iso_progress){.kind = ISO_PROGRESS_NOTE, .note = "the trace ends in the middle of a step, which is not compared"});
    return iso_trace_new(v->ctx, &v->trace);
}

static iso_status check_checkpoints(struct verification *v) {
    iso_status status = ISO_OK;
    for (size_t i = 0; i < v->ledger->count && !status; i++)
        if (iso_ledger_is(v->ledger, i, "ckpt"))
            status = iso_verify_checkpoint(v, i);
    return status;
}

iso_status iso_verify_checkpoints(iso_context *ctx, const char *directory, iso_ledger *ledger, char *finding, size_t size) {
    iso_verify_options options = {.directory = directory};
    iso_verify_result result = {.finding = ""};
    struct verification v = {.ctx = ctx, .options = &options, .result = &result, .ledger = ledger};
    iso_status status = check_checkpoints(&v);
    snprintf(finding, size, "%s", result.finding);
    return status;
}

/* ---- Which steps ---- */

static iso_status verify_sample(struct verification *v) {
    const iso_verify_options *o = v->options;
    const iso_ledger *l = v->ledger;
    int64_t *first = NULL;
    size_t *chosen = NULL, count, wanted = (size_t)o->sample;
    iso_status status = iso_segments(l, &first, &count);
    if (!status)
        status = iso_sample(v->ctx, l->lines[l->count - 1].digest, o->beacon, o->beacon_size, count, &wanted, &chosen);
    v->result->segments = status ? 0 : (int64_t)count;
    for (size_t i = 0; i < wanted && !status; i++) {
        int64_t from = first[chosen[i]] + 1, to = first[chosen[i] + 1];
        size_t used = strlen(v->result->sampled);
        snprintf(v->result->sampled + used, sizeof v->result->sampled - used, "%s%lld-%lld", used ? ", " : "", (long long)from,
                 (long long)to);
        for (size_t k = 0; k < l->count && !status; k++) /* what it starts from, and what it leaves */
            if (l->lines[k].kind == ISO_LINE_CKPT && (l->lines[k].step == from - 1 || l->lines[k].step == to))
                status = iso_verify_checkpoint(v, k);
        if (!status)
            status = iso_verify_segment(v, from, to);
    }
    memcpy(v->result->digest, l->lines[l->count - 1].digest, ISO_DIGEST_SIZE);
    iso_free(v->ctx, first);
    iso_free(v->ctx, chosen);
    return status;
}

static iso_status verify_steps(struct verification *v) {
    const iso_verify_options *o = v->options;
    int64_t recorded = iso_verify_recorded(v->ledger); /* a run that stopped early has fewer steps than its recipe asks for */
    if (o->sample)
        return verify_sample(v);
    if (o->from > recorded)
        return iso_fail(v->ctx, ISO_EINVAL, "--from %lld: the run has %lld steps, expected one of them", (long long)o->from,
                        (long long)recorded);
    return iso_verify_segment(v, o->from, o->to && o->to < recorded ? o->to : recorded);
}

/* ---- The whole ---- */

static iso_status check_options(iso_context *ctx, const iso_verify_options *o) {
    if (o->to && o->from > o->to)
        return iso_fail(ctx, ISO_EINVAL, "--from %lld is behind --to %lld", (long long)o->from, (long long)o->to);
    if (o->sample && (o->from || o->to))
        return iso_fail(ctx, ISO_EINVAL, "--sample chooses its steps by itself; leave --from and --to out");
    if (o->data && (o->sample || o->from || o->to))
        return iso_fail(ctx, ISO_EINVAL, "--data executes no step; leave --from, --to and --sample out");
    if (o->sample && !o->beacon_size)
        return iso_fail(ctx, ISO_EINVAL, "--sample needs a beacon");
    return ISO_OK;
}

static iso_status verify(struct verification *v) {
    const iso_verify_options *o = v->options;
    iso_status status;
    if ((status = check_options(v->ctx, o)) || (status = open_ledger(v)) || (status = iso_verify_recipe(v)) ||
        (status = open_trace(v)) || (status = iso_verify_split(v, "train", &v->recipe->train)) ||
        (status = iso_verify_split(v, "test", &v->recipe->test)) || (status = iso_verify_weights(v)) ||
        (!o->sample && !o->data && (status = check_checkpoints(v))))
        return status;
    if (o->micro_batch)
        v->recipe->micro_batch = o->micro_batch;
    status = iso_trainer_new(v->ctx, v->recipe, o->workers, o->progress, o->user, &v->trainer);
    if (!status)
        status = o->data ? iso_verify_data(v) : verify_steps(v);
    v->result->missing = v->missing;
    if (!status && v->missing)
        return iso_fail(v->ctx, ISO_EIO, "%s is missing%s; what was executed again follows", v->first_missing,
                        v->missing > 1 ? ", and it is not the only one" : "");
    return status;
}

iso_status iso_verify(iso_context *ctx, const iso_verify_options *options, iso_verify_result *result) {
    struct verification v = {.ctx = ctx, .options = options, .result = result};
    char *cache = ctx->cache;
    memset(result, 0, sizeof *result);
    ctx->cache = NULL; /* what is vouched for is read */
    iso_status status = verify(&v);
    ctx->cache = cache;
    iso_trace_free(v.trace);
    iso_trace_file_free(v.recorded);
    iso_trainer_free(v.trainer);
    iso_recipe_free(v.recipe);
    iso_json_free(ctx, &v.header);
    iso_ledger_close(v.ledger);
    return status;
}
