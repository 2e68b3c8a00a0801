/* Proves the functions of src/math correctly rounded: every one of the 2^32 binary32 arguments against MPFR.
 *
 * The C library's double function is right to far better than 2^-45, so wherever both ends of that interval round to the same
 * binary32 number, that is the answer; only the others (a few hundred) are asked of MPFR. */
#include <math.h>
#include <mpfr.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "math/math.h"

struct function {
    const char *name;
    float (*ours)(float);
    double (*filter)(double);
    int (*exact)(mpfr_t, const mpfr_t, mpfr_rnd_t);
};

static const struct function functions[] = {{"exp", iso_expf, exp, mpfr_exp}, {"log", iso_logf, log, mpfr_log}};

struct share {
    const struct function *function;
    uint64_t first, last; /* arguments as bits */
    uint64_t wrong, asked;
    float example;
    bool tell; /* shows progress on standard error */
};

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float ask_mpfr(const struct function *f, float x, mpfr_t argument, mpfr_t result) {
    mpfr_set_flt(argument, x, MPFR_RNDN);
    int ternary = f->exact(result, argument, MPFR_RNDN);
    mpfr_subnormalize(result, ternary, MPFR_RNDN);
    return mpfr_get_flt(result, MPFR_RNDN);
}

static void *run(void *argument) {
    struct share *s = argument;
    mpfr_t x, y;
    mpfr_set_emin(-148); /* binary32, subnormals included */
    mpfr_set_emax(128);
    mpfr_init2(x, 24);
    mpfr_init2(y, 24);
    for (uint64_t i = s->first; i < s->last; i++) {
        if (s->tell && i % (1u << 24) == 0)
            fprintf(stderr, "\r%s %3d %%", s->function->name, (int)((i - s->first) * 100 / (s->last - s->first)));
        uint32_t bits = (uint32_t)i;
        float input, expected;
        memcpy(&input, &bits, sizeof input);
        double close = s->function->filter(input);
        float low = (float)(close - fabs(close) * 0x1p-45), high = (float)(close + fabs(close) * 0x1p-45);
        if (isinf(close))
            expected = (float)close;
        else if (isnan(close))
            expected = NAN;
        else if (bits_of(low) == bits_of(high))
            expected = low;
        else {
            expected = ask_mpfr(s->function, input, x, y);
            s->asked++;
        }
        uint32_t want = isnan(expected) ? 0x7fc00000u : bits_of(expected);
        if (bits_of(s->function->ours(input)) != want && s->wrong++ == 0)
            s->example = input;
    }
    mpfr_clear(x);
    mpfr_clear(y);
    mpfr_free_cache();
    return NULL;
}

int main(void) {
    int threads = (int)sysconf(_SC_NPROCESSORS_ONLN), passed = 0, failed = 0;
    struct share *shares = calloc((size_t)threads, sizeof *shares);
    pthread_t *ids = calloc((size_t)threads, sizeof *ids);
    if (!shares || !ids)
        return 3;
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        uint64_t all = (uint64_t)1 << 32, wrong = 0, asked = 0;
        float example = 0;
        for (int i = 0; i < threads; i++) {
            shares[i] = (struct share){&functions[f],
                                       all / (uint64_t)threads * (uint64_t)i,
                                       i + 1 == threads ? all : all / (uint64_t)threads * (uint64_t)(i + 1),
                                       0,
                                       0,
                                       0,
                                       i == 0 && isatty(STDERR_FILENO)};
            if (pthread_create(&ids[i], NULL, run, &shares[i]) != 0)
                return 3;
        }
        for (int i = 0; i < threads; i++) {
            pthread_join(ids[i], NULL);
            asked += shares[i].asked;
            if (shares[i].wrong && !wrong)
                example = shares[i].example;
            wrong += shares[i].wrong;
        }
        if (shares[0].tell)
            fprintf(stderr, "\r          \r");
        printf("%s %s: 2^32 arguments, %llu of them asked of MPFR, %llu wrong", wrong ? "FAIL" : "ok  ", functions[f].name,
               (unsigned long long)asked, (unsigned long long)wrong);
        printf(wrong ? " (first: %a)\n" : "\n", (double)example);
        fflush(stdout);
        wrong ? failed++ : passed++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    free(shares);
    free(ids);
    return failed != 0;
}
