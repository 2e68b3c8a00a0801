/* Proves the functions of src/math correctly rounded: every one of the 2^32 binary32 arguments, the reference (the function of
 * one number) and the kernels of every instruction set that this machine has. `prove exp tanh` proves two functions, `prove
 * --only reference,avx2 exp` two implementations of one, `prove --targets` tells which implementations there are.
 *
 * A filter in binary64 goes before MPFR: a value with a bound on its error. Wherever both ends of that interval round to the same
 * binary32 number, that is the answer; all other arguments (some hundreds to thousands a function) are asked of MPFR. So what is
 * proved stands on MPFR and on the bounds of the filters, and on no code of the library:
 *
 *   exp, expm1, log, log1p, tanh, erf, sin, cos   the C library's, right to a few units of 2^-53; taken as 2^-45
 *   sigmoid, rsqrt                                two or three roundings more, 2^-45
 *   gelu, gelu_tanh                               2^-41: where the result is not 0, erfc multiplies the relative error of its
 *                                                 argument by up to 206, exp by up to 110; below 2^-43 with all roundings
 *
 * MPFR's exp, log, ... round correctly to any precision. The compositions (sigmoid, GELU) are computed to 400 bits and rounded
 * once: wrong only if a value lay nearer than 2^-380 to the middle of two binary32 numbers. For |x| < 2^-100 both GELUs are x / 2
 * + c x^2 with 0 < c < 1: x / 2 rounded, the middle upwards. */
#include <mpfr.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernels/isa.h"
#include "math/math.h"
#include "prove/formulas.h"

/* ---- Filters: close to the result within *error, relative ---- */

#define LIBRARY(name)                                                                                                            \
    static double name##_filter(double x, double *error) {                                                                       \
        *error = 0x1p-45;                                                                                                        \
        return name(x);                                                                                                          \
    }
LIBRARY(exp)
LIBRARY(expm1)
LIBRARY(log)
LIBRARY(log1p)
LIBRARY(tanh)
LIBRARY(erf)
LIBRARY(sin)
LIBRARY(cos)

static double sigmoid_filter(double x, double *error) {
    *error = 0x1p-45;
    return sigmoid_formula(x);
}

static double rsqrt_filter(double x, double *error) {
    *error = 0x1p-45;
    return 1 / sqrt(x);
}

static bool gelu_is_simple(double x, double *error, double *y) {
    *error = 0;
    *y = x < -30 ? -0.0 : nextafter(x / 2, INFINITY); /* below -30: -2^-149 is far away, and -infinity is the limit */
    if (x == 0)
        *y = x;
    return x < -30 || fabs(x) < 0x1p-100;
}

static double gelu_filter(double x, double *error) {
    double y;
    if (gelu_is_simple(x, error, &y))
        return y;
    *error = 0x1p-41;
    return gelu_formula(x);
}

static double gelu_tanh_filter(double x, double *error) {
    double y;
    if (gelu_is_simple(x, error, &y))
        return y;
    *error = 0x1p-41;
    return gelu_tanh_formula(x);
}

/* ---- MPFR ---- */

#define BITS 400

static void wide_exponents(void) {
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
}

static void narrow_exponents(void) {
    mpfr_set_emin(-148); /* binary32, subnormals included */
    mpfr_set_emax(128);
}

/* 1 / (1 + exp(-t)) in place. */
static void logistic(mpfr_t t) {
    mpfr_neg(t, t, MPFR_RNDN);
    mpfr_exp(t, t, MPFR_RNDN);
    mpfr_add_ui(t, t, 1, MPFR_RNDN);
    mpfr_ui_div(t, 1, t, MPFR_RNDN);
}

static int finish(mpfr_t y, mpfr_t t, mpfr_rnd_t rounding) {
    narrow_exponents();
    int ternary = mpfr_set(y, t, rounding);
    ternary = mpfr_check_range(y, ternary, rounding);
    mpfr_clear(t);
    return ternary;
}

static int exact_sigmoid(mpfr_t y, const mpfr_t x, mpfr_rnd_t rounding) {
    mpfr_t t;
    wide_exponents();
    mpfr_init2(t, BITS);
    mpfr_set(t, x, MPFR_RNDN);
    logistic(t);
    return finish(y, t, rounding);
}

/* x / 2 erfc(-x / sqrt(2)) */
static int exact_gelu(mpfr_t y, const mpfr_t x, mpfr_rnd_t rounding) {
    mpfr_t t;
    wide_exponents();
    mpfr_init2(t, BITS);
    mpfr_sqrt_ui(t, 2, MPFR_RNDN);
    mpfr_div(t, x, t, MPFR_RNDN);
    mpfr_neg(t, t, MPFR_RNDN);
    mpfr_erfc(t, t, MPFR_RNDN);
    mpfr_mul(t, t, x, MPFR_RNDN);
    mpfr_div_2ui(t, t, 1, MPFR_RNDN);
    return finish(y, t, rounding);
}

/* x / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3) */
static int exact_gelu_tanh(mpfr_t y, const mpfr_t x, mpfr_rnd_t rounding) {
    mpfr_t t, c;
    wide_exponents();
    mpfr_init2(t, BITS);
    mpfr_init2(c, BITS);
    mpfr_sqr(t, x, MPFR_RNDN);
    mpfr_mul_ui(t, t, 44715, MPFR_RNDN);
    mpfr_div_ui(t, t, 1000000, MPFR_RNDN);
    mpfr_add_ui(t, t, 1, MPFR_RNDN);
    mpfr_mul(t, t, x, MPFR_RNDN);
    mpfr_const_pi(c, MPFR_RNDN);
    mpfr_ui_div(c, 8, c, MPFR_RNDN); /* 2 sqrt(2 / pi) = sqrt(8 / pi) */
    mpfr_sqrt(c, c, MPFR_RNDN);
    mpfr_mul(t, t, c, MPFR_RNDN);
    logistic(t);
    mpfr_mul(t, t, x, MPFR_RNDN);
    mpfr_clear(c);
    return finish(y, t, rounding);
}

/* ---- The functions ---- */

struct function {
    const char *name;
    float (*ours)(float);
    double (*filter)(double, double *);
    int (*exact)(mpfr_t, const mpfr_t, mpfr_rnd_t);
    size_t kernel; /* offset in iso_kernels */
};

#define FUNCTION(name, exact)                                                                                                    \
    { #name, iso_##name##f, name##_filter, exact, offsetof(iso_kernels, name) }
static const struct function functions[] = {
    FUNCTION(exp, mpfr_exp),     FUNCTION(expm1, mpfr_expm1), FUNCTION(log, mpfr_log),
    FUNCTION(log1p, mpfr_log1p), FUNCTION(tanh, mpfr_tanh),   FUNCTION(sigmoid, exact_sigmoid),
    FUNCTION(erf, mpfr_erf),     FUNCTION(gelu, exact_gelu),  FUNCTION(gelu_tanh, exact_gelu_tanh),
    FUNCTION(sin, mpfr_sin),     FUNCTION(cos, mpfr_cos),     FUNCTION(rsqrt, mpfr_rec_sqrt),
};
enum { COUNT = sizeof functions / sizeof *functions };
#define F(name) +1
_Static_assert(COUNT == 0 ISO_MATH_FUNCTIONS(F), "a function of ops/math_functions.h is missing");

typedef void kernel(int64_t count, const float *x, float *y);

/* Implementations: the reference, then an instruction set's kernels each. */
enum { TARGETS = 1 + ISO_ISA_COUNT };

static const char *target_name(int target) {
    return target == 0 ? "reference" : iso_isa_name((iso_isa)(target - 1));
}
static bool target_available(int target) {
    return target == 0 || iso_isa_available((iso_isa)(target - 1));
}

static kernel *kernel_of(const struct function *f, iso_isa isa) {
    kernel *k;
    memcpy(&k, (const char *)iso_kernels_of(isa) + f->kernel, sizeof k);
    return k;
}

struct share {
    const struct function *function;
    uint64_t first, last; /* arguments as bits */
    const bool *wanted;   /* by target */
    uint64_t wrong[TARGETS], asked;
    float example[TARGETS];
    bool tell; /* shows progress on standard error */
};

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* mpfr_rec_sqrt has -0 to +infinity, IEEE 754 to -infinity; the filter knows zeros. */
static float ask_mpfr(const struct function *f, float x, mpfr_t argument, mpfr_t result) {
    mpfr_set_flt(argument, x, MPFR_RNDN);
    int ternary = f->exact(result, argument, MPFR_RNDN);
    mpfr_subnormalize(result, ternary, MPFR_RNDN);
    return mpfr_get_flt(result, MPFR_RNDN);
}

static void note(struct share *s, int target, float x) {
    if (s->wrong[target]++ == 0)
        s->example[target] = x;
}

enum { BLOCK = 4096 };

static void *run(void *argument) {
    struct share *s = argument;
    const struct function *f = s->function;
    mpfr_t argument24, result24;
    narrow_exponents();
    mpfr_init2(argument24, 24);
    mpfr_init2(result24, 24);
    float x[BLOCK], y[BLOCK], right[BLOCK];
    for (uint64_t first = s->first; first < s->last; first += BLOCK) {
        if (s->tell && first % (1u << 24) == 0)
            fprintf(stderr, "\r%s %3d %%", f->name, (int)((first - s->first) * 100 / (s->last - s->first)));
        for (int i = 0; i < BLOCK; i++) {
            uint32_t bits = (uint32_t)first + (uint32_t)i;
            memcpy(&x[i], &bits, sizeof bits);
            double error, close = f->filter((double)x[i], &error);
            float low = (float)(close - fabs(close) * error), high = (float)(close + fabs(close) * error);
            const uint32_t nan = 0x7fc00000u;
            right[i] = low;
            if (isnan(close))
                memcpy(&right[i], &nan, sizeof nan);
            else if (isinf(close) || close == 0)
                right[i] = (float)close; /* of 0, the interval's low end has lost the sign */
            else if (bits_of(low) != bits_of(high)) {
                right[i] = ask_mpfr(f, x[i], argument24, result24);
                s->asked++;
            }
        }
        for (int target = 0; target < TARGETS; target++) {
            if (!s->wanted[target])
                continue;
            if (target == 0)
                for (int i = 0; i < BLOCK; i++)
                    y[i] = f->ours(x[i]);
            else
                kernel_of(f, (iso_isa)(target - 1))(BLOCK, x, y);
            if (memcmp(y, right, sizeof y) != 0)
                for (int i = 0; i < BLOCK; i++)
                    if (bits_of(y[i]) != bits_of(right[i]))
                        note(s, target, x[i]);
        }
    }
    mpfr_clear(argument24);
    mpfr_clear(result24);
    mpfr_free_cache();
    return NULL;
}

/* All arguments over all threads; true if nothing is wrong. */
static bool prove(const struct function *f, const bool *wanted, int threads, struct share *shares, pthread_t *ids) {
    uint64_t blocks = ((uint64_t)1 << 32) / BLOCK, wrong[TARGETS] = {0}, asked = 0;
    float example[TARGETS] = {0};
    for (int i = 0; i < threads; i++) {
        shares[i] = (struct share){.function = f,
                                   .wanted = wanted,
                                   .first = blocks * (uint64_t)i / (uint64_t)threads * BLOCK,
                                   .last = blocks * (uint64_t)(i + 1) / (uint64_t)threads * BLOCK,
                                   .tell = i == 0 && isatty(STDERR_FILENO)};
        if (pthread_create(&ids[i], NULL, run, &shares[i]) != 0)
            exit(3);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        asked += shares[i].asked;
        for (int j = 0; j < TARGETS; j++) {
            if (shares[i].wrong[j] && !wrong[j])
                example[j] = shares[i].example[j];
            wrong[j] += shares[i].wrong[j];
        }
    }
    if (shares[0].tell)
        fprintf(stderr, "\r                \r");
    bool fine = true;
    printf("%s: %llu asked of MPFR\n", f->name, (unsigned long long)asked);
    for (int j = 0; j < TARGETS; j++) {
        if (!wanted[j])
            continue;
        printf("%s %s %llu wrong of 4294967296", f->name, target_name(j), (unsigned long long)wrong[j]);
        if (wrong[j])
            printf(", first: %a", (double)example[j]);
        printf("\n");
        fine = fine && wrong[j] == 0;
    }
    fflush(stdout);
    return fine;
}

static int usage(const char *what, const char *name) {
    fprintf(stderr, "prove: there is no %s %s\n", what, name);
    return 2;
}

/* A list of targets with commas; false if one is not available. */
static bool select_targets(char *list, bool *wanted) {
    memset(wanted, 0, TARGETS);
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        int target = 0;
        while (target < TARGETS && !(target_available(target) && strcmp(name, target_name(target)) == 0))
            target++;
        if (target == TARGETS)
            return false;
        wanted[target] = true;
    }
    return true;
}

int main(int count, char **names) {
    bool targets[TARGETS];
    for (int target = 0; target < TARGETS; target++)
        targets[target] = target_available(target);
    if (count == 2 && strcmp(names[1], "--targets") == 0) {
        for (int target = 0; target < TARGETS; target++)
            if (targets[target])
                puts(target_name(target));
        return 0;
    }
    if (count > 2 && strcmp(names[1], "--only") == 0) {
        if (!select_targets(names[2], targets))
            return usage("such implementation here:", names[2]);
        count -= 2;
        names += 2;
    }
    int threads = (int)sysconf(_SC_NPROCESSORS_ONLN), passed = 0, failed = 0;
    struct share *shares = calloc((size_t)threads, sizeof *shares);
    pthread_t *ids = calloc((size_t)threads, sizeof *ids);
    if (!shares || !ids)
        return 3;
    for (int i = 1; i < count; i++) {
        int f = 0;
        while (f < COUNT && strcmp(names[i], functions[f].name) != 0)
            f++;
        if (f == COUNT)
            return usage("function", names[i]);
    }
    for (int f = 0; f < COUNT; f++) {
        bool wanted = count < 2;
        for (int i = 1; i < count; i++)
            wanted = wanted || strcmp(names[i], functions[f].name) == 0;
        if (wanted)
            prove(&functions[f], targets, threads, shares, ids) ? passed++ : failed++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    free(shares);
    free(ids);
    return failed != 0;
}
