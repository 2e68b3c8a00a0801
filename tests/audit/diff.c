/* Two runs compared: how quickly, and what is said of a step that a fault of the machine has bent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "run/small_run.h"

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The head of a ledger tells; the first difference is found in one pass. `--long` prints how long it takes for 100,000 steps. */
ISO_TEST(long_ledgers_are_compared) {
    iso_context *ctx = test_context(1);
    test_run a = {
        .directory = test_directory("long-a"), .seed = 7, .steps = iso_test_long() ? 100000 : 3000, .every = 1000, .large = 20};
    test_run b = a, c = a;
    b.directory = test_directory("long-b");
    c.directory = test_directory("long-c");
    c.change_step = a.steps - 500;
    c.change_tensor = 2;
    CHECK_OK(ctx, test_run_write(ctx, &a, ISO_LEDGER_CREATE, NULL));
    CHECK_OK(ctx, test_run_write(ctx, &b, ISO_LEDGER_CREATE, NULL));
    CHECK_OK(ctx, test_run_write(ctx, &c, ISO_LEDGER_CREATE, NULL));
    double best = 1, slow = 10;
    char *report;
    for (int i = 0; i < 5; i++) {
        double start = now();
        CHECK_OK(ctx, iso_diff(ctx, a.directory, b.directory, false, &report));
        best = now() - start < best ? now() - start : best;
        CHECK_MSG(strncmp(report, "equal: both runs have the digest ", 33) == 0 && strchr(report, '\n')[1] == 0, "%s", report);
        iso_string_free(ctx, report);
    }
    char step[40];
    snprintf(step, sizeof step, "\"step\": %lld", (long long)c.change_step);
    for (int i = 0; i < 3; i++) {
        double start = now();
        CHECK_FAILS(ctx, ISO_DIFFER, "", iso_diff(ctx, a.directory, c.directory, true, &report));
        slow = now() - start < slow ? now() - start : slow;
        CHECK_MSG(strstr(report, step), "%s", report);
        iso_string_free(ctx, report);
    }
    if (iso_test_long())
        printf("     %lld steps: equal in %.3f ms, the first difference in %.3f s\n", (long long)a.steps, 1e3 * best, slow);
    iso_context_free(ctx);
}
