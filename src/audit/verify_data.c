/* What a run was fed, without taking a step again: every file has been compared with its entry when this begins; here the images
 * are decoded anew, and all that the header says of them is compared: how many, their pixels, the classes, the order. */
#include <string.h>

#include "audit/verify.h"

/* The same member of two objects. */
static bool same(const iso_json *a, const iso_json *b, const char *key) {
    const iso_json *x = iso_json_get(a, key), *y = iso_json_get(b, key);
    return x && y ? iso_json_equal(x, y) : x == y;
}

static iso_status compare(struct verification *v, const char *split, const iso_json *recorded, const iso_json *found) {
    static const struct {
        const char *key, *problem;
    } members[] = {
        {"classes", "its classes are not those that the run had"},
        {"files", "its files are not those that the run had: some are new, or have other names"},
        {"skipped", "the images that are left out as damaged are not those of the run"},
        {"images", "the number of its images is not that of the run"},
        {"pixels", "all its files are as they were, but their decoded pixels are not: another image library decodes them, or "
                   "this one is at fault"},
    };
    for (size_t i = 0; i < ISO_COUNTOF(members); i++)
        if (!same(recorded, found, members[i].key))
            return iso_verify_found(v, "data.%s: %s", split, members[i].problem);
    return ISO_OK;
}

static iso_status check_split(struct verification *v, const char *split, const iso_dataset *d) {
    const iso_json *recorded = iso_json_get(&v->header, split);
    iso_text text = iso_text_new(v->ctx);
    iso_json found = {.kind = ISO_JSON_NULL};
    iso_session_write_data(&text, split, d);
    iso_text_puts(&text, "}");
    if (iso_text_ok(&text))
        text.data[0] = '{'; /* in place of the comma before it */
    iso_status status = iso_text_ok(&text) ? iso_json_parse(v->ctx, text.data, text.size, &found) : ISO_ENOMEM;
    if (!status && !recorded)
        status = iso_verify_found(v, "data.%s: the run had none", split);
    if (!status)
        status = compare(v, split, recorded, iso_json_get(&found, split));
    v->result->files += (int64_t)(d->file_count + d->skipped_count);
    v->result->images += (int64_t)d->count;
    iso_json_free(v->ctx, &found);
    iso_text_free(&text);
    return status;
}

iso_status iso_verify_data(struct verification *v) {
    const iso_trainer *t = v->trainer;
    iso_status status = check_split(v, "train", t->train);
    if (!status && t->test && !t->whole)
        status = check_split(v, "test", t->test);
    return status;
}
