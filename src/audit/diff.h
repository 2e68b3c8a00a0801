/* The parts of a comparison of two runs: causes (run/cause.h), the first line (diff.c), the operation and the tensor at it, by
 * taking both runs through that step again (diff_replay.c), traces as files (diff_trace.c), and the report (diff_report.c). */
#ifndef ISO_AUDIT_DIFF_H
#define ISO_AUDIT_DIFF_H

#include "ledger/diff.h"
#include "ledger/trace.h"
#include "run/cause.h"
#include "run/session.h"

/* One run that is compared. */
typedef struct iso_diff_side {
    const char *directory;
    iso_ledger *ledger;
    iso_json header;
    iso_trace_file *trace; /* NULL: the run has none */
    uint8_t head[ISO_BLAKE3_SIZE];
    char damaged[1024]; /* what is not as its own ledger says; "" if sound */
    char fault[512];    /* a step that its own inputs do not give; "" if none was seen */
} iso_diff_side;

typedef struct iso_diff_findings {
    iso_context *ctx;
    iso_diff_side side[2];
    iso_diff_cause cause;
    char environment[1024];       /* what may differ, and does: "threads 1 in A, 3 in B; ..." */
    int64_t step;                 /* -1: the ledgers do not part */
    int64_t line_step;            /* of the first line that differs; the step may lie before it where not each is digested */
    int64_t since;                /* the last step before the line whose digests both runs have, and have equal; 0: none */
    char kind[16], member[32];    /* of the line and its member */
    char operation[256];          /* "conv2d of layer 0"; "" if it is not known */
    iso_tensor_difference tensor; /* tensor.tensor is "" if none was found */
    int dims;                     /* of the tensor, where it is known */
    int64_t shape[ISO_MAX_DIMS];
    char note[512]; /* what could not be done, or is remarkable */
} iso_diff_findings;

extern const char iso_diff_side_name[2]; /* A, B */

/* ---- diff.c ---- */

/* Compares two run directories (borrowed, as long as the findings). Free with iso_diff_free, whatever it returned. */
iso_status iso_diff_runs(iso_context *ctx, const char *a, const char *b, iso_diff_findings *f);
void iso_diff_free(iso_diff_findings *f);
bool iso_diff_equal(const iso_diff_findings *f);

/* ---- diff_replay.c ---- */

/* Operation, tensor and element at step f->step; what stands in the way becomes a note. */
iso_status iso_diff_find_tensor(iso_diff_findings *f);

/* ---- diff_trace.c ---- */

/* The place where two traces of a step part, into the findings; the number of it, -1 if they do not. */
int64_t iso_diff_traced_step(iso_diff_findings *f, const iso_trace_step *a, const iso_trace_step *b);
/* Two files of traces: *report as of iso_diff. */
iso_status iso_diff_traces(iso_context *ctx, const char *a, const char *b, bool json, iso_text *report);

/* ---- diff_report.c ---- */
void iso_diff_write_text(iso_text *out, const iso_diff_findings *f);
void iso_diff_write_json(iso_text *out, const iso_diff_findings *f, bool equal);
/* The line of the tensor and what belongs to it. */
void iso_diff_write_tensor(iso_text *out, const iso_diff_findings *f);

#endif
