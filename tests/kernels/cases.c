#include "kernels/cases.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define UNIT_CASES      300 /* of an operation in the unit tests, */
#define LONG_UNIT_CASES 30000
#define MOST_MESSAGES   10 /* of an operation */

/* Floats before and behind an output, and bytes behind the scratch memory, that must stay as they are. A sanitizer watches the
 * end of an allocation by itself, and reads too. */
#if defined(__SANITIZE_ADDRESS__)
#define GUARD 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARD 0
#endif
#endif
#ifndef GUARD
#define GUARD 16
#endif

#define PATTERN 0xff /* as floats: NaNs */

static case_generator *generators;

void case_register(case_generator *generator) {
    case_generator **at = &generators;
    while (*at && strcmp((*at)->operation, generator->operation) < 0)
        at = &(*at)->next;
    generator->next = *at;
    *at = generator;
}

/* ---- Shapes ---- */

bool case_once_in(int64_t times) {
    return iso_test_between(1, times) == 1;
}

int64_t case_size(int64_t most) {
    static const int64_t borders[] = {4, 6, 8, 14, 16, 24, 28, 32, 48, 64, 128, 256, 512, 1024, 4096, 8192};
    int count = 0;
    switch (iso_test_between(0, 3)) {
    case 0:
        return iso_test_between(1, most);
    case 1:
        while (count < (int)ISO_COUNTOF(borders) && borders[count] <= most)
            count++;
        if (count)
            return iso_min64(borders[iso_test_between(0, count - 1)] + iso_test_between(-1, 1), most);
    }
    return iso_test_between(1, iso_min64(most, 12));
}

int64_t case_count(void) {
    if (!case_once_in(50))
        return case_size(600);
    return iso_test_between(0, 3) ? iso_test_between(1, 2) * 16384 + iso_test_between(-2, 2) : iso_test_between(1, 40000);
}

/* ---- Values ---- */

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x != x ? NAN : x; /* the only one */
}

static float uniform(void) {
    return (float)(iso_test_uniform() * 2 - 1);
}

static float special(void) {
    static const float all[] = {INFINITY, -INFINITY, NAN, 0.0f, -0.0f, 0x1p-149f, -0x1p-149f, 0x1p-126f, FLT_MAX, -FLT_MAX};
    return all[iso_test_between(0, (int64_t)ISO_COUNTOF(all) - 1)];
}

void case_values(float *x, int64_t count) {
    int64_t kind = iso_test_between(0, 23);
    float constant = iso_test_between(0, 3) ? uniform() : special();
    for (int64_t i = 0; i < count; i++)
        switch (kind) {
        case 0:
        case 1:
            x[i] = uniform() * 8;
            break;
        case 2:
            x[i] = ldexpf(uniform(), (int)iso_test_between(-149, 127));
            break; /* every magnitude */
        case 3:
            x[i] = ldexpf(uniform(), (int)iso_test_between(-149, -126));
            break; /* subnormal */
        case 4:
            x[i] = ldexpf(uniform(), (int)iso_test_between(-80, -60));
            break; /* products are */
        case 5:
            x[i] = ldexpf(uniform(), (int)iso_test_between(60, 128));
            break; /* huge, or infinite */
        case 6:
            x[i] = (float)iso_test_between(-4, 4) * 0.5f;
            break; /* equal ones, and exact sums */
        case 7:
            x[i] = (float)iso_test_between(-4096, 4096) * 0x1p-12f;
            break; /* products of 24 bits: ties */
        case 8:
            x[i] = (iso_test_random() & 1 ? 0x1p12f : 0x1p-12f) * (float)iso_test_between(-4097, 4097);
            break; /* ties */
        case 9:
            x[i] = constant;
            break;
        case 10:
            x[i] = iso_test_random() & 1 ? 0.0f : -0.0f;
            break;
        case 11:
            x[i] = iso_test_between(0, 15) ? uniform() : special();
            break;
        case 12:
            x[i] = from_bits((uint32_t)iso_test_random());
            break;
        case 13:
            x[i] = i == count / 2 ? special() : uniform();
            break; /* one among many */
        case 14:
        case 15:
        case 16:
        case 17:
            iso_test_floats(x, count);
            return;
        default:
            iso_test_tame_floats(x, count);
            return;
        }
}

/* ---- Memory ---- */

static void *allocate(size_t size) {
    void *memory;
    if (posix_memalign(&memory, 64, size ? size : 1) != 0) {
        fprintf(stderr, "isobit-tests: out of memory\n");
        exit(3);
    }
    return memory;
}

static struct case_buffer *new_buffer(cases *c, const char *name, int64_t count, size_t front, size_t size) {
    if (c->used == CASE_MOST_BUFFERS) {
        fprintf(stderr, "isobit-tests: %s has more than %d buffers\n", c->operation, CASE_MOST_BUFFERS);
        exit(3);
    }
    struct case_buffer *b = &c->buffers[c->used++];
    *b = (struct case_buffer){.name = name, .count = count, .front = front, .size = size, .memory = allocate(size)};
    return b;
}

void *case_memory(cases *c, int64_t count, size_t element) {
    size_t front = (size_t)iso_test_between(0, 3) * element; /* no alignment that callers do not promise */
    return new_buffer(c, NULL, count, front, front + (size_t)count * element)->memory + front;
}

float *case_operand(cases *c, int64_t count) {
    float *x = case_memory(c, count, sizeof *x);
    case_values(x, count);
    return x;
}

static struct case_buffer *new_output(cases *c, const char *name, int64_t count, const void *start) {
    size_t front = (size_t)iso_test_between(0, GUARD) * 4, size = front + ((size_t)count + GUARD) * 4;
    struct case_buffer *b = new_buffer(c, name, count, front, size);
    b->expected = allocate(size);
    b->start = allocate(size);
    memset(b->start, PATTERN, size);
    if (start && count)
        memcpy(b->start + front, start, (size_t)count * 4);
    memcpy(b->expected, b->start, size);
    return b;
}

static case_output as_floats(const struct case_buffer *b) {
    return (case_output){(float *)(b->expected + b->front), (float *)(b->memory + b->front)};
}

case_output case_floats(cases *c, const char *name, int64_t count) {
    return as_floats(new_output(c, name, count, NULL));
}

case_output case_updated(cases *c, const char *name, int64_t count, const float *start) {
    return as_floats(new_output(c, name, count, start));
}

case_output case_optional(cases *c, const char *name, int64_t count, bool wanted) {
    return wanted ? case_floats(c, name, count) : (case_output){NULL, NULL};
}

case_indices case_whole_numbers(cases *c, const char *name, int64_t count) {
    struct case_buffer *b = new_output(c, name, count, NULL);
    b->whole_numbers = true;
    return (case_indices){(int32_t *)(b->expected + b->front), (int32_t *)(b->memory + b->front)};
}

void case_scratch(cases *c, size_t size) {
    free(c->exec.scratch);
    c->scratch_size = size;
    c->exec.scratch = allocate(size + GUARD);
    memset(c->exec.scratch, PATTERN, size + GUARD);
}

static void release(cases *c) {
    for (int i = 0; i < c->used; i++) {
        free(c->buffers[i].memory);
        free(c->buffers[i].expected);
        free(c->buffers[i].start);
    }
    c->used = 0;
}

/* ---- Comparing ---- */

static const char *threads_name(int threads) {
    static const char *const names[] = {"no pool", "1 thread", "2 threads", "3 threads"};
    return names[threads];
}

static void report(const cases *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void report(const cases *c, const char *format, ...) {
    if (c->failed >= MOST_MESSAGES)
        return;
    char difference[200];
    va_list args;
    va_start(args, format);
    vsnprintf(difference, sizeof difference, format, args);
    va_end(args);
    fflush(stdout);
    fprintf(stderr, "FAIL %s, %s, %s, %s: %s", c->operation, iso_isa_name((iso_isa)c->isa), threads_name(c->threads[c->isa]),
            c->shape, difference);
    if (c->repeatable)
        fprintf(stderr, "   repeat: isobit-tests --cases 1 --seed %llu %s", (unsigned long long)c->seed, c->operation);
    fputc('\n', stderr);
}

/* True if the numbers at a place are the same; they are not the same bits. */
static bool same_nan(const cases *c, const struct case_buffer *b, const char *expected, const char *actual, int64_t i) {
    float x, y;
    memcpy(&x, expected, sizeof x);
    memcpy(&y, actual, sizeof y);
    return !c->exact_nan && !b->whole_numbers && i >= 0 && i < b->count && x != x && y != y;
}

static bool equal(const cases *c, const struct case_buffer *b) {
    if (memcmp(b->expected, b->memory, b->size) == 0)
        return true;
    int64_t first = 0, different = 0;
    for (size_t at = 0; at < b->size; at += 4) {
        const char *expected = b->expected + at, *actual = b->memory + at;
        int64_t i = ((int64_t)at - (int64_t)b->front) / 4;
        if (memcmp(expected, actual, 4) == 0 || same_nan(c, b, expected, actual, i))
            continue;
        if (different++ == 0)
            first = i;
    }
    if (!different)
        return true;
    uint32_t expected, actual;
    memcpy(&expected, b->expected + b->front + first * 4, sizeof expected);
    memcpy(&actual, b->memory + b->front + first * 4, sizeof actual);
    if (first < 0 || first >= b->count)
        report(c, "%s[%lld] of %lld, which is %s it, was written: %08x", b->name, (long long)first, (long long)b->count,
               first < 0 ? "before" : "behind", actual);
    else if (b->whole_numbers)
        report(c, "%lld of %s differ, first %s[%lld] of %lld: expected %d, got %d", (long long)different, b->name, b->name,
               (long long)first, (long long)b->count, (int32_t)expected, (int32_t)actual);
    else
        report(c, "%lld of %s differ, first %s[%lld] of %lld: expected %.9g (%08x), got %.9g (%08x)", (long long)different,
               b->name, b->name, (long long)first, (long long)b->count, (double)from_bits(expected), expected,
               (double)from_bits(actual), actual);
    return false;
}

static bool scratch_kept(const cases *c) {
    const unsigned char *behind = c->exec.scratch;
    for (int i = 0; behind && i < GUARD; i++)
        if (behind[c->scratch_size + (size_t)i] != PATTERN) {
            report(c, "byte %d behind the %zu of the scratch memory was written", i, c->scratch_size);
            return false;
        }
    return true;
}

/* Counts the case that has just run. */
static void judge(cases *c) {
    bool ok = scratch_kept(c);
    for (int i = 0; i < c->used && ok; i++)
        ok = !c->buffers[i].name || equal(c, &c->buffers[i]);
    c->run[c->isa]++;
    c->failed += !ok;
    free(c->exec.scratch);
    c->exec.scratch = NULL;
}

bool case_next(cases *c) {
    if (c->isa >= 0)
        judge(c);
    do
        c->isa++;
    while (c->isa < ISO_ISA_COUNT && !iso_isa_available((iso_isa)c->isa));
    if (c->isa == ISO_ISA_COUNT)
        return false;
    for (int i = 0; i < c->used; i++)
        if (c->buffers[i].name)
            memcpy(c->buffers[i].memory, c->buffers[i].start, c->buffers[i].size);
    int threads = c->threads[c->isa];
    c->exec.isa = (iso_isa)c->isa;
    c->exec.pool = threads ? c->ctx[threads - 1]->pool : NULL;
    return true;
}

/* ---- Running ---- */

bool case_open(cases *c, const char *operation) {
    memset(c, 0, sizeof *c);
    c->operation = operation;
    for (int i = 0; i < 3; i++)
        if (iso_context_new(&c->ctx[i], &(iso_context_options){.threads = i + 1})) {
            fprintf(stderr, "%s\n", iso_error(NULL));
            return false;
        }
    return true;
}

void case_input(cases *c, uint64_t seed) {
    release(c);
    c->seed = seed;
    c->isa = -1;
    c->exact_nan = false;
    c->shape[0] = 0;
    iso_test_seed(seed);
    for (int i = 0; i < ISO_ISA_COUNT; i++) /* for all of them, so that a case is the same on every machine */
        c->threads[i] = iso_test_between(0, 3) ? (int)iso_test_between(1, 3) : 0;
}

bool case_close(cases *c) {
    release(c);
    free(c->exec.scratch);
    for (int i = 0; i < 3; i++)
        iso_context_free(c->ctx[i]);
    return c->failed == 0;
}

void case_shape(cases *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(c->shape, sizeof c->shape, format, args);
    va_end(args);
}

static int64_t count_of(const cases *c) {
    int64_t count = 0;
    for (int i = 0; i < ISO_ISA_COUNT; i++)
        count += c->run[i];
    return count;
}

/* The first input has the seed itself, so that one case can be repeated by its own. */
static void run_generator(cases *c, const case_generator *generator, uint64_t seed, int64_t least) {
    c->repeatable = true;
    while (count_of(c) < least) {
        case_input(c, seed);
        generator->one(c);
        iso_test_seed(~seed);
        seed = iso_test_random();
    }
}

bool case_unit_test(const case_generator *generator) {
    cases c;
    if (!case_open(&c, generator->operation))
        return false;
    run_generator(&c, generator, iso_test_random(), iso_test_long() ? LONG_UNIT_CASES : UNIT_CASES);
    return case_close(&c);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* An operation of that name, or else those whose names contain it. */
static bool chosen(const case_generator *generator, const char *filter) {
    for (const case_generator *g = generators; g; g = g->next)
        if (strcmp(g->operation, filter) == 0)
            return g == generator;
    return strstr(generator->operation, filter) != NULL;
}

/* `isobit-tests --cases N`. */
static bool run_cases(uint64_t seed, int64_t count, const char *filter) {
    int64_t shares = 0, passed = 0, failed = 0, all[ISO_ISA_COUNT] = {0};
    double begin = seconds();
    for (const case_generator *g = generators; g; g = g->next)
        shares += chosen(g, filter) ? g->share : 0;
    printf("%-30s", "operation");
    for (int i = 0; i < ISO_ISA_COUNT; i++)
        printf(" %9s", iso_isa_name((iso_isa)i));
    printf(" %9s %8s\n", "failed", "seconds");
    for (const case_generator *g = generators; g; g = g->next) {
        cases c;
        double start = seconds();
        if (!chosen(g, filter))
            continue;
        if (!case_open(&c, g->operation))
            return false;
        run_generator(&c, g, seed, iso_ceil_div(count * g->share, shares));
        case_close(&c);
        printf("%-30s", g->operation);
        for (int i = 0; i < ISO_ISA_COUNT; i++) {
            printf(" %9lld", (long long)c.run[i]);
            all[i] += c.run[i];
        }
        printf(" %9lld %8.1f\n", (long long)c.failed, seconds() - start);
        fflush(stdout);
        passed += count_of(&c) - c.failed;
        failed += c.failed;
    }
    printf("%-30s", "all");
    for (int i = 0; i < ISO_ISA_COUNT; i++)
        printf(" %9lld", (long long)all[i]);
    printf(" %9lld %8.1f\n", (long long)failed, seconds() - begin);
    printf("%lld passed, %lld failed\n", (long long)passed, (long long)failed);
    return failed == 0 && passed > 0;
}

__attribute__((constructor)) static void offer(void) {
    iso_test_run_cases = run_cases;
}
