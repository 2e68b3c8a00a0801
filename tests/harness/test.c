#include "harness/test.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static iso_test *tests;
static bool failed;
static uint64_t run_seed, state;
static bool run_long;
static char directory[] = "/tmp/isobit-test-XXXXXX";
static bool have_directory;
bool (*iso_test_run_cases)(uint64_t seed, int64_t count, const char *filter);

void iso_test_register(iso_test *test) {
    iso_test **at = &tests;
    while (*at &&
           (strcmp((*at)->file, test->file) < 0 || (strcmp((*at)->file, test->file) == 0 && strcmp((*at)->name, test->name) < 0)))
        at = &(*at)->next;
    test->next = *at;
    *at = test;
}

bool iso_test_check(bool ok, const char *file, int line, const char *format, ...) {
    if (ok)
        return true;
    failed = true;
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return false;
}

bool iso_test_fails_with(iso_status status, iso_status expected, const char *message, const char *part, const char *file,
                         int line) {
    return iso_test_check(status == expected, file, line, "status %d, expected %d (message: %s)", (int)status, (int)expected,
                          message) &&
           iso_test_check(strstr(message, part) != NULL, file, line, "message is \"%s\", expected it to contain \"%s\"", message,
                          part);
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

bool iso_test_bits(const float *expected, const float *actual, int64_t count, const char *file, int line) {
    if (count <= 0 || memcmp(expected, actual, (size_t)count * sizeof *expected) == 0)
        return true;
    int64_t first = 0, different = 0;
    for (int64_t i = count - 1; i >= 0; i--)
        if (bits_of(expected[i]) != bits_of(actual[i])) {
            first = i;
            different++;
        }
    return iso_test_check(false, file, line, "%lld of %lld differ, first [%lld]: expected %.9g (%08x), got %.9g (%08x)",
                          (long long)different, (long long)count, (long long)first, (double)expected[first],
                          bits_of(expected[first]), (double)actual[first], bits_of(actual[first]));
}

bool iso_test_string(const char *expected, const char *actual, const char *file, int line) {
    return iso_test_check(strcmp(expected, actual) == 0, file, line, "expected \"%s\", got \"%s\"", expected, actual);
}

void iso_test_seed(uint64_t seed) {
    state = seed;
}

/* splitmix64 */
uint64_t iso_test_random(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int64_t iso_test_between(int64_t low, int64_t high) {
    return low + (int64_t)(iso_test_random() % (uint64_t)(high - low + 1));
}

double iso_test_uniform(void) {
    return (double)(iso_test_random() >> 11) * 0x1p-53;
}

void iso_test_tame_floats(float *out, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        out[i] = (float)(iso_test_uniform() * 2 - 1);
}

void iso_test_floats(float *out, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        double x = iso_test_uniform() * 2 - 1;
        switch (iso_test_random() % 32) {
        case 0:
            x = 0;
            break;
        case 1:
            x = -0.0;
            break;
        case 2:
            x = ldexp(x, -130 - (int)(iso_test_random() % 19));
            break; /* subnormal */
        case 3:
            x = ldexp(x, -60);
            break;
        case 4:
            x = ldexp(x, 30);
            break;
        default:
            break;
        }
        out[i] = (float)x;
    }
}

bool iso_test_long(void) {
    return run_long;
}

const char *iso_test_directory(void) {
    if (!have_directory) {
        have_directory = mkdtemp(directory) != NULL;
        if (!have_directory) {
            perror("isobit-tests: a temporary directory");
            exit(3);
        }
    }
    return directory;
}

static void remove_directory(void) {
    char command[64];
    if (have_directory && snprintf(command, sizeof command, "rm -rf %s", directory) > 0 && system(command) != 0)
        fprintf(stderr, "isobit-tests: %s was not removed\n", directory);
}

int main(int argc, char **argv) {
    const char *filter = "";
    bool list = false, stop = false;
    int64_t cases = -1;
    run_seed = (uint64_t)time(NULL);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            run_seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--long") == 0)
            run_long = true;
        else if (strcmp(argv[i], "--cases") == 0 && i + 1 < argc)
            cases = strtoll(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--list") == 0)
            list = true;
        else if (strcmp(argv[i], "--stop") == 0) /* behind the first failure */
            stop = true;
        else if (argv[i][0] != '-')
            filter = argv[i];
        else {
            fprintf(stderr, "usage: isobit-tests [--seed N] [--long] [--list] [--stop] [PART OF A TEST'S FILE OR NAME]\n"
                            "       isobit-tests --cases N [--seed N] [OPERATION, OR A PART OF ITS NAME]\n");
            return 2;
        }
    }
    printf("seed %llu\n", (unsigned long long)run_seed);
    if (cases >= 0 && !iso_test_run_cases) {
        fprintf(stderr, "isobit-tests: this build has no operations\n");
        return 2;
    }
    if (cases >= 0)
        return iso_test_run_cases(run_seed, cases, filter) ? 0 : 1;
    int passed = 0, failures = 0;
    for (iso_test *test = tests; test && !(stop && failures); test = test->next) {
        if (!strstr(test->name, filter) && !strstr(test->file, filter))
            continue;
        if (list) {
            printf("%s %s\n", test->file, test->name);
            continue;
        }
        state = run_seed;
        failed = false;
        test->run();
        if (failed) {
            failures++;
            printf("FAIL %s %s   repeat: %s --seed %llu%s %s\n", test->file, test->name, argv[0], (unsigned long long)run_seed,
                   run_long ? " --long" : "", test->name);
        } else {
            passed++;
            printf("ok   %s %s\n", test->file, test->name);
        }
        fflush(stdout);
    }
    remove_directory();
    printf("%d passed, %d failed\n", passed, failures);
    return failures ? 1 : 0;
}
