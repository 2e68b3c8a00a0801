#include "run/small_run.h"

#include <stdio.h>
#include <string.h>

#include "data/folder.h"

static const char recipe[] =
    "seed: 5\n"
    "data:\n"
    "  train: pictures\n"
    "  test: pictures\n"
    "  transforms: [RandomHorizontalFlip(), \"Resize([8, 8])\", ToTensor(), \"Normalize([0.5], [0.5])\"]\n"
    "  loader: DataLoader(batch_size=4, shuffle=True)\n"
    "model:\n"
    "  - Conv2d(3, 4, kernel_size=3, padding=1)\n"
    "  - BatchNorm2d(4)\n"
    "  - ReLU()\n"
    "  - MaxPool2d(2)\n"
    "  - Flatten()\n"
    "  - Dropout(0.25)\n"
    "  - Linear(64, 3)\n"
    "optimizer: SGD(lr=0.05, momentum=0.9)\n"
    "epochs: 2\n"
    "checkpoint: 2\n";

const char *small_recipe(iso_context *ctx) {
    static char path[512];
    if (path[0])
        return path;
    int order[16];
    char pictures[512];
    snprintf(pictures, sizeof pictures, "%s/pictures", iso_test_directory());
    snprintf(path, sizeof path, "%s/small.yaml", iso_test_directory());
    if (!write_made_folder(ctx, pictures, 13, order) || !test_write(path, recipe, sizeof recipe - 1))
        path[0] = 0;
    return path;
}

const char *small_run(iso_context *ctx, const char *name, const char *set, const iso_train_options *options) {
    static char directories[8][512];
    static int next;
    char *directory = directories[next++ % 8];
    iso_train_options all = options ? *options : (iso_train_options){.workers = 0};
    iso_train_result result;
    snprintf(directory, sizeof directories[0], "%s/%s", iso_test_directory(), name);
    all.recipe = small_recipe(ctx);
    all.out = directory;
    if (set) {
        all.sets = &set;
        all.set_count = 1;
    }
    return iso_train(ctx, &all, &result) == ISO_OK ? directory : NULL;
}
