/* A host program as the library meets them: it trains a recipe and meanwhile does what programs do to the process they live in.
 *
 *     host WHAT RECIPE OUT [LIBRARY]
 *
 * prints `digest <64 hex>`, or on stderr why not, with the status of iso_train as its own. WHAT:
 *     plain       nothing
 *     locale      setlocale of de_DE.UTF-8: a decimal comma
 *     ftz daz     flushes subnormal results, or takes subnormal operands for zero, before the context is made
 *     late-ftz    the same behind step 3, from the progress function
 *     up          rounds upwards
 *     late-up     behind step 3
 *     traps       floating-point exceptions are signals
 *     library     loads LIBRARY, whose start sets both (a library linked with -ffast-math)
 *     affinity    another thread changes the CPUs of all threads, over and over
 *     no-thp      no transparent huge pages
 *     optimizer   without recipe: flushing and upward rounding between iso_loss_backward and iso_optimizer_step, and not; the
 * digests of both */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "isobit/isobit.h"

/* ---- What a host does ---- */

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#define FTZ 0x8000u
#define DAZ 0x0040u
static void flush(unsigned bits) {
    _mm_setcsr(_mm_getcsr() | bits);
}
#elif defined(__aarch64__)
#define FTZ (1u << 24)
#define DAZ (1u << 24)
static void flush(unsigned bits) {
    unsigned long fpcr;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(fpcr));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(fpcr | bits));
}
#else
#error "how does this architecture flush subnormals?"
#endif

static atomic_bool done;

/* Every thread of the process on one CPU, then on another, then on all of them. */
static void *move_threads(void *argument) {
    cpu_set_t all, one;
    (void)argument;
    sched_getaffinity(0, sizeof all, &all);
    for (int turn = 0; !atomic_load(&done); turn++) {
        CPU_ZERO(&one);
        for (int cpu = 0, seen = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET(cpu, &all) && seen++ == turn % CPU_COUNT(&all))
                CPU_SET(cpu, &one);
        DIR *tasks = opendir("/proc/self/task");
        for (struct dirent *entry; tasks && (entry = readdir(tasks));)
            if (entry->d_name[0] != '.')
                sched_setaffinity(atoi(entry->d_name), sizeof one, turn % 3 ? &one : &all);
        if (tasks)
            closedir(tasks);
        usleep(500);
    }
    return NULL;
}

static void progress(void *user, const iso_progress *now) {
    const char *what = user;
    if (now->kind != ISO_PROGRESS_STEP || now->done != 3)
        return;
    if (strcmp(what, "late-ftz") == 0)
        flush(FTZ | DAZ);
    if (strcmp(what, "late-up") == 0)
        fesetround(FE_UPWARD);
}

/* Before the context is made; false if this machine cannot. */
static int prepare(const char *what, const char *library) {
    if (strcmp(what, "locale") == 0 && (!setlocale(LC_ALL, "de_DE.UTF-8") || strtod("0,5", NULL) != 0.5))
        return fprintf(stderr, "host: there is no locale de_DE.UTF-8\n"), 0;
    if (strcmp(what, "ftz") == 0)
        flush(FTZ);
    if (strcmp(what, "daz") == 0)
        flush(DAZ);
    if (strcmp(what, "up") == 0)
        fesetround(FE_UPWARD);
    if (strcmp(what, "traps") == 0)
        feenableexcept(FE_INVALID | FE_OVERFLOW | FE_UNDERFLOW | FE_INEXACT | FE_DIVBYZERO);
    if (strcmp(what, "library") == 0 && !dlopen(library, RTLD_NOW))
        return fprintf(stderr, "host: %s\n", dlerror()), 0;
    if (strcmp(what, "no-thp") == 0 && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0)
        return fprintf(stderr, "host: huge pages cannot be switched off\n"), 0;
    return 1;
}

/* ---- Training ---- */

static void print_digest(const uint8_t *digest) {
    printf("digest ");
    for (int i = 0; i < ISO_DIGEST_SIZE; i++)
        printf("%02x", digest[i]);
    printf("\n");
}

static iso_status train(iso_context *ctx, char **arguments) {
    iso_train_result result;
    pthread_t mover;
    int moves = strcmp(arguments[1], "affinity") == 0 && pthread_create(&mover, NULL, move_threads, NULL) == 0;
    iso_status status =
        iso_train(ctx,
                  &(iso_train_options){
                      .recipe = arguments[2], .out = arguments[3], .workers = 2, .progress = progress, .user = arguments[1]},
                  &result);
    atomic_store(&done, true);
    if (moves)
        pthread_join(mover, NULL);
    if (!status)
        print_digest(result.digest);
    return status;
}

/* Adam on gradients that leave tiny moments: a step under another environment would flush or round them. */
static iso_status step_disturbed(iso_context *ctx, int disturbed, uint32_t bits[4]) {
    iso_module *model = iso_sequential(ctx, iso_linear(ctx, 3, 2));
    iso_optimizer *optimizer = iso_adam(model, .lr = 0.001);
    float x[6] = {1e-18f, -3e-19f, 5e-20f, 7e-18f, 2e-19f, -1e-18f}, target[4] = {0.3f, -0.2f, 0.1f, 0.7f}, loss;
    iso_tensor input = {.dtype = ISO_FLOAT32, .dims = 2, .shape = {2, 3}, .numel = 6, .data = x};
    iso_tensor wanted = {.dtype = ISO_FLOAT32, .dims = 2, .shape = {2, 2}, .numel = 4, .data = target};
    iso_torch_manual_seed(iso_generator(ctx), 1);
    iso_status status = iso_module_reset_parameters(model, iso_generator(ctx));
    for (int step = 0; step < 2 && !status; step++) {
        status = iso_loss_backward(model, &(iso_loss){.kind = ISO_MSE}, &input, &wanted, &loss, NULL);
        fenv_t environment;
        fegetenv(&environment);
        if (disturbed) {
            flush(FTZ | DAZ);
            fesetround(FE_UPWARD);
        }
        iso_optimizer_step(optimizer);
        if (disturbed && fegetround() != FE_UPWARD)
            status = ISO_DIFFER; /* the host's own choice must still be there */
        fesetenv(&environment);
    }
    memset(bits, 0, 4 * sizeof *bits);
    for (size_t i = 0; i < iso_optimizer_state_count(optimizer) && !status; i++) {
        const iso_tensor *t = iso_optimizer_state(optimizer, i).tensor;
        for (int64_t j = 0; t->dtype == ISO_FLOAT32 && j < t->numel; j++) {
            uint32_t word;
            memcpy(&word, (const float *)t->data + j, sizeof word);
            bits[i % 4] = (bits[i % 4] << 5 | bits[i % 4] >> 27) ^ word;
        }
    }
    iso_optimizer_free(optimizer);
    iso_module_free(model);
    return status;
}

static iso_status compare_steps(iso_context *ctx) {
    uint32_t quiet[4], disturbed[4];
    iso_status status = step_disturbed(ctx, 0, quiet);
    if (!status)
        status = step_disturbed(ctx, 1, disturbed);
    if (!status)
        printf("%s\n", memcmp(quiet, disturbed, sizeof quiet) == 0 ? "equal" : "the optimiser's step differs");
    return status;
}

int main(int count, char **arguments) {
    iso_context *ctx;
    if (count < 4 || !prepare(arguments[1], count > 4 ? arguments[4] : NULL))
        return 77;
    iso_status status = iso_context_new(&ctx, &(iso_context_options){.threads = 3});
    if (!status)
        status = strcmp(arguments[1], "optimizer") == 0 ? compare_steps(ctx) : train(ctx, arguments);
    if (status)
        fprintf(stderr, "%s\n", iso_error(ctx));
    iso_context_free(ctx);
    return (int)status;
}
