/* Death at every call: a child process trains and is killed, by SIGKILL, at its n-th call of a file function (in the middle of a
 * write). Then the run is resumed, and must end as one that never died, byte for byte. tests/fault/kills.py does the same at
 * random moments. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/faults.h"
#include "run/metrics.h"
#include "run/small_run.h"

static char target[512];

static iso_status train(iso_context *ctx, const char *recipe, bool resume, int workers) {
    static const char *const sets[] = {"epochs=1"};
    iso_train_result result;
    return iso_train(
        ctx,
        &(iso_train_options){.recipe = recipe, .sets = sets, .set_count = 1, .out = target, .resume = resume, .workers = workers},
        &result);
}

static bool started(void) {
    return access(test_path(target, "run.ledger"), F_OK) == 0;
}

/* Trains in a process of its own, which dies at call `at`. False: it came to its end. */
static bool killed_at(const char *recipe, int64_t at, int workers) {
    pid_t child = fork();
    if (child == 0) {
        faults f = {.kind = FAULT_FILES, .at = at, .kill = true};
        iso_status status;
        iso_context *ctx = faults_context(&f, 1 + workers, NULL, &status);
        _exit(ctx && train(ctx, recipe, started(), workers) == ISO_OK ? 0 : 1);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    iso_test_check(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0), __FILE__, __LINE__,
                   "killed at call %lld: status %d", (long long)at, status);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static bool equal_files(const char *a, const char *b) {
    size_t size[2];
    uint8_t *bytes[2] = {test_read(a, &size[0]), test_read(b, &size[1])};
    bool equal = bytes[0] && bytes[1] && size[0] == size[1] && memcmp(bytes[0], bytes[1], size[0]) == 0;
    free(bytes[0]);
    free(bytes[1]);
    return equal;
}

/* Every file of the one is in the other, and equal, but for run.env and metrics.jsonl, in which clocks are; and no more. */
static bool equal_runs(const char *reference) {
    const char *const directories[] = {reference, target};
    for (int i = 0; i < 2; i++) {
        DIR *dir = opendir(directories[i]);
        bool ok = dir != NULL;
        for (struct dirent *entry; ok && (entry = readdir(dir));)
            if (entry->d_name[0] != '.' && strcmp(entry->d_name, "run.env") != 0 && strcmp(entry->d_name, ISO_METRICS_FILE) != 0)
                ok = iso_test_check(equal_files(test_path(reference, entry->d_name), test_path(target, entry->d_name)), __FILE__,
                                    __LINE__, "%s/%s is in one of the runs only, or differs", directories[i], entry->d_name);
        if (dir)
            closedir(dir);
        if (!ok)
            return false;
    }
    return true;
}

static void remove_target(void) {
    DIR *dir = opendir(target);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            unlink(test_path(target, entry->d_name));
    if (dir)
        closedir(dir);
    rmdir(target);
}

static void kill_everywhere(int workers) {
    iso_context *ctx = test_context(1);
    char reference[512];
    const char *made = small_run(ctx, workers ? "kill-reference-2" : "kill-reference", "epochs=1", NULL),
               *recipe = small_recipe(ctx);
    CHECK_MSG(made, "%s", iso_error(ctx));
    snprintf(reference, sizeof reference, "%s", made);
    snprintf(target, sizeof target, "%s/killed", iso_test_directory());
    int64_t stride = iso_test_long() ? 1 : 9, kills = 0, first = iso_test_between(0, stride - 1);
    for (int64_t at = first;; at += stride) {
        remove_target();
        if (!killed_at(recipe, at, workers))
            break;
        kills++;
        for (int64_t again = at; again > 8 && killed_at(recipe, again / 2, workers); again /= 2) /* and while it is resumed */
            kills++;
        CHECK_OK(ctx, train(ctx, recipe, started(), 0));
        CHECK_MSG(equal_runs(reference), "killed at call %lld", (long long)at);
        iso_verify_result result;
        iso_status status = iso_verify(ctx, &(iso_verify_options){.directory = target}, &result);
        CHECK_MSG(status == ISO_OK, "killed at call %lld: %s%s", (long long)at, iso_error(ctx), result.finding);
    }
    CHECK_MSG(kills > 20, "%lld kills", (long long)kills);
    if (iso_test_long())
        printf("     %lld kills\n", (long long)kills);
    iso_context_free(ctx);
}

ISO_TEST(a_run_that_dies_at_any_call_is_resumed) {
    kill_everywhere(0);
}
ISO_TEST(a_run_that_dies_at_any_call_on_threads_is_resumed) {
    kill_everywhere(2);
}
