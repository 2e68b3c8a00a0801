#include "run/cause.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "ledger/line.h"

static void set(iso_diff_cause *cause, const char *kind, const char *format, ...) ISO_PRINTF(3, 4);
static void set(iso_diff_cause *cause, const char *kind, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(cause->detail, sizeof cause->detail, format, args);
    va_end(args);
    cause->kind = kind;
}

/* A member that is a text or a number. */
static bool member_differs(const iso_json *a, const iso_json *b, const iso_diff_names *in, const char *key, const char *kind,
                           iso_diff_cause *cause) {
    const char *x = iso_json_string(a, key), *y = iso_json_string(b, key);
    if (x && y) {
        if (strcmp(x, y) == 0)
            return false;
        set(cause, kind, "%.200s %s, %.200s %s", x, in->a, y, in->b);
        return true;
    }
    int64_t i = iso_json_int(a, key, -1), j = iso_json_int(b, key, -1);
    if (i == j)
        return false;
    set(cause, kind, "%lld %s, %lld %s", (long long)i, in->a, (long long)j, in->b);
    return true;
}

/* One line of a text, and the key that it belongs to: its own, or for an item of a list the one above with the item's number. */
struct recipe_line {
    const char *text;
    size_t size;
    char key[64];
    int item;
};

static bool next_line(const char **at, struct recipe_line *line) {
    if (!**at)
        return false;
    line->text = *at;
    line->size = strcspn(*at, "\n");
    size_t indent = strspn(line->text, " ");
    if (line->text[indent] == '-')
        line->item++;
    else {
        snprintf(line->key, sizeof line->key, "%.*s", (int)strcspn(line->text + indent, ":\n"), line->text + indent);
        line->item = -1;
    }
    *at += line->size + (line->text[line->size] == '\n');
    return true;
}

/* What stands behind the key or the dash. */
static void value_of(const struct recipe_line *line, bool exists, char *out, size_t size) {
    if (!exists) {
        snprintf(out, size, "(nothing)");
        return;
    }
    size_t skip = strspn(line->text, " ");
    skip += line->text[skip] == '-' ? 1 : strlen(line->key) + 1;
    while (skip < line->size && line->text[skip] == ' ')
        skip++;
    snprintf(out, size, "%.*s", (int)(line->size - skip), line->text + skip);
}

/* Of two lines at the same place: the one that only its own text has belongs to a list or a key that the other has not. */
static bool only_there(const struct recipe_line *line, const struct recipe_line *other, const char *rest_of_other) {
    if (line->item >= 0 || other->item >= 0)
        return line->item > other->item;
    char key[72];
    int indent = (int)strspn(line->text, " ");
    snprintf(key, sizeof key, "\n%*s%s:", indent, "", line->key);
    return strcmp(line->key, other->key) != 0 && !strstr(rest_of_other, key);
}

bool iso_diff_recipes(const char *x, const char *y, bool whole, const iso_diff_names *in, iso_diff_cause *cause) {
    struct recipe_line line_x = {.item = -1}, line_y = {.item = -1};
    for (;;) {
        const char *rest_x = x, *rest_y = y;
        bool more_x = next_line(&x, &line_x), more_y = next_line(&y, &line_y);
        if (!more_x && !more_y)
            return false;
        if (more_x && more_y && line_x.size == line_y.size && memcmp(line_x.text, line_y.text, line_x.size) == 0)
            continue;
        bool has_x = more_x && !(more_y && only_there(&line_y, &line_x, rest_x)),
             has_y = more_y && !(more_x && only_there(&line_x, &line_y, rest_y));
        const struct recipe_line *named = has_x ? &line_x : &line_y;
        if (!whole && (strcmp(named->key, "seed") == 0 || strcmp(named->key, "stream") == 0))
            continue; /* causes of their own */
        char value_x[160], value_y[160];
        value_of(&line_x, has_x, value_x, sizeof value_x);
        value_of(&line_y, has_y, value_y, sizeof value_y);
        if (named->item >= 0)
            set(cause, "recipe", "%s[%d] is %s %s, %s %s", named->key, named->item, value_x, in->a, value_y, in->b);
        else
            set(cause, "recipe", "%s is %s %s, %s %s", named->key, value_x, in->a, value_y, in->b);
        return true;
    }
}

static bool recipe_differs(const iso_json *a, const iso_json *b, const iso_diff_names *in, iso_diff_cause *cause) {
    const char *x = iso_json_string(a, "recipe"), *y = iso_json_string(b, "recipe");
    return x && y && iso_diff_recipes(x, y, false, in, cause);
}

static bool weights_differ(const iso_json *a, const iso_json *b, const iso_diff_names *in, iso_diff_cause *cause) {
    const char *x = iso_json_string(a, "weights"), *y = iso_json_string(b, "weights");
    if (x == y || (x && y && strcmp(x, y) == 0))
        return false;
    set(cause, "weights", "the file that the model starts from: %.64s %s, %.64s %s", x ? x : "(none)", in->a, y ? y : "(none)",
        in->b);
    return true;
}

static const char *file_text(const iso_json *files, size_t i, size_t member) {
    const iso_json *entry = files && i < files->count ? &files->items[i] : NULL;
    const char *text = entry && entry->count == 3 ? entry->items[member].string : NULL;
    return text ? text : "";
}

/* Files of one split: added, removed or changed. Names are unique, but come in the order of the data set. */
static bool files_differ(const iso_json *a, const iso_json *b, const iso_diff_names *in, const char *split,
                         iso_diff_cause *cause) {
    const iso_json *x = iso_json_get(iso_json_get(a, split), "files"), *y = iso_json_get(iso_json_get(b, split), "files");
    size_t count_x = x ? x->count : 0, count_y = y ? y->count : 0, at = 0;
    while (at < count_x && at < count_y && strcmp(file_text(x, at, 0), file_text(y, at, 0)) == 0 &&
           strcmp(file_text(x, at, 2), file_text(y, at, 2)) == 0)
        at++;
    if (at < count_x || at < count_y) {
        const char *name_x = file_text(x, at, 0), *name_y = file_text(y, at, 0);
        if (strcmp(name_x, name_y) == 0)
            set(cause, "data", "%s file %s was changed: %s %s, %s %s", split, name_x, file_text(x, at, 2), in->a,
                file_text(y, at, 2), in->b);
        else {
            bool only_in_a = *name_x;
            for (size_t i = at; i < count_y && only_in_a; i++)
                only_in_a = strcmp(file_text(y, i, 0), name_x) != 0;
            set(cause, "data", "%s file %s is only %s", split, only_in_a ? name_x : name_y, only_in_a ? in->a : in->b);
        }
        return true;
    }
    const char *pixels_x = iso_json_string(iso_json_get(a, split), "pixels"),
               *pixels_y = iso_json_string(iso_json_get(b, split), "pixels");
    if (pixels_x && pixels_y && strcmp(pixels_x, pixels_y) != 0) {
        set(cause, "data", "the %s files are equal, but their decoded pixels differ: another image library?", split);
        return true;
    }
    return false;
}

void iso_diff_find_cause(const iso_json *a, const iso_json *b, const iso_diff_names *in, iso_diff_cause *cause) {
    *cause = (iso_diff_cause){.kind = NULL};
    if (recipe_differs(a, b, in, cause) || member_differs(a, b, in, "seed", "seed", cause) ||
        member_differs(a, b, in, "stream", "stream", cause) || weights_differ(a, b, in, cause) ||
        files_differ(a, b, in, "train", cause) || files_differ(a, b, in, "test", cause) ||
        member_differs(a, b, in, "contract", "contract", cause) ||
        member_differs(a, b, in, "version", "program version", cause) || member_differs(a, b, in, "model", "model", cause))
        return;
    const char *member = iso_ledger_first_difference(a, b);
    if (member && strcmp(member, "prev") != 0)
        set(cause, "header", "%s differs", member);
}

/* ---- What may differ ---- */

/* The last line of run.env: the start that wrote the run's end. False: there is none that can be read. */
static bool last_start(iso_context *ctx, const char *directory, iso_json *start) {
    uint8_t *data;
    size_t size;
    char message[256];
    if (iso_file_read_quietly(ctx, directory, "run.env", (size_t)64 << 20, &data, &size, message, sizeof message))
        return false;
    while (size && data[size - 1] == '\n')
        size--;
    const char *end = (const char *)data + size, *line = memrchr(data, '\n', size);
    line = line ? line + 1 : (const char *)data;
    bool ok = iso_json_parse(ctx, line, (size_t)(end - line), start) == ISO_OK;
    iso_free(ctx, data);
    return ok;
}

static void value_text(const iso_json *start, const char *key, char out[160]) {
    const char *text = iso_json_string(start, key);
    if (text)
        snprintf(out, 160, "%.150s", text);
    else if (iso_json_get(start, key))
        snprintf(out, 160, "%lld", (long long)iso_json_int(start, key, 0));
    else
        snprintf(out, 160, "(unknown)");
}

void iso_diff_environment(iso_context *ctx, const char *const directories[2], char *out, size_t size) {
    static const char *const keys[] = {"version", "host", "cpu", "isa", "compiler", "threads", "workers", "micro_batch", "plan"};
    iso_json start[2];
    int read = 0;
    size_t used = 0;
    out[0] = 0;
    while (read < 2 && last_start(ctx, directories[read], &start[read]))
        read++;
    for (size_t i = 0; read == 2 && i < ISO_COUNTOF(keys) && used < size; i++) {
        char a[160], b[160];
        value_text(&start[0], keys[i], a);
        value_text(&start[1], keys[i], b);
        if (strcmp(a, b) != 0)
            used += (size_t)snprintf(out + used, size - used, "%s%s %s in A, %s in B", used ? "; " : "", keys[i], a, b);
    }
    for (int i = 0; i < read; i++)
        iso_json_free(ctx, &start[i]);
}
