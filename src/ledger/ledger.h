/* run.ledger: one JSON line per event, each carrying the digest of the line before it, so that the last line's digest stands
 * for the whole run. Format: docs/ledger.md.
 *
 * A ledger is written or compared through the same calls: a line that exists already is compared, not appended. So a run that
 * was killed and resumed, and one that is verified, go through the code that recorded it. */
#ifndef ISO_LEDGER_LEDGER_H
#define ISO_LEDGER_LEDGER_H

#include "core/json.h"
#include "core/text.h"
#include "ledger/line.h"
#include "ledger/safetensors.h"
#include "ledger/state.h"

/* One line of a ledger that has been read. */
typedef struct iso_ledger_line {
    size_t at, size; /* in the file, without the newline */
    iso_line_kind kind;
    int64_t step; /* -1: the header */
    uint8_t digest[ISO_BLAKE3_SIZE];
} iso_ledger_line;

typedef struct iso_ledger {
    iso_context *ctx;
    char *path;
    int fd;         /* -1: only read */
    uint8_t *bytes; /* of the lines that existed when it was opened */
    iso_ledger_line *lines;
    size_t count, capacity;        /* lines that existed */
    size_t position;               /* the next line: below count it is compared, from there on appended */
    bool finished;                 /* the existing lines end with "end" or "nan-stop" */
    uint8_t head[ISO_BLAKE3_SIZE]; /* digest of the line before `position` */
    size_t end;                    /* length of the file up to the last whole line */
    char differing[32];            /* the member in which a line that was put differs from the recorded one; "": not in one */
    iso_text spare;                /* memory of the line before, for the next one: a step allocates nothing */
    size_t torn;                   /* bytes behind it when the ledger was opened: what was being written at a crash */
} iso_ledger;

typedef enum iso_ledger_mode {
    ISO_LEDGER_CREATE, /* a new one; ISO_EINVAL if there is one already */
    ISO_LEDGER_RESUME, /* an existing one, to go on with; what a crash left unfinished is cut off */
    ISO_LEDGER_READ    /* an existing one, never written: to verify or to diff */
} iso_ledger_mode;

/* Opens run.ledger in a run directory. For CREATE and RESUME the ledger is locked: ISO_EINVAL while another process holds
 * it. ISO_DIFFER if a line of an existing one is damaged: the message names the first. RESUME gives up bad lines behind the last
 * line that was synced (header, ckpt, end), for only a crash of the machine can have left them, and they will be written again.
 */
iso_status iso_ledger_open(iso_context *ctx, const char *directory, iso_ledger_mode mode, iso_ledger **ledger);
void iso_ledger_close(iso_ledger *ledger);

/* The head alone, without reading what stands before the last line; nothing is checked but that it is a whole line. *size: of the
 * file. ISO_DIFFER: it is not, or there is none. */
iso_status iso_ledger_head(iso_context *ctx, const char *directory, uint8_t head[ISO_BLAKE3_SIZE], int64_t *size);

/* A line of one kind under construction: first the call for the kind, then members in the fixed order, then iso_ledger_put. */
iso_text iso_ledger_begin(iso_ledger *ledger, const char *kind);
void iso_ledger_int(iso_text *line, const char *key, int64_t value);
void iso_ledger_text(iso_text *line, const char *key, const char *value);
void iso_ledger_hex(iso_text *line, const char *key, const uint8_t *bytes, size_t size);
void iso_ledger_f32(iso_text *line, const char *key, float value);  /* its bits, 8 digits; NaN as 7fc00000 */
void iso_ledger_f64(iso_text *line, const char *key, double value); /* its bits, 16 digits */
/* The tensors of a state with their digests and tile tables. */
iso_status iso_ledger_tensors(iso_text *line, iso_state *state);

/* Completes the line with the digest of the line before, and appends or compares it; takes the text back. ISO_DIFFER, with a
 * message that names step and member, if an existing line says something else; ISO_EIO. A READ ledger that has no such line:
 * ISO_DIFFER.
 */
iso_status iso_ledger_put(iso_ledger *ledger, iso_text *line);
/* Makes everything appended so far durable: behind the header, before a checkpoint is written, and behind its line. Not after
 * every step: the death of the program loses nothing that was written, and what a crash of the machine loses lies behind the
 * newest checkpoint and is computed again. A failure is final: what the disk holds is unknown. */
iso_status iso_ledger_sync(iso_ledger *ledger);

/* An existing line, parsed; free with iso_json_free. */
iso_status iso_ledger_parse(const iso_ledger *ledger, size_t index, iso_json *line);
/* The line before which `position` stands is set: as if lines 0 .. index-1 had just been put. */
void iso_ledger_seek(iso_ledger *ledger, size_t index);
/* The index of the first line of that kind with step `step` at or behind `from`; ledger->count if there is none. */
size_t iso_ledger_find(const iso_ledger *ledger, size_t from, const char *kind, int64_t step);

bool iso_ledger_is(const iso_ledger *ledger, size_t index, const char *kind);
int64_t iso_ledger_step(const iso_ledger *ledger, size_t index);

#endif
