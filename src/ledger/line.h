/* The lines of a ledger as text: which kinds there are, which members they have, and in which one way they are written.
 * docs/ledger.md#lines says the same in words. */
#ifndef ISO_LEDGER_LINE_H
#define ISO_LEDGER_LINE_H

#include "core/blake3.h"
#include "core/json.h"

#define ISO_LEDGER_FORMAT "isobit-ledger-1"
#define ISO_LEDGER_DIGEST "blake3-256"

typedef enum iso_line_kind {
    ISO_LINE_HEADER,
    ISO_LINE_STEP,
    ISO_LINE_CKPT,
    ISO_LINE_EVAL,
    ISO_LINE_NAN_STOP,
    ISO_LINE_END,
    ISO_LINE_KINDS
} iso_line_kind;

const char *iso_line_kind_name(iso_line_kind kind);

/* What a reader needs of a line without parsing the whole of it. */
typedef struct iso_line_summary {
    iso_line_kind kind;
    int64_t step; /* -1: the header */
    uint8_t prev[ISO_BLAKE3_SIZE];
} iso_line_summary;

/* Checks a line byte by byte: a known kind, exactly its members in their order, canonical numbers and strings, no spaces. False:
 * *problem says what was expected, *at at which byte. */
bool iso_line_check(const char *line, size_t size, iso_line_summary *summary, const char **problem, size_t *at);

/* Two parsed lines of one kind, member by member, "prev" left out: the first member that differs (borrowed from `a`), NULL if
 * none. */
const char *iso_ledger_first_difference(const iso_json *a, const iso_json *b);

/* Two values are the same. */
bool iso_json_equal(const iso_json *a, const iso_json *b);

/* The "tensors" members of two ckpt lines. */
typedef struct iso_tensors_difference {
    const char *tensor; /* the first that differs, or that only one side has; borrowed; NULL: none */
    int64_t tile;       /* the first of it that differs; -1: it has no tile table on both sides */
    bool missing_a, missing_b;
    int64_t differing, total; /* tensors; total: of a */
} iso_tensors_difference;
iso_tensors_difference iso_line_tensors_difference(const iso_json *a, const iso_json *b);

#endif
