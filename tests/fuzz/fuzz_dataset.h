/* A data set that was opened: every label names a class, every image is there. */
#include "fuzz.h"

#include "data/dataset.h"

static inline void fuzz_dataset(iso_status status, iso_dataset *d) {
    FUZZ_HOLDS((status == ISO_OK) == (d != NULL));
    FUZZ_HOLDS(!status || iso_error(fuzz_context())[0]);
    if (!d)
        return;
    FUZZ_HOLDS(d->count > 0 && d->class_count > 0);
    for (size_t i = 0; i < d->count; i++) {
        const iso_image *image = &d->images[i];
        FUZZ_HOLDS(d->labels[i] >= 0 && (size_t)d->labels[i] < d->class_count);
        FUZZ_HOLDS(image->w == d->sizes[i].w && image->h == d->sizes[i].h && image->channels == d->channels);
        fuzz_touch(image->pixels, (size_t)(image->w * image->h * image->channels));
    }
    iso_dataset_free(d);
}
