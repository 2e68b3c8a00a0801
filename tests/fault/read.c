/* Faults of memory and disk in what reads: recipes, data sets, checkpoints, expressions; and in models of every kind of layer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "data/folder.h"
#include "fault/loops.h"
#include "isobit/isobit.h"
#include "ledger/ledger_test.h"
#include "run/trainer.h"

#define PLACES 40 /* of each loop in a quick test; a long one takes all */

static char path[512]; /* of what is read */
static uint8_t digest[2][ISO_BLAKE3_SIZE];
static bool known;

static bool is_due(iso_status status) {
    (void)status;
    if (!known)
        memcpy(digest[1], digest[0], sizeof digest[0]);
    known = true;
    return memcmp(digest[0], digest[1], sizeof digest[0]) == 0;
}

static void loop(const char *name, iso_status (*run)(iso_context *ctx, const char *input), const char *input) {
    known = false;
    memset(digest, 0, sizeof digest);
    fault_loop(&(fault_job){.name = name, .run = run, .right = is_due, .input = input}, iso_test_long() ? 0 : PLACES);
}

/* ---- A recipe with everything in it ---- */

static const char everything[] =
    "seed: 5\n"
    "stream: torch==1.13\n"
    "data:\n"
    "  train: fault-pictures\n"
    "  transforms: [RandomHorizontalFlip(), RandomVerticalFlip(0.25), \"RandomRotation(10, expand=False, fill=7)\", "
    "\"Resize([14, 14])\",\n"
    "    \"RandomCrop(12, padding=1)\", \"Pad([1, 2], padding_mode='reflect')\", \"RandomResizedCrop(10, scale=(0.6, 1.0))\", "
    "CenterCrop(8),\n"
    "    \"RandomChoice([RandomHorizontalFlip(), ColorJitter(0.5)])\", \"RandomApply([RandomAffine(5)], p=0.5)\", "
    "RandomGrayscale(0.2),\n"
    "    ToTensor(), \"Normalize([0.5], [0.5])\", RandomErasing(0.3)]\n"
    "  split: random_split([0.8, 0.2], generator=Generator().manual_seed(7))\n"
    "  loader: DataLoader(batch_size=4, num_workers=2, persistent_workers=True, sampler=WeightedRandomSampler('balanced', "
    "num_samples=9))\n"
    "model:\n"
    "  - BasicBlock(3, 4, stride=2)\n"
    "  - Sequential(Conv2d(4, 4, kernel_size=3, padding=1), BatchNorm2d(4), ReLU(), MaxPool2d(2), AvgPool2d(1))\n"
    "  - AdaptiveAvgPool2d(1)\n"
    "  - Flatten()\n"
    "  - Linear(4, 8)\n"
    "  - BatchNorm1d(8, pinned=True, running_mean=0.5, running_var=[1, 1, 1, 1, 2, 2, 2, 2])\n"
    "  - Dropout(0.25)\n"
    "  - Linear(8, 3)\n"
    "init: kaiming_normal_\n"
    "loss: CrossEntropyLoss(label_smoothing=0.1)\n"
    "optimizer: AdamW(lr=0.01, betas=(0.9, 0.99), amsgrad=True)\n"
    "epochs: 2\n"
    "micro_batch: 2\n";

/* Two steps and an evaluation; the digest is the state's. */
static iso_status train_two_steps(iso_context *ctx, const char *input) {
    static const char *const sets[] = {"checkpoint=7"};
    iso_recipe *recipe;
    iso_trainer *t = NULL;
    iso_step_record record;
    iso_eval_record eval = {.step = 0};
    iso_status status = iso_recipe_load(ctx, input, sets, 1, &recipe);
    if (!status)
        status = iso_trainer_new(ctx, recipe, 0, NULL, NULL, &t);
    if (!status)
        status = iso_trainer_start(t);
    if (!status)
        status = iso_trainer_begin_epoch(t);
    for (int i = 0; i < 2 && !status; i++)
        status = iso_trainer_step(t, &record);
    if (!status)
        status = iso_trainer_evaluate(t, NULL, &eval);
    if (!status)
        memcpy(digest[0], record.state, sizeof digest[0]);
    iso_trainer_free(t);
    iso_recipe_free(recipe);
    return status;
}

ISO_TEST(a_recipe_of_everything_survives_any_fault) {
    iso_context *ctx = test_context(1);
    int order[16];
    snprintf(path, sizeof path, "%s/fault-pictures", iso_test_directory());
    CHECK(write_made_folder(ctx, path, 13, order));
    iso_context_free(ctx);
    snprintf(path, sizeof path, "%s/fault-everything.yaml", iso_test_directory());
    CHECK(test_write(path, everything, sizeof everything - 1));
    loop("a recipe of everything", train_two_steps, path);
}

/* ---- Data sets ---- */

static iso_status read_data(iso_context *ctx, const char *input) {
    iso_recipe *recipe;
    iso_trainer *t = NULL;
    iso_status status = iso_recipe_load(ctx, path, &input, 1, &recipe);
    if (!status)
        status = iso_trainer_new(ctx, recipe, 0, NULL, NULL, &t);
    if (!status)
        memcpy(digest[0], t->train->pixel_digest, sizeof digest[0]);
    iso_trainer_free(t);
    iso_recipe_free(recipe);
    return status;
}

static const char arrays[] = "seed: 5\ndata:\n  train: x\n  transforms: [ToTensor()]\n  loader: DataLoader(batch_size=4)\n"
                             "model:\n  - Flatten()\n  - Linear(64, 10)\noptimizer: SGD(lr=0.1)\nepochs: 1\n";

static bool write_idx(const char *root, bool packed) {
    enum { N = 7, SIDE = 8 };
    uint8_t images[16 + N * SIDE * SIDE] = {0, 0, 8, 3, 0, 0, 0, N, 0, 0, 0, SIDE, 0, 0, 0, SIDE},
                                   labels[8 + N] = {0, 0, 8, 1, 0, 0, 0, N};
    for (size_t i = 16; i < sizeof images; i++)
        images[i] = (uint8_t)(i * 7);
    for (size_t i = 8; i < sizeof labels; i++)
        labels[i] = (uint8_t)(i % 10);
    mkdir(root, 0777);
    gzFile file = packed ? gzopen(test_path(root, "train-images-idx3-ubyte.gz"), "wb") : NULL;
    bool ok = packed ? file && gzwrite(file, images, sizeof images) == (int)sizeof images && gzclose(file) == Z_OK
                     : test_write(test_path(root, "train-images-idx3-ubyte"), images, sizeof images);
    return ok && test_write(test_path(root, "train-labels-idx1-ubyte"), labels, sizeof labels);
}

static bool write_arrays(const char *root) {
    iso_context *ctx = test_context(1);
    iso_tensor *x = iso_tensor_new(ctx, ISO_UINT8, 3, (int64_t[]){6, 8, 8}),
               *y = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){6});
    mkdir(root, 0777);
    for (int i = 0; i < 6; i++)
        iso_tensor_i64(y)[i] = i % 3;
    bool ok = iso_tensor_write_npy(ctx, x, test_path(root, "x.npy")) == ISO_OK &&
              iso_tensor_write_npy(ctx, y, test_path(root, "y.npy")) == ISO_OK;
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, y);
    iso_context_free(ctx);
    return ok;
}

static bool write_cifar(const char *root) {
    enum { RECORD = 1 + 3 * 32 * 32 };
    uint8_t *records = calloc(4, RECORD);
    static const char names[] = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n";
    mkdir(root, 0777);
    bool ok = test_write(test_path(root, "batches.meta.txt"), names, sizeof names - 1);
    for (int batch = 0; batch < 6; batch++) {
        char name[32];
        snprintf(name, sizeof name, batch < 5 ? "data_batch_%d.bin" : "test_batch.bin", batch + 1);
        ok = ok && test_write(test_path(root, name), records, 4 * RECORD);
    }
    free(records);
    return ok;
}

ISO_TEST(reading_data_sets_survives_any_fault) {
    char root[4][512], set[4][600];
    static const char *const names[] = {"idx", "idx, packed", "arrays", "CIFAR-10"};
    for (int i = 0; i < 4; i++)
        snprintf(root[i], sizeof root[i], "%s/fault-data-%d", iso_test_directory(), i);
    CHECK(write_idx(root[0], false) && write_idx(root[1], true) && write_arrays(root[2]) && write_cifar(root[3]));
    snprintf(path, sizeof path, "%s/fault-arrays.yaml", iso_test_directory());
    CHECK(test_write(path, arrays, sizeof arrays - 1));
    for (int i = 0; i < 2; i++)
        snprintf(set[i], sizeof set[i], "data.train=FashionMNIST('%s')", root[i]);
    snprintf(set[2], sizeof set[2], "data.train=NumpyArrays('%s', 'x.npy', 'y.npy')", root[2]);
    snprintf(set[3], sizeof set[3], "data.train=CIFAR10('%s')", root[3]);
    for (int i = 0; i < 3; i++)
        loop(names[i], read_data, set[i]);
    char *model = strstr(arrays, "64");
    CHECK(model);
    char larger[sizeof arrays + 8];
    snprintf(larger, sizeof larger, "%.*s3072%s", (int)(model - arrays), arrays, model + 2);
    CHECK(test_write(path, larger, strlen(larger)));
    loop(names[3], read_data, set[3]);
}

/* ---- Checkpoints, through the public interface ---- */

static iso_module *network(iso_context *ctx) {
    return iso_sequential(ctx, iso_conv2d(ctx, 3, 4, .kernel_size = 3), iso_batch_norm2d(ctx, 4), iso_relu(ctx),
                          iso_basic_block(ctx, 4, 6, .stride = 2), iso_adaptive_avg_pool2d(ctx, 1, 1), iso_flatten(ctx),
                          iso_dropout(ctx, 0.5), iso_linear(ctx, 6, 5));
}

static iso_status save(iso_context *ctx, const iso_module *model, const char *to) {
    iso_state *state;
    int64_t size;
    iso_status status = iso_state_new(ctx, &state);
    for (size_t i = 0; i < iso_module_state_count(model) && !status; i++)
        status = iso_state_add(state, iso_module_state(model, i).name, iso_module_state(model, i).tensor);
    if (!status)
        status = iso_safetensors_write(ctx, to, state, digest[0], &size);
    iso_state_free(state);
    return status;
}

static iso_status load_weights(iso_context *ctx, const char *input) {
    iso_module *model = network(ctx);
    iso_status status = model ? iso_module_load_weights(model, input) : iso_failure(ctx);
    if (!status)
        status = save(ctx, model, NULL);
    iso_module_free(model);
    return status;
}

static iso_status save_weights(iso_context *ctx, const char *input) {
    iso_module *model = network(ctx);
    iso_torch_manual_seed(iso_generator(ctx), 3);
    iso_status status = model ? iso_module_reset_parameters(model, iso_generator(ctx)) : iso_failure(ctx);
    if (!status)
        status = save(ctx, model, input);
    iso_module_free(model);
    return status;
}

static iso_status selftest(iso_context *ctx, const char *input) {
    (void)input;
    return iso_selftest(ctx, digest[0]);
}

ISO_TEST(weights_and_models_survive_any_fault) {
    snprintf(path, sizeof path, "%s/fault-weights.safetensors", iso_test_directory());
    loop("weights saved", save_weights, path);
    loop("weights loaded", load_weights, path);
    loop("self-test", selftest, NULL);
}

/* ---- Expressions ---- */

static const char *const expressions[] = {
    "torch.randn(3, 4)",
    "torch.empty(5, dtype=torch.float64).uniform_(-1, 2)",
    "x = torch.ones(3, 2)",
    "x[1]",
    "F.dropout(x, 0.5)",
    "torch.randperm(9)",
    "torch.multinomial(torch.tensor([0.1, 0.2, 0.7]), 2)",
    "torch.randint(0, 10, (2, 3))",
    "torch.bernoulli(torch.rand(4))",
    "torch.empty(4).exponential_()",
    "nn.Linear(3, 4)",
    "nn.Conv2d(2, 3, kernel_size=3)",
    "nn.init.xavier_normal_(torch.empty(3, 4))",
    "g = torch.Generator().manual_seed(5)",
    "torch.rand(3, generator=g)",
    "g.get_state()",
    "torch.get_rng_state()",
    "np.random.rand(2, 3)",
    "np.random.normal(0, 1, size=5)",
    "np.random.choice(10, 3, replace=False)",
    "np.random.choice([3, 4, 5], 2, p=[0.1, 0.2, 0.7])",
    "np.random.permutation(7)",
    "np.random.multinomial(20, [0.2, 0.3, 0.5])",
    "np.random.dirichlet([1, 2, 3])",
    "r = np.random.default_rng(7)",
    "r.integers(0, 100, size=(2, 2))",
    "r.permuted(np.arange(6))",
    "r.choice(['a', 'b', 'c'], 2)",
    "r.spawn(2)",
    "np.random.SeedSequence(11).generate_state(4)",
    "random.random()",
    "random.sample(range(100), 5)",
    "random.choices(['a', 'b'], weights=[1, 2], k=4)",
    "random.shuffle([1, 2, 3, 4])",
    "y = list(range(10))",
    "random.shuffle(y)",
    "y",
    "random.getrandbits(200)",
    "random.randint(0, 10 ** 30)",
    "2 ** 200 // 3 - 7 ** 40 % 11",
    "random.randbytes(7)",
    "(1, 2.5, 'text', [None, True], b'ab')",
};

static char *stream_text;

static iso_status stream(iso_context *ctx, const char *input) {
    iso_status status = iso_stream_text(ctx, &(iso_stream_options){.seed = 3, .hex = input != NULL}, expressions,
                                        ISO_COUNTOF(expressions), &stream_text);
    if (!status)
        iso_blake3(stream_text, strlen(stream_text), digest[0]);
    iso_string_free(ctx, stream_text);
    return status;
}

ISO_TEST(expressions_survive_any_fault) {
    loop("expressions", stream, NULL);
    loop("expressions as bits", stream, "hex");
}
