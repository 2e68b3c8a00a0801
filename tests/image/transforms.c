/* The transforms against torchvision's recorded answers, their properties, and their messages. */
#include "harness/test.h"
#include "image/known_answers.h"
#include "image/made.h"

static iso_context *new_context(void) {
    iso_context *ctx;
    return iso_context_new(&ctx, &(iso_context_options){.threads = 1}) ? NULL : ctx;
}

/* One recorded case; NULL if it is right. */
static const char *check_answer(iso_context *ctx, size_t i) {
    iso_transforms *transforms;
    iso_image image = {0};
    iso_transform_scratch scratch = {.image = {.ctx = ctx}};
    iso_worker_error error = {.status = ISO_OK};
    const char *problem = NULL;
    int h = transform_answers[i].h, w = transform_answers[i].w, channels = transform_answers[i].channels;
    if (made_chain(ctx, transform_answers[i].chain, channels, &transforms))
        return iso_error(ctx);
    iso_torch_generator g = {.variant = ISO_TORCH_1_13};
    iso_py_random python = {.version = 311};
    iso_torch_manual_seed(&g, transform_answers[i].seed);
    iso_py_seed(&python, (int64_t)transform_answers[i].seed);
    made_picture(ctx, h, w, channels, (int64_t)(transform_answers[i].seed % 5), &image);
    iso_draw *draws = iso_alloc_array(ctx, transforms->draws, sizeof *draws);
    iso_image_size size = iso_transforms_draw(transforms, &g, &python, (iso_image_size){w, h}, draws);
    size_t numel = (size_t)(size.w * size.h * transforms->channels);
    float *out = iso_alloc_array(ctx, numel, sizeof *out);
    uint64_t before = made_hash(MADE_HASH_START, image.pixels, (size_t)(w * h * channels));
    for (int repeat = 0; repeat < 2 && !problem; repeat++) { /* the same scratch a second time */
        memset(out, 0xa5, numel * sizeof *out);
        if (size.w != transform_answers[i].out_w || size.h != transform_answers[i].out_h)
            problem = "another size";
        else if (!iso_transforms_apply(transforms, draws, &scratch, &image, out, &error))
            problem = "apply failed";
        else if (made_hash(MADE_HASH_START, out, numel * sizeof *out) != transform_answers[i].hash)
            problem = "other pixels";
    }
    if (iso_torch_random_int64(&g) != transform_answers[i].next)
        problem = "the generator stands elsewhere";
    if (made_hash(MADE_HASH_START, image.pixels, (size_t)(w * h * channels)) != before)
        problem = "the source has changed";
    iso_free(ctx, out);
    iso_free(ctx, draws);
    iso_image_free(ctx, &image);
    iso_transform_scratch_free(&scratch);
    iso_transforms_free(transforms);
    return problem;
}

ISO_TEST(transforms_give_torchvision_s_recorded_answers) {
    iso_context *ctx = new_context();
    for (size_t i = 0; i < ISO_COUNTOF(transform_answers); i++) {
        const char *problem = check_answer(ctx, i);
        CHECK_MSG(!problem, "%s on %d x %d x %d: %s", transform_answers[i].chain, transform_answers[i].h, transform_answers[i].w,
                  transform_answers[i].channels, problem);
    }
    iso_context_free(ctx);
}

ISO_TEST(transforms_say_what_is_wrong_with_a_chain) {
    static const struct {
        const char *chain, *part;
        int channels;
    } wrong[] = {
        {"Resize(3)", "ToTensor() is missing", 3},
        {"Normalize([0.5], [0.5]);ToTensor()", "must stand behind ToTensor()", 3},
        {"ToTensor();Resize(3)", "must stand before ToTensor()", 3},
        {"ToTensor();ToTensor()", "twice", 3},
        {"ToTensor();Normalize([1, 2, 3], [1, 2, 3])", "3 means, but the images have 1 channel", 1},
        {"ToTensor();Normalize([1, 2], [1, 2])", "one or three numbers", 3},
        {"ToTensor();Normalize([0.5], [0])", "divide by zero", 3},
        {"ToTensor();Normalize([0.5], [1e-60])", "divide by zero", 3},
        {"RandomRotatoin(3);ToTensor()", "did you mean 'RandomRotation'?", 3},
        {"RandomRotation(-3);ToTensor()", "degrees must be", 3},
        {"RandomRotation(3, fill=(1, 2, 3));ToTensor()", "fill has 3 numbers", 1},
        {"RandomRotation(3, fill=300);ToTensor()", "between 0 and 255", 3},
        {"RandomRotation(3, centre=(1, 2));ToTensor()", "did you mean 'center'?", 3},
        {"RandomRotation(3, center=1);ToTensor()", "center must be a pair", 3},
        {"RandomResizedCrop();ToTensor()", "size is missing", 3},
        {"RandomResizedCrop(0);ToTensor()", "size must be between", 3},
        {"RandomResizedCrop(3, scale=(1, 0.5));ToTensor()", "ascending order", 3},
        {"Resize(3, interpolation='cubic');ToTensor()", "'bicubic'", 3},
        {"Resize(9, max_size=9);ToTensor()", "greater than size", 3},
        {"Resize((9, 9), max_size=10);ToTensor()", "one number for size", 3},
        {"RandomCrop(3, padding=(1, 2, 3));ToTensor()", "one, two", 3},
        {"Pad(-1);ToTensor()", "0 or more", 3},
        {"Pad(1, padding_mode='mirror');ToTensor()", "padding_mode must be", 3},
        {"RandomHorizontalFlip(1.5);ToTensor()", "between 0 and 1", 3},
        {"3;ToTensor()", "expected a transform", 3},
        {"ColorJitter(-0.1);ToTensor()", "brightness must be", 3},
        {"ColorJitter(contrast=(2, 1));ToTensor()", "contrast must be", 3},
        {"ColorJitter(saturation=[1]);ToTensor()", "saturation must be", 3},
        {"ColorJitter(hue=0.6);ToTensor()", "hue must be", 3},
        {"ColorJitter(hue=(-0.6, 0));ToTensor()", "hue must be", 3},
        {"Grayscale(2);ToTensor()", "must be 1 or 3", 3},
        {"Grayscale();ToTensor();Normalize([1, 2, 3], [1, 2, 3])", "3 means, but the images have 1 channel", 3},
        {"RandomApply([Grayscale()]);ToTensor()", "makes a gray image of an image of 3 channels", 3},
        {"RandomAffine(-3);ToTensor()", "degrees must be", 3},
        {"RandomAffine((1, 2, 3));ToTensor()", "degrees must be", 3},
        {"RandomAffine(3, translate=0.5);ToTensor()", "translate must be", 3},
        {"RandomAffine(3, translate=(0.5, 2));ToTensor()", "translate must be", 3},
        {"RandomAffine(3, scale=(0, 1));ToTensor()", "scale must be", 3},
        {"RandomAffine(3, shear=(1, 2, 3));ToTensor()", "shear must be", 3},
        {"RandomAffine(3, shear=-1);ToTensor()", "shear must be", 3},
        {"RandomAffine(3, center=4);ToTensor()", "center must be", 3},
        {"RandomPosterize(9);ToTensor()", "bits must be between 0 and 8", 3},
        {"RandAugment(magnitude=31);ToTensor()", "below num_magnitude_bins", 3},
        {"RandAugment(num_magnitude_bins=1);ToTensor()", "must be between 2", 3},
        {"RandAugment(fill=(1, 2, 3));ToTensor()", "fill has 3 numbers", 1},
        {"TrivialAugmentWide(interpolation='best');ToTensor()", "interpolation must be", 3},
        {"PILToTensor()", "ConvertImageDtype(torch.float32) is missing", 3},
        {"PILToTensor();Normalize([0.5], [0.5])", "ConvertImageDtype(torch.float32) is missing", 3},
        {"ToTensor();ConvertImageDtype(torch.uint8)", "ConvertImageDtype(torch.float32) is missing", 3},
        {"ToTensor();ConvertImageDtype(torch.int64)", "torch.float32 or torch.uint8", 3},
        {"ConvertImageDtype(torch.float32);ToTensor()", "must stand behind ToTensor()", 3},
        {"RandomErasing();ToTensor()", "must stand behind ToTensor()", 3},
        {"ToTensor();RandomErasing(scale=(0.5, 0.2))", "ascending order", 3},
        {"ToTensor();RandomErasing(scale=(0.5, 1.2))", "between 0 and 1", 3},
        {"ToTensor();RandomErasing(ratio=(0, 1))", "ratio must be", 3},
        {"ToTensor();RandomErasing(value='noise')", "value must be", 3},
        {"ToTensor();RandomErasing(value=(1, 2))", "value must be", 3},
        {"ToTensor();RandomErasing(value=(1, 2, 3))", "3 numbers, but the images have 1 channel", 1},
        {"RandomChoice([Resize(3)], p=[1, 2]);ToTensor()", "2 weights, but there are 1 transforms", 3},
        {"RandomChoice([Resize(3)], p=[0]);ToTensor()", "not all 0", 3},
        {"RandomChoice([Resize(3), Pad(3)], p=[-1, 2]);ToTensor()", "not all 0", 3},
        {"RandomChoice([Resize(3), Pad(3)], p=0.5);ToTensor()", "p must be a list", 3},
        {"RandomChoice(Resize(3));ToTensor()", "list of transforms", 3},
        {"RandomChoice([Resize(3), Grayscale()]);ToTensor()", "Grayscale makes a gray image, but the first", 3},
        {"RandomChoice([ToTensor(), PILToTensor()])", "PILToTensor makes a tensor of bytes", 3},
        {"Compose(Resize(3));ToTensor()", "list of transforms", 3},
        {"Compose([]);ToTensor()", "list of transforms", 3},
        {"Compose([Resize(3), 7]);ToTensor()", "expected a transform", 3},
        {"Compose([ToTensor()]);Resize(3)", "must stand before ToTensor()", 3},
        {"RandomApply([Compose([Resize(3), ToTensor()])])", "makes a tensor of 3 channels of an image of 3 channels", 3},
        {"RandomApply([Resize(3)], p=2);ToTensor()", "between 0 and 1", 3},
    };
    iso_context *ctx = new_context();
    for (size_t i = 0; i < ISO_COUNTOF(wrong); i++) {
        iso_transforms *transforms = NULL;
        iso_status status = made_chain(ctx, wrong[i].chain, wrong[i].channels, &transforms);
        iso_transforms_free(transforms);
        CHECK_MSG(status == ISO_EINVAL && strstr(iso_error(ctx), wrong[i].part), "%s: status %d, message \"%s\", expected \"%s\"",
                  wrong[i].chain, (int)status, iso_error(ctx), wrong[i].part);
    }
    iso_context_free(ctx);
}

/* The call and the column within it, for a mistake inside of groups. */
ISO_TEST(transforms_say_where_a_chain_is_wrong) {
    static const struct {
        const char *chain;
        size_t call;
        int column;
    } wrong[] = {
        {"Resize(9);Compose([Resize(3), Crop(3)]);ToTensor()", 1, 20},
        {"Resize(9);Compose([Resize(3), RandomApply([Pad(1, fil=3)])]);ToTensor()", 1, 40},
        {"Resize(9);Compose([ToTensor(), RandomApply([Pad(1)])])", 1, 34},
        {"Resize(9);ToTensor();Normalize([1, 2, 3], [1, 2, 3])", 2, 0},
    };
    iso_context *ctx = new_context();
    for (size_t i = 0; i < ISO_COUNTOF(wrong); i++) {
        iso_transforms *transforms = NULL;
        size_t bad;
        int column;
        iso_status status = made_chain_at(ctx, wrong[i].chain, i == 3 ? 1 : 3, &transforms, &bad, &column);
        iso_transforms_free(transforms);
        CHECK_MSG(status == ISO_EINVAL && bad == wrong[i].call && column == wrong[i].column, "%s: call %zu, column %d: %s",
                  wrong[i].chain, bad, column, iso_error(ctx));
    }
    iso_context_free(ctx);
}

ISO_TEST(transforms_tell_when_an_image_is_too_small) {
    iso_context *ctx = new_context();
    iso_transforms *t;
    iso_draw draws[4];
    iso_torch_generator g = {.variant = ISO_TORCH_1_13};
    iso_torch_manual_seed(&g, 1);
    CHECK_OK(ctx, made_chain(ctx, "RandomCrop(20);ToTensor()", 3, &t));
    iso_image_size size = iso_transforms_draw(t, &g, NULL, (iso_image_size){19, 40}, draws);
    CHECK(size.w == 0 && size.h == 0);
    size = iso_transforms_draw(t, &g, NULL, (iso_image_size){20, 20}, draws);
    CHECK(size.w == 20 && size.h == 20);
    iso_transforms_free(t);
    iso_context_free(ctx);
}

/* Nothing is drawn by a chain without random transforms, nor by a crop of the whole image. */
ISO_TEST(transforms_draw_nothing_without_chance) {
    iso_context *ctx = new_context();
    iso_transforms *t;
    iso_draw draws[8];
    iso_torch_generator g = {.variant = ISO_TORCH_1_13}, same;
    iso_torch_manual_seed(&g, 5);
    same = g;
    CHECK_OK(ctx, made_chain(ctx, "Resize(9);CenterCrop(7);Pad(2);RandomCrop(11);ToTensor()", 1, &t));
    iso_transforms_draw(t, &g, NULL, (iso_image_size){30, 20}, draws);
    CHECK(iso_torch_random64(&g) == iso_torch_random64(&same));
    iso_transforms_free(t);
    iso_context_free(ctx);
}

ISO_TEST(transforms_for_test_leave_chance_out) {
    iso_context *ctx = new_context();
    iso_transforms *train, *test;
    iso_draw draws[16];
    iso_torch_generator g = {.variant = ISO_TORCH_1_13}, same;
    iso_torch_manual_seed(&g, 5);
    same = g;
    static const char *const chains[] = {
        "RandomHorizontalFlip();RandomRotation(10);RandomResizedCrop(32);ToTensor();Normalize([0.5], [0.5])",
        "Compose([RandomApply([Resize(9)]), Compose([RandomResizedCrop(32)]), ToTensor()]);Normalize([0.5], [0.5])",
    };
    for (size_t i = 0; i < ISO_COUNTOF(chains); i++) {
        CHECK_OK(ctx, made_chain(ctx, chains[i], 3, &train));
        CHECK_OK(ctx, iso_transforms_for_test(train, 3, &test));
        iso_image_size size = iso_transforms_draw(test, &g, NULL, (iso_image_size){50, 40}, draws);
        CHECK(size.w == 32 && size.h == 32);
        CHECK(test->count == 4 && test->tables[0][0][255] == 1.0f && test->tables[0][2][0] == -1.0f);
        iso_transforms_free(test);
        iso_transforms_free(train);
    }
    CHECK(iso_torch_random64(&g) == iso_torch_random64(&same));
    iso_context_free(ctx);
}
