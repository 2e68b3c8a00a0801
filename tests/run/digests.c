/* The schedule of digests: which steps have them, what it is where the recipe leaves it open, and that what lies between them is
 * found all the same. */
#include <stdio.h>
#include <string.h>

#include "run/small_run.h"
#include "run/trainer.h"

/* docs/ledger.md#the-schedule-of-digests */
ISO_TEST(digests_take_about_a_hundredth_of_a_step) {
    static const struct {
        int64_t bytes, products, every;
    } cases[] = {
        {0, 0, 1},
        {131072, 0, 1}, /* few bytes */
        {131073, 0, 16},
        {1000000, 1, 16},
        {1000000, 44444445, 15}, /* 2e9 / (3 P + 1): 15 just at most, */
        {1000000, 44444444, 16}, /* and just more */
        {1000000, 666666667, 1},
        {1000000, 666666666, 2},
        {103238052, 29024583680, 3}, /* ResNet-18, 16 images of 224 x 224 */
        {INT64_MAX / 2, INT64_MAX / 4, 16},
    };
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++)
        CHECK_MSG(iso_digest_interval(cases[i].bytes, cases[i].products) == cases[i].every, "%lld bytes, %lld products: %lld",
                  (long long)cases[i].bytes, (long long)cases[i].products,
                  (long long)iso_digest_interval(cases[i].bytes, cases[i].products));
}

static bool member_is_there(const iso_ledger *l, int64_t step, const char *key) {
    iso_json line;
    if (iso_ledger_parse(l, iso_ledger_find(l, 0, "step", step), &line))
        return false;
    bool there = iso_json_string(&line, key) != NULL;
    iso_json_free(l->ctx, &line);
    return there;
}

ISO_TEST(digests_follow_the_schedule) {
    iso_context *ctx = test_context(1);
    static const char *const every[] = {"0", "1", "3", "5", "100"};
    static const char *const expected[] = {"11111111", "11111111", "00110101", "00011001", "00010001"}; /* epochs of 4 steps */
    for (size_t i = 0; i < ISO_COUNTOF(every); i++) {
        char set[40], name[40];
        snprintf(set, sizeof set, "digest_every=%s", every[i]);
        snprintf(name, sizeof name, "digests-%s", every[i]);
        const char *directory = small_run(ctx, name, set, NULL);
        CHECK_MSG(directory, "%s", iso_error(ctx));
        iso_ledger *l;
        CHECK_OK(ctx, iso_ledger_open(ctx, directory, ISO_LEDGER_READ, &l));
        for (int64_t step = 1; step <= SMALL_STEPS; step++)
            CHECK_MSG(member_is_there(l, step, "state") == (expected[i][step - 1] == '1') &&
                          member_is_there(l, step, "batch") == (expected[i][step - 1] == '1'),
                      "digest_every=%s, step %lld", every[i], (long long)step);
        iso_ledger_close(l);
        iso_verify_result result;
        CHECK_OK(ctx, iso_verify(ctx, &(iso_verify_options){.directory = directory}, &result));
        CHECK(result.steps == SMALL_STEPS);
    }
    iso_context_free(ctx);
}

/* What comes behind "step" in a report, up to the note of the line. */
static void cut(const char *report, const char *from, char *to, size_t size) {
    const char *start = strstr(report, from);
    CHECK_MSG(start, "%s", report);
    snprintf(to, size, "%.*s", (int)strcspn(start, "}"), start);
}

/* Another momentum changes the parameters of step 2, the loss of step 3, and with digest_every=4 the first digest at 4. */
ISO_TEST(diff_names_the_step_between_digests) {
    iso_context *ctx = test_context(2);
    char found[2][2000], name[40];
    for (int sparse = 0; sparse < 2; sparse++) {
        const char *sets[] = {"checkpoint=0", sparse ? "digest_every=4" : "digest_every=1",
                              "optimizer=SGD(lr=0.05, momentum=0.8)"};
        char *report;
        snprintf(name, sizeof name, "between-a%d", sparse);
        const char *a = small_run(ctx, name, NULL, &(iso_train_options){.sets = sets, .set_count = 2});
        snprintf(name, sizeof name, "between-b%d", sparse);
        const char *b = small_run(ctx, name, NULL, &(iso_train_options){.sets = sets, .set_count = 3});
        CHECK_MSG(a && b, "%s", iso_error(ctx));
        CHECK_FAILS(ctx, ISO_DIFFER, "", iso_diff(ctx, a, b, true, &report));
        CHECK_MSG(strstr(report, "\"step\": 2,"), "%s", report);
        CHECK_MSG(!sparse == !strstr(report, "\"line_step\": 3"), "%s", report);
        cut(report, "\"op\"", found[sparse], sizeof found[sparse]);
        iso_string_free(ctx, report);
        CHECK_FAILS(ctx, ISO_DIFFER, "", iso_diff(ctx, a, b, false, &report));
        CHECK_MSG(strstr(report, sparse ? "step   2, first in the step line of step 3: loss\n"
                                        : "step   2, first in the step line: state\n"),
                  "%s", report);
        iso_string_free(ctx, report);
    }
    CHECK_MSG(strcmp(found[0], found[1]) == 0, "%s\n%s", found[0], found[1]);
    iso_context_free(ctx);
}

/* Adam without eps divides 0 by 0 where a gradient is 0; without a digest they show in the loss of the next step. */
ISO_TEST(a_nan_between_digests_is_named_by_its_tensor) {
    iso_context *ctx = test_context(1);
    static const char *const places[] = {"step 1 ", "step 2 "};
    for (int sparse = 0; sparse < 2; sparse++) {
        const char *sets[] = {"checkpoint=0", sparse ? "digest_every=4" : "digest_every=1", "optimizer=Adam(lr=0.01, eps=0)"};
        iso_train_options options = {.recipe = small_recipe(ctx),
                                     .sets = sets,
                                     .set_count = 3,
                                     .out = test_directory(sparse ? "nan-sparse" : "nan-dense"),
                                     .workers = 0};
        iso_train_result result;
        CHECK_FAILS(ctx, ISO_ENAN, "the first NaN is in 6.weight, element", iso_train(ctx, &options, &result));
        CHECK_MSG(strstr(iso_error(ctx), places[sparse]), "%s", iso_error(ctx));
        iso_verify_result verified;
        CHECK_OK(ctx, iso_verify(ctx, &(iso_verify_options){.directory = options.out}, &verified));
    }
    iso_context_free(ctx);
}
