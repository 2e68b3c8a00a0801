/* iso_diff: equal in one line; or the cause, the first line, and the operation, tensor and element at which two runs part. */
#include "audit/diff.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "audit/verify.h"

/* Equal heads say that two runs are equal. Runs as small as this are also checked against their own ledgers, since it costs
 * nothing: bytes of the ledger, and of the checkpoints, of one run. Of larger ones isobit verify tells. */
#define SMALL_LEDGER      ((int64_t)4 << 20)
#define SMALL_CHECKPOINTS ((int64_t)64 << 20)

/* ---- The first line ---- */

/* Lines before the first that differs are equal, and so are their digests, where they have any. */
static int64_t digested_before(const iso_diff_findings *f, int64_t step) {
    int64_t a = iso_json_int(&f->side[0].header, "digest_every", 1), b = iso_json_int(&f->side[1].header, "digest_every", 1);
    do
        step--;
    while (step > 0 && a > 0 && b > 0 && (step % a || step % b));
    return step < 0 ? 0 : step;
}

static iso_status describe_line(iso_diff_findings *f, const size_t at[2]) {
    iso_json line[2];
    size_t sound = 0;
    iso_status status = ISO_OK;
    for (int i = 0; i < 2 && !status; i++) {
        const iso_ledger *l = f->side[i].ledger;
        if (at[i] >= l->count) {
            snprintf(f->note, sizeof f->note, "run %c has no such line: it stops at step %lld", iso_diff_side_name[i],
                     (long long)iso_ledger_step(l, l->count - 1));
            line[i] = (iso_json){.kind = ISO_JSON_NULL};
        } else
            status = iso_ledger_parse(l, at[i], &line[i]);
        sound += status == ISO_OK;
    }
    if (!status) {
        const iso_json *any = line[0].kind == ISO_JSON_OBJECT ? &line[0] : &line[1];
        const char *kind = iso_json_string(any, "kind"), *member = NULL;
        if (line[0].kind == line[1].kind)
            member = iso_ledger_first_difference(&line[0], &line[1]);
        f->step = f->line_step = iso_json_int(any, "step", 0);
        f->since = digested_before(f, f->step);
        snprintf(f->kind, sizeof f->kind, "%s", kind ? kind : "?");
        snprintf(f->member, sizeof f->member, "%s", member ? member : "");
    }
    for (size_t i = 0; i < sound; i++)
        iso_json_free(f->ctx, &line[i]);
    return status;
}

/* ---- Opening ---- */

/* A broken chain is a finding, not a failure. */
static iso_status open_side(iso_diff_findings *f, iso_diff_side *side) {
    iso_context *ctx = f->ctx;
    iso_status status = iso_ledger_open(ctx, side->directory, ISO_LEDGER_READ, &side->ledger);
    if (!status && side->ledger->count == 0)
        status = iso_fail(ctx, ISO_DIFFER, "%s/run.ledger has no header line", side->directory);
    if (!status)
        status = iso_ledger_parse(side->ledger, 0, &side->header);
    if (!status && side->ledger->torn)
        status = iso_fail(ctx, ISO_DIFFER, "%s/run.ledger ends in the middle of a line", side->directory);
    if (status == ISO_DIFFER)
        snprintf(side->damaged, sizeof side->damaged, "%s", iso_error(ctx));
    if (side->ledger && side->ledger->count)
        memcpy(side->head, side->ledger->lines[side->ledger->count - 1].digest, sizeof side->head);
    return status == ISO_DIFFER ? ISO_OK : status;
}

static int64_t checkpoint_bytes(iso_context *ctx, const iso_diff_side *side) {
    int64_t sum = 0;
    for (size_t i = 0; i < side->ledger->count; i++) {
        char name[64], path[1200];
        struct stat info;
        if (!iso_ledger_is(side->ledger, i, "ckpt"))
            continue;
        iso_checkpoint_name(side->ledger->lines[i].step, name);
        if ((size_t)snprintf(path, sizeof path, "%s/%s", side->directory, name) < sizeof path &&
            ctx->files.stat(ctx->files.user, path, &info) == 0)
            sum += info.st_size;
    }
    return sum;
}

/* A checkpoint that is not what its own ledger says, while that is quickly found out. */
static iso_status check_files(iso_diff_findings *f, iso_diff_side *side) {
    if (!side->ledger || side->damaged[0] || checkpoint_bytes(f->ctx, side) > SMALL_CHECKPOINTS)
        return ISO_OK;
    iso_status status = iso_verify_checkpoints(f->ctx, side->directory, side->ledger, side->damaged, sizeof side->damaged);
    return status == ISO_DIFFER ? ISO_OK : status;
}

static iso_status open_trace(iso_diff_findings *f, iso_diff_side *side) {
    char *path = iso_path_join(f->ctx, side->directory, ISO_TRACE_FILE);
    iso_status status = !path ? ISO_ENOMEM : iso_file_exists(f->ctx, path) ? iso_trace_read(f->ctx, path, &side->trace) : ISO_OK;
    iso_free(f->ctx, path);
    if (status == ISO_DIFFER)
        snprintf(f->note, sizeof f->note, "%.400s; the trace is not used", iso_error(f->ctx));
    return status == ISO_DIFFER ? ISO_OK : status;
}

/* ---- The whole ---- */

/* The heads alone, when that is enough. A ledger whose end is damaged is left to open_side. */
static iso_status heads_are_equal(iso_diff_findings *f, bool *equal) {
    uint8_t head[2][ISO_BLAKE3_SIZE];
    int64_t size[2];
    *equal = false;
    for (int i = 0; i < 2; i++) {
        iso_status status = iso_ledger_head(f->ctx, f->side[i].directory, head[i], &size[i]);
        if (status)
            return status == ISO_DIFFER ? ISO_OK : status;
    }
    *equal = memcmp(head[0], head[1], sizeof head[0]) == 0 && (size[0] > SMALL_LEDGER || size[1] > SMALL_LEDGER);
    memcpy(f->side[0].head, head[0], sizeof head[0]);
    memcpy(f->side[1].head, head[1], sizeof head[1]);
    return ISO_OK;
}

static iso_status compare(iso_diff_findings *f) {
    iso_diff_side *side = f->side;
    bool equal;
    iso_status status = heads_are_equal(f, &equal);
    if (status || equal)
        return status;
    for (int i = 0; i < 2 && !status; i++)
        status = open_side(f, &side[i]);
    for (int i = 0; i < 2 && !status; i++)
        status = check_files(f, &side[i]);
    for (int i = 0; i < 2 && !status; i++)
        if (!side[i].ledger || !side[i].ledger->count)
            return ISO_OK; /* the damage is all there is to say */
    if (status || memcmp(side[0].head, side[1].head, sizeof side[0].head) == 0)
        return status;
    iso_diff_find_cause(&side[0].header, &side[1].header, &(iso_diff_names){"in A", "in B"}, &f->cause);
    iso_diff_environment(f->ctx, (const char *const[]){side[0].directory, side[1].directory}, f->environment,
                         sizeof f->environment);
    size_t line[2];
    if (!iso_diff_lines(side[0].ledger, side[1].ledger, line))
        return ISO_OK; /* only the headers differ, or the schedules of checkpoints */
    if ((status = describe_line(f, line)) || line[0] >= side[0].ledger->count || line[1] >= side[1].ledger->count)
        return status;
    for (int i = 0; i < 2 && !status; i++)
        status = open_trace(f, &side[i]);
    return status ? status : iso_diff_find_tensor(f);
}

iso_status iso_diff_runs(iso_context *ctx, const char *a, const char *b, iso_diff_findings *f) {
    *f = (iso_diff_findings){.ctx = ctx, .step = -1, .side = {{.directory = a}, {.directory = b}}};
    return compare(f);
}

void iso_diff_free(iso_diff_findings *f) {
    for (int i = 0; f->ctx && i < 2; i++) {
        iso_trace_file_free(f->side[i].trace);
        iso_json_free(f->ctx, &f->side[i].header);
        iso_ledger_close(f->side[i].ledger);
    }
}

bool iso_diff_equal(const iso_diff_findings *f) {
    return !f->cause.kind && f->step < 0 && !f->side[0].damaged[0] && !f->side[1].damaged[0];
}

static iso_status diff_runs(iso_context *ctx, const char *a, const char *b, bool json, iso_text *out) {
    iso_diff_findings *f = iso_calloc(ctx, 1, sizeof *f);
    if (!f)
        return ISO_ENOMEM;
    iso_status status = iso_diff_runs(ctx, a, b, f);
    bool equal = iso_diff_equal(f);
    if (!status && json)
        iso_diff_write_json(out, f, equal);
    else if (!status)
        iso_diff_write_text(out, f);
    iso_diff_free(f);
    iso_free(ctx, f);
    return status ? status : equal ? ISO_OK : ISO_DIFFER;
}

/* The run directory of a path that may also name its ledger; to be freed. */
static char *run_directory(iso_context *ctx, const char *path) {
    return strcmp(iso_path_name(path), "run.ledger") == 0 ? iso_path_directory(ctx, path) : iso_strdup(ctx, path);
}

iso_status iso_diff(iso_context *ctx, const char *path_a, const char *path_b, bool json, char **report) {
    *report = NULL;
    iso_text out = iso_text_new(ctx);
    char *a = run_directory(ctx, path_a), *b = run_directory(ctx, path_b);
    iso_status status = a && b ? ISO_OK : ISO_ENOMEM;
    struct stat info[2];
    bool there[2] = {false, false};
    if (!status)
        status = iso_file_stat(ctx, a, &info[0], &there[0]);
    if (!status)
        status = iso_file_stat(ctx, b, &info[1], &there[1]);
    if (!status) {
        bool file_a = there[0] && !S_ISDIR(info[0].st_mode), file_b = there[1] && !S_ISDIR(info[1].st_mode);
        if (file_a != file_b && there[0] && there[1]) /* otherwise reading says what is missing */
            status = iso_fail(ctx, ISO_EINVAL, "%s is a file and %s is none; expected two run directories, or two traces",
                              file_a ? a : b, file_a ? b : a);
        else
            status = file_a || file_b ? iso_diff_traces(ctx, a, b, json, &out) : diff_runs(ctx, a, b, json, &out);
    }
    iso_free(ctx, a);
    iso_free(ctx, b);
    if ((!status || status == ISO_DIFFER) && iso_text_ok(&out)) {
        *report = out.data;
        return status;
    }
    iso_text_free(&out);
    return status && status != ISO_DIFFER ? status : ISO_ENOMEM;
}
