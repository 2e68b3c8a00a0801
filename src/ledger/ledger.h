/* run.ledger: one JSON line per event, each carrying the digest of the line before it, so that the last line's digest stands
 * for the whole run. Format: docs/ledger.md.
 *
 * A ledger is written or compared through the same calls: a line that exists already is compared, not appended. So a run that
 * was killed and resumed, and one that is verified, go through the code that recorded it. */
#ifndef ISO_LEDGER_LEDGER_H
#define ISO_LEDGER_LEDGER_H

#include "core/json.h"
#include "core/text.h"
#include "ledger/safetensors.h"
#include "ledger/state.h"

/* One line of a ledger that has been read. */
typedef struct iso_ledger_line {
    size_t at, size; /* in the file, without the newline */
    uint8_t digest[ISO_BLAKE3_SIZE];
} iso_ledger_line;

typedef struct iso_ledger {
    iso_context *ctx;
    char *path;
    int fd;            /* -1: only read */
    uint8_t *bytes;    /* of the lines that existed when it was opened */
    iso_ledger_line *lines;
    size_t count, capacity; /* lines that existed */
    size_t position;   /* the next line: below count it is compared, from there on appended */
    bool finished;     /* the existing lines end with "end" or "nan-stop" */
    uint8_t head[ISO_BLAKE3_SIZE]; /* digest of the line before `position` */
    size_t end;        /* length of the file up to the last whole line */
    size_t torn;       /* bytes behind it when the ledger was opened: a line that was being written at a crash */
} iso_ledger;

typedef enum iso_ledger_mode {
    ISO_LEDGER_CREATE, /* a new one; ISO_EINVAL if there is one already */
    ISO_LEDGER_RESUME, /* an existing one, to go on with; a torn tail is cut off */
    ISO_LEDGER_READ    /* an existing one, never written: to verify or to diff */
} iso_ledger_mode;

/* Opens run.ledger in a run directory. For CREATE and RESUME the ledger is locked: ISO_EINVAL while another process holds
 * it. ISO_DIFFER if the chain of an existing one is broken: the message names the first bad line. */
iso_status iso_ledger_open(iso_context *ctx, const char *directory, iso_ledger_mode mode, iso_ledger **ledger);
void iso_ledger_close(iso_ledger *ledger);

/* A line of one kind under construction: first the call for the kind, then members in the fixed order, then iso_ledger_put. */
iso_text iso_ledger_begin(iso_ledger *ledger, const char *kind);
void iso_ledger_int(iso_text *line, const char *key, int64_t value);
void iso_ledger_text(iso_text *line, const char *key, const char *value);
void iso_ledger_hex(iso_text *line, const char *key, const uint8_t *bytes, size_t size);
void iso_ledger_f32(iso_text *line, const char *key, float value);  /* its bits, 8 digits; NaN as 7fc00000 */
void iso_ledger_f64(iso_text *line, const char *key, double value); /* its bits, 16 digits */
/* The tensors of a state with their digests and tile tables. */
iso_status iso_ledger_tensors(iso_text *line, iso_state *state);

/* Completes the line with the digest of the line before, and appends or compares it; frees the text. ISO_DIFFER, with a message
 * that names step and member, if an existing line says something else; ISO_EIO. A READ ledger that has no such line: ISO_DIFFER. */
iso_status iso_ledger_put(iso_ledger *ledger, iso_text *line);
/* Makes everything appended so far durable. */
iso_status iso_ledger_sync(iso_ledger *ledger);

/* An existing line, parsed; free with iso_json_free. */
iso_status iso_ledger_parse(const iso_ledger *ledger, size_t index, iso_json *line);
/* The line before which `position` stands is set: as if lines 0 .. index-1 had just been put. */
void iso_ledger_seek(iso_ledger *ledger, size_t index);
/* The index of the first line of that kind with step `step` at or behind `from`; ledger->count if there is none. */
size_t iso_ledger_find(const iso_ledger *ledger, size_t from, const char *kind, int64_t step);

/* Kind and step of an existing line, without parsing the whole of it. */
bool iso_ledger_is(const iso_ledger *ledger, size_t index, const char *kind);
int64_t iso_ledger_step(const iso_ledger *ledger, size_t index); /* -1: it has none */

/* Compares two lines member by member: the name of the first member that differs (borrowed from `expected`), NULL if none. */
const char *iso_ledger_first_difference(const iso_json *expected, const iso_json *actual);

#endif
