/* The recipe: what it takes, what it refuses and where it says so, and the one text for all spellings. */
#include "recipe/recipe.h"

#include <stdio.h>
#include <stdlib.h>

#include "ledger/ledger_test.h"
#include "nn/optimizer.h"

static const char smallest[] = "seed: 5\n"
                               "data:\n"
                               "  train: pictures\n"
                               "  transforms: [ToTensor()]\n"
                               "  loader: DataLoader()\n"
                               "model: [Flatten(), \"Linear(4, 3)\"]\n"
                               "optimizer: SGD(lr=0.1)\n"
                               "epochs: 2\n";

/* The smallest recipe with up to two keys set. */
static iso_status parse(iso_context *ctx, const char *first, const char *second, iso_recipe **recipe) {
    const char *sets[] = {first, second};
    return iso_recipe_parse(ctx, "recipe", "", (const uint8_t *)smallest, sizeof smallest - 1, sets, second ? 2 : first != NULL,
                            recipe);
}

ISO_TEST(recipes_have_one_text) {
    static const struct {
        const char *first, *second, *part; /* of what is written */
    } cases[] = {
        {NULL, NULL,
         "seed: 5\nstream: torch\ndata:\n  train: \"pictures\"\n  transforms:\n    - \"ToTensor()\"\n  loader: DataLoader("
         "batch_size=1, shuffle=False, num_workers=0, drop_last=False)\nmodel:\n  - \"Flatten()\"\n  - \"Linear(4, 3)\"\n"
         "init: default\nloss: CrossEntropyLoss(ignore_index=-100, reduction='mean', label_smoothing=0.0)\n"
         "optimizer: \"SGD(lr=0.1)\"\nepochs: 2\ncheckpoint: 0\ndigest_every: 0\n"},
        {"seed=-1", NULL, "seed: 18446744073709551615\n"},
        {"seed=-9223372036854775808", NULL, "seed: 9223372036854775808\n"},
        {"seed=18446744073709551615", NULL, "seed: 18446744073709551615\n"},
        {"stream=torch==1.13", NULL, "stream: torch==1.13\n"},
        {"data.train=\"a\\\"b\\\\c\\td\\x7f\"", NULL, "  train: \"a\\\"b\\\\c\\x09d\\x7f\"\n"},
        {"data.train=(a)", NULL, "  train: \"(a)\"\n"},
        {"data.train=a(b", NULL, "  train: \"a(b\"\n"},
        {"data.train='a(b)'", NULL, "  train: \"a(b)\"\n"},
        {"data.train=FashionMNIST( 'x' )", NULL, "  train: FashionMNIST('x')\n"},
        {"data.test=CIFAR10('x')", NULL, "  test: CIFAR10('x')\n"},
        {"data.on_bad_image=skip", NULL, "  on_bad_image: skip\n"},
        {"data.on_bad_image=stop", NULL, "  train: \"pictures\"\n  transforms:"},
        {"data.test_transforms=[\"Resize(8)\", ToTensor()]", NULL,
         "  test_transforms:\n    - \"Resize(8)\"\n    - \"ToTensor()\"\n"},
        {"data.loader=DataLoader(4, True, 2, drop_last=True, persistent_workers=True, prefetch_factor=3)", NULL,
         "DataLoader(batch_size=4, shuffle=True, num_workers=2, drop_last=True, persistent_workers=True, prefetch_factor=3)\n"},
        {"data.loader=DataLoader", NULL, "DataLoader(batch_size=1, shuffle=False, num_workers=0, drop_last=False)\n"},
        {"data.loader=DataLoader(generator=Generator())", NULL, "generator=Generator().manual_seed(67280421310721))\n"},
        {"data.loader=DataLoader(generator=torch.Generator().manual_seed(-1))", NULL,
         "generator=Generator().manual_seed(18446744073709551615))\n"},
        {"data.loader=DataLoader(sampler=SequentialSampler())", NULL, "num_workers=0, drop_last=False)\n"},
        {"data.loader=DataLoader(sampler=RandomSampler)", NULL, "drop_last=False, sampler=RandomSampler(replacement=False))\n"},
        {"data.loader=DataLoader(sampler=RandomSampler(True, 7, Generator().manual_seed(3)))", NULL,
         "sampler=RandomSampler(replacement=True, num_samples=7, generator=Generator().manual_seed(3)))\n"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler([3, 1]))", NULL, "sampler=SubsetRandomSampler([3, 1]))\n"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler((2,)))", NULL, "sampler=SubsetRandomSampler((2,)))\n"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler(range(3), Generator()))", NULL,
         "sampler=SubsetRandomSampler(range(3), generator=Generator().manual_seed(67280421310721)))\n"},
        {"data.loader=DataLoader(sampler=WeightedRandomSampler('balanced', 9))", NULL,
         "sampler=WeightedRandomSampler('balanced', num_samples=9, replacement=True))\n"},
        {"data.loader=DataLoader(sampler=WeightedRandomSampler((1, 0.5), replacement=False))", NULL,
         "sampler=WeightedRandomSampler((1, 0.5), replacement=False))\n"},
        {"data.split=random_split([0.5, 0.5], Generator().manual_seed(4))", NULL,
         "  split: random_split([0.5, 0.5], generator=Generator().manual_seed(4))\n"},
        {"model=nn.Linear(3, 2)", NULL, "model: \"nn.Linear(3, 2)\"\n"},
        {"init=kaiming_normal_", NULL, "init: kaiming_normal_\n"},
        {"init=default", NULL, "init: default\n"},
        {"checkpoint=7", "digest_every=3", "checkpoint: 7\ndigest_every: 3\n"},
        {"weights=w.safetensors", "checkpoint=7", "weights: \"w.safetensors\"\n"},
        {"loss=CrossEntropyLoss(3, 'sum', 0.25)", "micro_batch=8",
         "loss: CrossEntropyLoss(ignore_index=3, reduction='sum', label_smoothing=0.25)\noptimizer: \"SGD(lr=0.1)\"\nepochs: 2\n"
         "checkpoint: 0\ndigest_every: 0\nmicro_batch: 8\n"},
    };
    iso_context *ctx = test_context(1);
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_recipe *recipe, *again;
        CHECK_OK(ctx, parse(ctx, cases[i].first, cases[i].second, &recipe));
        CHECK_MSG(strstr(recipe->normalised, cases[i].part), "%s:\n%s has no\n%s", cases[i].first, recipe->normalised,
                  cases[i].part);
        /* Read again it is itself, and what is not of the experiment stands in the one text alone. */
        CHECK_OK(ctx, iso_recipe_parse(ctx, "again", "", (const uint8_t *)recipe->normalised, strlen(recipe->normalised), NULL, 0,
                                       &again));
        CHECK_STRING(recipe->normalised, again->normalised);
        CHECK_STRING(recipe->experiment, again->experiment);
        CHECK(!strstr(recipe->experiment, "train:") && !strstr(recipe->experiment, "on_bad_image") &&
              !strstr(recipe->experiment, "prefetch_factor") && !strstr(recipe->experiment, "weights:") &&
              !strstr(recipe->experiment, "micro_batch"));
        iso_recipe_free(again);
        iso_recipe_free(recipe);
    }
    iso_context_free(ctx);
}

ISO_TEST(recipes_that_are_refused) {
    static const struct {
        const char *first, *second, *message;
    } cases[] = {
        {"epochs", NULL, "--set 'epochs': expected key=value"},
        {"=5", NULL, "--set '=5': expected key=value"},
        {"epochs=", NULL, "--set: the file is empty"},
        {"epochs.x=5", NULL, "--set: 'x' names nothing inside of a map"},
        {"seed=[1]", NULL, "recipe, --set: seed: is a list, expected a whole number"},
        {"seed={a: 1}", NULL, "recipe, --set: seed: is a map, expected a whole number"},
        {"seed=x", NULL, "recipe, --set: seed: is 'x', expected a whole number from -2^63 to 2^64 - 1"},
        {"seed=''", NULL, "seed: is '', expected"},
        {"seed=5x", NULL, "seed: is '5x', expected"},
        {"seed=18446744073709551616", NULL, "seed: is '18446744073709551616', expected"},
        {"seed=99999999999999999999", NULL, "seed: is '99999999999999999999', expected"},
        {"seed=-9223372036854775809", NULL, "seed: is '-9223372036854775809', expected"},
        {"stream=numpy", NULL, "stream: is 'numpy', expected torch"},
        {"stream=[torch]", NULL, "stream: is 'no text', expected torch"},
        {"data=5", NULL, "recipe, --set: data: expected keys and values"},
        {"data={train: x}", NULL, "recipe, --set: data.transforms: is missing, expected a list of transforms"},
        {"data={trai: x}", NULL, "data.trai: unknown key; did you mean 'train'?"},
        {"data.zzzzzzzzzz=1", NULL, "data.zzzzzzzzzz: unknown key"},
        {"data.train=[x]", NULL, "data.train: is a list, expected a folder of images or a data set"},
        {"data.train=F(1 2)", NULL, "data.train: unexpected '2', expected ',' or ')'"},
        {"data.transforms=ToTensor()", NULL, "data.transforms: expected a list, one call an item"},
        {"data.transforms=[[1]]", NULL, "data.transforms[0]: is a list, expected a call; in a [list] a call with commas needs"},
        {"data.transforms=[ToTensor(), \"f(\"]", NULL, "data.transforms[1]: the expression ends"},
        {"data.on_bad_image=[x]", NULL, "data.on_bad_image: is a list, expected a word"},
        {"data.on_bad_image=go", NULL, "data.on_bad_image: is 'go', expected 'stop' or 'skip'"},
        {"data.loader=5", NULL, "data.loader: expected a loader, such as DataLoader(...)"},
        {"data.loader=[x]", NULL, "data.loader: is a list, expected DataLoader(...)"},
        {"data.loader=DataLoadr()", NULL, "data.loader: unknown loader 'DataLoadr'; did you mean 'DataLoader'?"},
        {"data.loader=zzz()", NULL, "data.loader: unknown loader 'zzz'"},
        {"data.loader=DataLoader(0)", NULL, "data.loader: DataLoader: batch_size must be between"},
        {"data.loader=DataLoader(persistent_workers=True)", NULL,
         "DataLoader: persistent_workers=True needs num_workers above 0"},
        {"data.loader=DataLoader(prefetch_factor=2)", NULL, "DataLoader: prefetch_factor needs num_workers above 0"},
        {"data.loader=DataLoader(shuffle=True, sampler=RandomSampler())", NULL,
         "DataLoader: expected either shuffle=True or a sampler, not both"},
        {"data.loader=DataLoader(generator=5)", NULL, "generator must be Generator().manual_seed(SEED)"},
        {"data.loader=DataLoader(generator=Generator(1))", NULL, "generator must be Generator().manual_seed(SEED)"},
        {"data.loader=DataLoader(generator=x.Generator().Generator())", NULL, "generator must be"},
        {"data.loader=DataLoader(generator=f().Generator())", NULL, "generator must be"},
        {"data.loader=DataLoader(generator=manual_seed(1))", NULL, "generator must be"},
        {"data.loader=DataLoader(generator=g().manual_seed(1))", NULL, "generator must be"},
        {"data.loader=DataLoader(generator=f().Generator().manual_seed(1))", NULL, "generator must be"},
        {"data.loader=DataLoader(generator=Generator().manual_seed('a'))", NULL, "generator: manual_seed expects a whole number"},
        {"data.loader=DataLoader(generator=Generator().manual_seed(2**64))", NULL,
         "generator: manual_seed expects a whole number"},
        {"data.loader=DataLoader(sampler=5)", NULL, "expected a sampler, such as SequentialSampler(...)"},
        {"data.loader=DataLoader(sampler=RandomSampler(7))", NULL, "RandomSampler: replacement must be True or False"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler('a'))", NULL,
         "SubsetRandomSampler: indices must be a list of whole numbers or a range(...)"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler(f(3)))", NULL, "SubsetRandomSampler: indices must be a list"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler([0, 0.5, 1]))", NULL,
         "SubsetRandomSampler: index 1 must be a whole number"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler([2**63]))", NULL,
         "SubsetRandomSampler: index 0 must be a whole number"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler([2**64]))", NULL,
         "SubsetRandomSampler: index 0 must be a whole number"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler(range()))", NULL, "range expects one to three whole numbers"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler(range(1, 2, 3, 4)))", NULL,
         "range expects one to three whole numbers"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler(range(stop=2)))", NULL, "range expects one to three whole numbers"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler(range(0.5)))", NULL, "range expects one to three whole numbers"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler(range(0, 9, 0)))", NULL, "range expects one to three whole numbers"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler(range(2**30+1)))", NULL, "range expects one to three whole numbers"},
        {"data.loader=DataLoader(sampler=SubsetRandomSampler(range(-2**30-1, 0)))", NULL,
         "range expects one to three whole numbers"},
        {"data.loader=DataLoader(sampler=WeightedRandomSampler('equal'))", NULL,
         "WeightedRandomSampler: weights must be a list of numbers, one per image, or 'balanced'"},
        {"data.loader=DataLoader(sampler=WeightedRandomSampler(5))", NULL, "WeightedRandomSampler: weights must be a list"},
        {"data.loader=DataLoader(sampler=WeightedRandomSampler([1, 'a']))", NULL,
         "WeightedRandomSampler: weight 1 must be a number"},
        {"data.split=[x]", NULL, "data.split: is a list, expected random_split(...)"},
        {"data.split=random_split('a')", NULL, "random_split: lengths must be a number or a list of at most 16 numbers"},
        {"data.split=random_split([1])", NULL, "random_split: expected at least two lengths: those of training and testing"},
        {"data.split=random_split([0.5, 0.5])", "data.test=x",
         "data.split: takes the test images from data.train; expected no data.test beside it"},
        {"data.split=random_split([0.5, 0.5])", "data.test=MNIST('x')", "expected no data.test beside it"},
        {"model={a: b}", NULL, "model: is a map, expected a list of layers, or one call such as resnet18(num_classes=10)"},
        {"model=f(", NULL, "model: the expression ends"},
        {"init=zeros_", NULL,
         "init: is 'zeros_', expected 'default', 'xavier_normal_', 'xavier_uniform_', 'kaiming_normal_' or 'kaiming_uniform_'"},
        {"init=[x]", NULL, "init: is a list, expected a word"},
        {"weights=[x]", NULL, "weights: is a list, expected the path of a safetensors file"},
        {"loss=L1Loss()", NULL, "loss: unknown loss 'L1Loss'"},
        {"loss=[x]", NULL, "loss: is a list, expected CrossEntropyLoss() or MSELoss()"},
        {"loss=CrossEntropyLoss(reduction='none')", NULL, "loss: reduction is 'none', expected 'mean' or 'sum'"},
        {"loss=MSELoss(reduction='none')", NULL, "loss: reduction is 'none', expected 'mean' or 'sum'"},
        {"loss=MSELoss()", NULL, "loss: MSELoss needs targets of the output's shape"},
        {"optimizer=[x]", NULL, "optimizer: is a list, expected SGD(...), Adam(...) or AdamW(...)"},
        {"epochs=[1]", NULL, "epochs: is a list, expected a whole number"},
        {"epochs=x", NULL, "epochs: is 'x', expected a whole number of 1 or more"},
        {"epochs=1x", NULL, "epochs: is '1x', expected a whole number of 1 or more"},
        {"epochs=0", NULL, "epochs: is '0', expected a whole number of 1 or more"},
        {"epochs=9999999999", NULL, "epochs: is '9999999999', expected a whole number of 1073741824 at most"},
        {"epoch=1", NULL, "epoch: unknown key; did you mean 'epochs'?"},
        {"zzzzzzzzzz=1", NULL, "zzzzzzzzzz: unknown key"},
    };
    iso_context *ctx = test_context(1);
    iso_recipe *recipe;
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_status status = parse(ctx, cases[i].first, cases[i].second, &recipe);
        CHECK_MSG(status == ISO_EINVAL && strstr(iso_error(ctx), cases[i].message), "%s: status %d: %s", cases[i].first,
                  (int)status, iso_error(ctx));
        CHECK(!recipe);
    }
    static const char list[] = "- seed: 5\n", misspelt[] = "seed: x\n", missing[] = "seed: 5\n";
    CHECK_FAILS(ctx, ISO_EINVAL, "recipe:1:1: recipe: expected keys and values",
                iso_recipe_parse(ctx, "recipe", "", (const uint8_t *)list, sizeof list - 1, NULL, 0, &recipe));
    CHECK_FAILS(ctx, ISO_EINVAL, "recipe:1:7: seed: is 'x'",
                iso_recipe_parse(ctx, "recipe", "", (const uint8_t *)misspelt, sizeof misspelt - 1, NULL, 0, &recipe));
    CHECK_FAILS(ctx, ISO_EINVAL, "recipe:1:1: data: is missing, expected a map",
                iso_recipe_parse(ctx, "recipe", "", (const uint8_t *)missing, sizeof missing - 1, NULL, 0, &recipe));
    iso_context_free(ctx);
}

ISO_TEST(recipes_give_samplers_their_arguments) {
    static const struct {
        const char *range;
        size_t count;
        int64_t first, last;
    } cases[] = {{"range(4)", 4, 0, 3},        {"range(2, 5)", 3, 2, 4},     {"range(0, 7, 3)", 3, 0, 6},
                 {"range(7, 0, -3)", 3, 7, 1}, {"range(-3, -1)", 2, -3, -2}, {"[9, 8]", 2, 9, 8}};
    iso_context *ctx = test_context(1);
    iso_recipe *recipe;
    char set[100];
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        snprintf(set, sizeof set, "data.loader=DataLoader(sampler=SubsetRandomSampler(%s))", cases[i].range);
        CHECK_OK(ctx, parse(ctx, set, NULL, &recipe));
        const iso_sampler *s = &recipe->sampler;
        CHECK_MSG(s->kind == ISO_SUBSET_RANDOM_SAMPLER && s->count == cases[i].count && s->indices[0] == cases[i].first &&
                      s->indices[s->count - 1] == cases[i].last,
                  "%s", cases[i].range);
        iso_recipe_free(recipe);
    }
    CHECK_OK(ctx, parse(ctx, "data.loader=DataLoader(sampler=SubsetRandomSampler(range(5, 3)))", NULL, &recipe));
    CHECK(recipe->sampler.count == 0);
    iso_recipe_free(recipe);
    CHECK_OK(ctx, parse(ctx, "data.loader=DataLoader(sampler=WeightedRandomSampler([3, 0.25]))", NULL, &recipe));
    CHECK(recipe->sampler.count == 2 && recipe->sampler.weights[0] == 3 && recipe->sampler.weights[1] == 0.25 &&
          recipe->sampler.replacement && recipe->sampler.num_samples == 0);
    iso_recipe_free(recipe);
    iso_context_free(ctx);
}

ISO_TEST(recipes_build_models_and_optimizers) {
    static const struct {
        const char *set, *message; /* NULL: it is built */
    } cases[] = {
        {"model=[Flatten(), \"torch.nn.Linear(4, 3)\"]", NULL},
        {"model=Sequential(Flatten(), Sequential(ReLU), Linear(4, 3))", NULL},
        {"model=[5]", "recipe, --set: model[0]: expected a layer, such as Conv2d(3, 16, kernel_size=3)"},
        {"model=Sequential(ReLU(), 5)", "model: expected a layer"},
        {"model=Sequential", NULL}, /* of nothing, as in PyTorch */
        {"model=[ReLu()]", "model[0]: unknown layer 'ReLu'; did you mean 'ReLU'?"},
        {"model=[ReLU(), zzzzzz()]", "model[1]: unknown layer 'zzzzzz'"},
        {"model=[Linear(3)]", "model[0]: Linear: the argument out_features is missing"},
        {"model=[\"GroupNorm(2, 3)\"]", "model[0]: "},
    };
    static const struct {
        const char *set, *message;
    } optimizers[] = {
        {"optimizer=optim.Adam(lr=0.1)", NULL},
        {"optimizer=SGD(lr=-1)", "optimizer: SGD: lr must be between"},
        {"optimizer=SGD(lr=0.1, nesterov=True)", "optimizer: "},
        {"optimizer=Adm(lr=0.1)", "optimizer: unknown optimizer 'Adm'; did you mean 'Adam'?"},
        {"optimizer=zzzzzz(lr=0.1)", "optimizer: unknown optimizer 'zzzzzz'; expected SGD, Adam or AdamW"},
        {"optimizer=5", "optimizer: unknown optimizer ''; expected SGD, Adam or AdamW"},
        {"optimizer=Adam", NULL},
    };
    iso_context *ctx = test_context(1);
    iso_recipe *recipe;
    iso_module *model;
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        CHECK_OK(ctx, parse(ctx, cases[i].set, NULL, &recipe));
        iso_status status = iso_recipe_build_model(recipe, &model);
        CHECK_MSG(cases[i].message ? status == ISO_EINVAL && !model && strstr(iso_error(ctx), cases[i].message)
                                   : status == ISO_OK && model,
                  "%s: status %d: %s", cases[i].set, (int)status, iso_error(ctx));
        iso_module_free(model);
        iso_recipe_free(recipe);
    }
    for (size_t i = 0; i < ISO_COUNTOF(optimizers); i++) {
        iso_optimizer *optimizer;
        CHECK_OK(ctx, parse(ctx, optimizers[i].set, NULL, &recipe));
        CHECK_OK(ctx, iso_recipe_build_model(recipe, &model));
        iso_status status = iso_recipe_build_optimizer(recipe, model, &optimizer);
        CHECK_MSG(optimizers[i].message ? status == ISO_EINVAL && !optimizer && strstr(iso_error(ctx), optimizers[i].message)
                                        : status == ISO_OK && optimizer,
                  "%s: status %d: %s", optimizers[i].set, (int)status, iso_error(ctx));
        iso_optimizer_free(optimizer);
        iso_module_free(model);
        iso_recipe_free(recipe);
    }
    iso_context_free(ctx);
}
