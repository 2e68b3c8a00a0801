/* A report for people on servers: a screen of text, with curves one line high. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/html.h"
#include "report/report.h"

#define LABEL 14
#define LEAST 20 /* columns: narrower than this nothing is readable */

struct page {
    iso_text *out;
    int columns;
    bool ascii;
};

/* ---- Words ---- */

/* How many columns the first `size` bytes take: one a character. */
static int width_of(const char *text, size_t size) {
    int width = 0;
    for (size_t i = 0; i < size; width++) {
        size_t length = iso_utf8_length(text + i, size - i);
        i += length ? length : 1;
    }
    return width;
}

/* Without what the terminal could take for commands or, in ASCII, could not show. */
static void put_plain(struct page *p, const char *text, size_t size) {
    for (size_t i = 0; i < size;) {
        size_t length = iso_utf8_length(text + i, size - i);
        bool plain = length == 1 ? (unsigned char)text[i] >= 0x20 && text[i] != 0x7f : length > 1 && !p->ascii;
        iso_text_append(p->out, plain ? text + i : "?", plain ? length : 1);
        i += length ? length : 1;
    }
}

/* A label, then words, broken between them where a line is full; a word longer than a line is cut. */
static void put_words(struct page *p, const char *label, int indent, const char *text) {
    int column = width_of(label, strlen(label)), room = p->columns;
    if (indent > room / 2)
        indent = 2;
    put_plain(p, label, strlen(label));
    for (; column < indent; column++)
        iso_text_puts(p->out, " ");
    bool first = true;
    while (*text) {
        size_t size = strcspn(text, " ");
        int width = width_of(text, size);
        if (!first && column + 1 + width > room) {
            iso_text_printf(p->out, "\n%*s", indent, "");
            column = indent;
        } else if (!first) {
            iso_text_puts(p->out, " ");
            column++;
        }
        while (width > room - column && size) { /* ASCII: digests and paths */
            size_t piece = (size_t)(room - column) < size ? (size_t)(room - column) : size;
            put_plain(p, text, piece);
            text += piece;
            size -= piece;
            iso_text_printf(p->out, "\n%*s", indent, "");
            column = indent;
            width = width_of(text, size);
        }
        put_plain(p, text, size);
        column += width;
        text += size;
        text += strspn(text, " ");
        first = false;
    }
    iso_text_puts(p->out, "\n");
}

static void put(struct page *p, const char *label, const char *format, ...) ISO_PRINTF(3, 4);
static void put(struct page *p, const char *label, const char *format, ...) {
    char text[1400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_words(p, label, LABEL, text);
}

/* ---- Curves ---- */

static void put_spark(struct page *p, const iso_series *s, int cells) {
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, *const plain[] = {"_", ".", ":", "-",
                                                                                                    "=", "+", "*", "#"};
    size_t at = 0;
    if ((size_t)cells > s->count)
        cells = (int)s->count;
    for (int i = 0; i < cells; i++) {
        double sum = 0;
        int count = 0;
        for (size_t end = s->count * (size_t)(i + 1) / (size_t)cells; at < end; at++)
            if (isfinite(s->points[at].y)) {
                sum += s->points[at].y;
                count++;
            }
        double place = s->high > s->low ? (sum / count - s->low) / (s->high - s->low) : 0.5;
        int level = (int)(place * 7.999);
        iso_text_puts(p->out, count == 0 ? " " : (p->ascii ? plain : blocks)[level < 0 ? 0 : level > 7 ? 7 : level]);
    }
}

static iso_status put_curve(struct page *p, const iso_history *h, iso_curve curve, const char *label, int digits) {
    int room = p->columns - LABEL, cells = room > 48 ? 48 : room;
    iso_series s;
    char first[40], last[40], low[40], high[40];
    iso_status status = iso_series_of(h, curve, (size_t)cells * 4, &s);
    if (status || isnan(s.first)) {
        iso_series_free(h->ctx, &s);
        return status;
    }
    iso_short_number(s.first, digits, first);
    iso_short_number(s.last, digits, last);
    iso_short_number(s.low, digits, low);
    iso_short_number(s.high, digits, high);
    if (s.low == s.high)
        put(p, label, "%s", last);
    else {
        iso_text_printf(p->out, "%-*s", LABEL, label);
        put_spark(p, &s, cells);
        iso_text_puts(p->out, "\n");
        if (curve == ISO_CURVE_THROUGHPUT) {
            iso_short_number(iso_history_throughput(h), digits, first);
            put(p, "", "median %s, %s to %s", first, low, high);
        } else
            put(p, "", "%s to %s; lowest %s (step %.0f), highest %s (step %.0f)", first, last, low, s.low_at, high, s.high_at);
    }
    iso_series_free(h->ctx, &s);
    return ISO_OK;
}

/* ---- The page ---- */

static iso_status put_run(struct page *p, const iso_history *h, const char *label) {
    static const struct {
        iso_curve curve;
        const char *label;
        int digits;
    } curves[] = {{ISO_CURVE_LOSS, "loss", 4}, {ISO_CURVE_TEST_LOSS, "test loss", 4}, {ISO_CURVE_ACCURACY, "accuracy %", 4},
                  {ISO_CURVE_LR, "lr", 4},     {ISO_CURVE_NORM, "gradient norm", 4},  {ISO_CURVE_THROUGHPUT, "images/s", 4}};
    char text[240], hex[2 * ISO_BLAKE3_SIZE + 1];
    iso_status status = ISO_OK;
    put(p, label, "%s", h->directory);
    iso_run_state_text(h, text);
    put(p, "state", "%s", text);
    put(p, "steps", "%lld of %lld, epoch %lld", h->step_count ? (long long)h->steps[h->step_count - 1].step : 0,
        (long long)iso_history_steps(h), (long long)iso_history_epochs(h));
    for (size_t i = 0; i < ISO_COUNTOF(curves) && !status; i++)
        status = put_curve(p, h, curves[i].curve, curves[i].label, curves[i].digits);
    if (h->eval_count) {
        const iso_history_eval *e = &h->evals[h->eval_count - 1];
        put(p, "last test", "%lld of %lld right, step %lld", (long long)e->correct, (long long)e->count, (long long)e->step);
    }
    if (h->checkpoint_count)
        put(p, "checkpoints", "%zu, newest %s", h->checkpoint_count, h->checkpoints[h->checkpoint_count - 1].file);
    if (h->start_count) {
        const iso_json *start = &h->starts[h->start_count - 1];
        const char *cpu = iso_json_string(start, "cpu"), *isa = iso_json_string(start, "isa"),
                   *when = iso_json_string(start, "started");
        put(p, "started", "%zu time%s, last %s: %s, %s, %lld thread%s", h->start_count, h->start_count == 1 ? "" : "s",
            when ? when : "?", cpu ? cpu : "?", isa ? isa : "?", (long long)iso_json_int(start, "threads", 0),
            iso_json_int(start, "threads", 0) == 1 ? "" : "s");
    }
    for (int i = 0; i < ISO_BLAKE3_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", h->head[i]);
    put(p, h->ended || h->nan_step ? "digest" : "head so far", "%s", hex);
    return status;
}

static iso_status put_difference(struct page *p, const iso_diff_findings *f) {
    iso_text text = iso_text_new(p->out->ctx);
    iso_diff_write_text(&text, f);
    char line[2048];
    for (const char *at = iso_text_ok(&text) ? text.data : ""; at && *at;) {
        size_t size = strcspn(at, "\n"), skip = strspn(at, " ");
        snprintf(line, sizeof line, "%.*s", (int)(size - (skip < size ? skip : size)), at + (skip < size ? skip : size));
        if (skip >= 2) { /* "  cause  ..." */
            char label[16];
            size_t word = strcspn(line, " "), rest = word + strspn(line + word, " ");
            bool named = (rest - word >= 2 || strncmp(line, "tensor ", 7) == 0) && word < sizeof label - 1;
            snprintf(label, sizeof label, "%.*s", named ? (int)word : 0, line);
            put_words(p, label, LABEL, named ? line + rest : line);
        } else
            put_words(p, "", 0, line);
        at += size + (at[size] == '\n');
    }
    bool ok = iso_text_ok(&text);
    iso_text_free(&text);
    return ok ? ISO_OK : ISO_ENOMEM;
}

iso_status iso_report_text(iso_text *out, const iso_report_input *in, int columns, bool ascii) {
    struct page p = {out, columns > 0 ? columns : 80, ascii};
    if (p.columns < LEAST)
        p.columns = LEAST;
    iso_status status = put_run(&p, &in->runs[0], in->count > 1 ? "A" : "run");
    if (in->count > 1 && !status) {
        iso_text_puts(out, "\n");
        status = put_run(&p, &in->runs[1], "B");
        iso_text_puts(out, "\n");
        if (!status)
            status = put_difference(&p, in->findings);
    }
    return status;
}
