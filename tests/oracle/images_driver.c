/* For tests/oracle/images.py: decodes, transforms and loads images on request. Reads lines whose
 * fields are separated by tabs; answers each by one line, `ok ...` followed by raw bytes, or `error
 * MESSAGE`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "data/loader.h"
#include "image/transforms.h"

#define MAX_FIELDS 64

static iso_context *ctx;
static iso_torch_generator generator;
static iso_py_random python;
static iso_torch_variant variant;

static void fail(const char *message) {
    printf("error %.*s\n", (int)strcspn(message, "\n"), message);
}

static bool read_file(const char *path, uint8_t **data, size_t *size) {
    if (iso_file_read(ctx, path, (size_t)1 << 30, data, size) == ISO_OK)
        return true;
    fail(iso_error(ctx));
    return false;
}

static bool read_image(const char *path, iso_image *image) {
    iso_worker_error error = {.status = ISO_OK};
    uint8_t *data;
    size_t size;
    if (!read_file(path, &data, &size))
        return false;
    bool ok = iso_image_decode(ctx, data, size, image, &error);
    iso_free(ctx, data);
    if (!ok)
        fail(error.message);
    return ok;
}

/* Decodes again, into memory that holds something else, what the loader would: only what the draws ask for. */
static bool read_part(const char *path, const iso_box *part, iso_image *image) {
    iso_worker_error error = {.status = ISO_OK};
    uint8_t *data;
    size_t size;
    if (!read_file(path, &data, &size))
        return false;
    memset(image->pixels, 0xa5, (size_t)(image->w * image->h * image->channels));
    bool ok = iso_image_decode_rows(ctx, data, size, part->y1, image, &error);
    iso_free(ctx, data);
    if (!ok)
        fail(error.message);
    return ok;
}

static void to_gray(iso_image *image) {
    for (int64_t i = 0; i < image->w * image->h; i++)
        image->pixels[i] = image->pixels[3 * i];
    image->channels = 1;
}

/* decode PATH */
static void decode(char **fields) {
    iso_image image = {0};
    if (read_image(fields[1], &image)) {
        printf("ok %lld %lld %d\n", (long long)image.h, (long long)image.w, image.channels);
        fwrite(image.pixels, 1, (size_t)(image.w * image.h * image.channels), stdout);
    }
    iso_image_free(ctx, &image);
}

static iso_transforms *parse_chain(char **calls, size_t count, int channels) {
    iso_expr *exprs[MAX_FIELDS] = {NULL};
    iso_transforms *transforms = NULL;
    size_t parsed = 0, bad;
    int column;
    iso_status status = ISO_OK;
    while (parsed < count && !(status = iso_expr_parse(ctx, calls[parsed], &exprs[parsed], &column)))
        parsed++;
    if (!status)
        status = iso_transforms_new(ctx, (const iso_expr *const *)exprs, count, channels, &bad, &column, &transforms);
    for (size_t i = 0; i < parsed; i++)
        iso_expr_free(ctx, exprs[i]);
    if (status)
        fail(iso_error(ctx));
    return transforms;
}

/* apply CHANNELS PATH CALL...: the tensor, and the generator's next 64 bits. part ...: the same from a part of the image */
static void apply(char **fields, size_t count) {
    iso_image image = {0};
    iso_transform_scratch scratch = {.image = {.ctx = ctx}};
    iso_worker_error error = {.status = ISO_OK};
    int channels = atoi(fields[1]);
    iso_transforms *transforms = NULL;
    iso_draw *draws = NULL;
    float *out = NULL;
    if (!read_image(fields[2], &image) || !(transforms = parse_chain(fields + 3, count - 3, channels)))
        goto done;
    draws = iso_calloc(ctx, transforms->draws, sizeof *draws);
    iso_image_size size = iso_transforms_draw(transforms, &generator, &python, (iso_image_size){image.w, image.h}, draws);
    if (size.w <= 0 || size.h <= 0) {
        fail("the image is too small");
        goto done;
    }
    iso_box source = iso_transforms_source(transforms, draws);
    if (strcmp(fields[0], "part") == 0 && !read_part(fields[2], &source, &image))
        goto done;
    if (channels == 1)
        to_gray(&image);
    size_t numel = (size_t)(size.w * size.h * transforms->channels);
    out = iso_alloc_array(ctx, numel, sizeof *out);
    if (!iso_transforms_apply(transforms, draws, &scratch, &image, out, &error)) {
        fail(error.message);
        goto done;
    }
    iso_torch_generator next = generator;
    printf("ok %d %lld %lld %lld\n", transforms->channels, (long long)size.h, (long long)size.w,
           (long long)iso_torch_random_int64(&next));
    fwrite(out, sizeof *out, numel, stdout);
done:
    iso_free(ctx, out);
    iso_free(ctx, draws);
    iso_transforms_free(transforms);
    iso_transform_scratch_free(&scratch);
    iso_image_free(ctx, &image);
}

static iso_dataset *open_data(const char *kind, const char *root) {
    iso_dataset *dataset = NULL;
    iso_status status = strcmp(kind, "folder") == 0
                            ? iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 100000}, &dataset)
                            : iso_idx_open(ctx, root, kind, false, &dataset);
    if (status)
        fail(iso_error(ctx));
    return dataset;
}

/* list ROOT: classes, then label and name of each file */
static void list(char **fields) {
    iso_dataset *dataset = open_data("folder", fields[1]);
    if (!dataset)
        return;
    printf("ok %zu %zu\n", dataset->class_count, dataset->count);
    for (size_t i = 0; i < dataset->class_count; i++)
        printf("%s\n", dataset->classes[i]);
    for (size_t i = 0; i < dataset->count; i++)
        printf("%d %s\n", dataset->labels[i], dataset->files[i].name);
    iso_dataset_free(dataset);
}

/* What a layer of dropout would draw. */
static void model_draws(void *user, iso_torch_generator *g, int64_t batch_size) {
    for (int64_t i = 0; i < batch_size * *(int64_t *)user; i++)
        iso_torch_random64(g);
}

static iso_status run_epoch(iso_loader *loader, int64_t skip, int64_t draws) {
    const iso_batch *batch = NULL;
    iso_status status = iso_loader_begin(loader, &generator, &python);
    if (!status)
        status = iso_loader_skip(loader, skip);
    for (;;) {
        if (status || (status = iso_loader_next(loader, &batch)) || !batch)
            break;
        iso_torch_generator next = *batch->generator;
        printf("ok %lld %lld %lld %lld %lld\n", (long long)batch->count, (long long)batch->x.shape[1],
               (long long)batch->x.shape[2], (long long)batch->x.shape[3], (long long)iso_torch_random_int64(&next));
        fwrite(batch->x.data, sizeof(float), (size_t)batch->x.numel, stdout);
        fwrite(batch->labels.data, sizeof(int64_t), (size_t)batch->count, stdout);
    }
    (void)draws;
    iso_loader_end(loader, &generator, &python);
    iso_torch_generator next = generator;
    if (status)
        fail(iso_error(ctx));
    else
        printf("end %lld\n", (long long)iso_torch_random_int64(&next));
    return status;
}

/* load KIND ROOT batch_size shuffle drop_last num_workers threads prefetch draws epochs skip
 * CALL... */
static void load(char **fields, size_t count) {
    int64_t draws = atoll(fields[9]), epochs = atoll(fields[10]), skip = atoll(fields[11]);
    iso_loader_options options = {.batch_size = atoll(fields[3]),
                                  .shuffle = atoi(fields[4]),
                                  .drop_last = atoi(fields[5]),
                                  .num_workers = atoll(fields[6]),
                                  .threads = atoi(fields[7]),
                                  .prefetch = atoi(fields[8]),
                                  .model_draws = model_draws,
                                  .user = &draws};
    iso_transforms *transforms = NULL;
    iso_loader *loader = NULL;
    iso_dataset *dataset = open_data(fields[1], fields[2]);
    if (dataset && (transforms = parse_chain(fields + 12, count - 12, dataset->channels))) {
        if (iso_loader_new(ctx, dataset, transforms, &options, &loader))
            fail(iso_error(ctx));
        for (int64_t e = 0; loader && e < epochs && !run_epoch(loader, skip, draws);)
            e++;
    }
    iso_loader_free(loader);
    iso_transforms_free(transforms);
    iso_dataset_free(dataset);
}

/* The instruction set may be given. */
int main(int argc, char **argv) {
    char *line = NULL, *fields[MAX_FIELDS];
    size_t capacity = 0;
    if (iso_context_new(&ctx, &(iso_context_options){.threads = 2, .isa = argc > 1 ? argv[1] : NULL})) {
        fprintf(stderr, "%s\n", iso_error(NULL));
        return 2;
    }
    for (ssize_t size; (size = getline(&line, &capacity, stdin)) > 0;) {
        size_t count = 0;
        line[strcspn(line, "\n")] = 0;
        for (char *at = line, *field; count < MAX_FIELDS && (field = strsep(&at, "\t"));)
            fields[count++] = field;
        if (strcmp(fields[0], "seed") == 0) {
            generator.variant = variant;
            iso_torch_manual_seed(&generator, strtoull(fields[1], NULL, 10));
            iso_py_seed(&python, strtoll(fields[1], NULL, 10));
            printf("ok\n");
        } else if (strcmp(fields[0], "variant") == 0)
            puts(iso_torch_variant_from_name(fields[1], &variant) ? "ok" : "error no such PyTorch");
        else if (strcmp(fields[0], "decode") == 0)
            decode(fields);
        else if (strcmp(fields[0], "apply") == 0 || strcmp(fields[0], "part") == 0)
            apply(fields, count);
        else if (strcmp(fields[0], "list") == 0)
            list(fields);
        else if (strcmp(fields[0], "load") == 0)
            load(fields, count);
        fflush(stdout);
    }
    free(line);
    iso_context_free(ctx);
    return 0;
}
