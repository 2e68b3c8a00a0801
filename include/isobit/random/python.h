/* isobit/random/python.h: the random numbers of CPython's module `random`, bit for bit.
 *
 * A generator is a plain struct that the caller owns; copy it to fork a stream. Nothing is allocated. The definitions are
 * Lib/random.py and Modules/_randommodule.c of CPython 3.8 to 3.13.
 *
 * A function that returns bool returns false where Python raises. What is refused leaves the generator as it was; a domain
 * error, an overflow or a division by 0 inside a draw comes, as in Python, behind the numbers drawn for it. A call for n values
 * stops there: out holds the values before the failing one, and nothing is promised of the rest.
 *
 * Parameters are double where Python takes any number: an int behaves as its double does up to 2^53.
 *
 * random, getrandbits, randbytes, randbelow, randrange, choice, choices, shuffle, uniform and triangular need nothing but
 * IEEE arithmetic (triangular: a correctly rounded sqrt), sample one log that only picks the algorithm. The others call the C
 * library's log, exp, pow, sin, cos, acos and log2 as CPython does, so their last bits are those of a Python that runs on the
 * same C library. lgamma is CPython's own, above the library's log.
 *
 * What differs between the versions in what is drawn or refused:
 *   3.9    randbytes and sample(counts=) are new; getrandbits(0) is 0 and no longer refused;
 *          choices refuses a total of weights that is not above 0
 *   3.10   paretovariate is u ** (-1 / alpha), before it was 1 / u ** (1 / alpha);
 *          seed(nan) depends on the object's address, before it was 0; choices refuses a total that is not finite
 *   3.11   shuffle(x, random) is gone
 *   3.12   binomialvariate is new
 * 3.13 draws as 3.12 does. Everything else has been the same since 3.8. */
#ifndef ISOBIT_RANDOM_PYTHON_H
#define ISOBIT_RANDOM_PYTHON_H

#include "isobit/random/mt19937.h"

#ifdef __cplusplus
extern "C" {
#endif

/* random.Random. Start with `iso_py_random g = {.version = 311}` and seed. */
typedef struct iso_py_random {
    iso_mt19937 engine;
    bool has_gauss; /* gauss_next is the second value of a pair that gauss() has drawn */
    double gauss_next;
    int version; /* whose answers: 308 to 313 for CPython 3.8 to 3.13; 0 is the newest */
} iso_py_random;

/* ---- Seeding. The version stays as it is, the second value of gauss() is dropped. ---- */

/* random.seed(int): count words of the int's magnitude, the lowest first (leading zeros do not matter, nor does the sign;
 * bool is 0 or 1). count 0 is the int 0. */
ISO_API void iso_py_seed_words(iso_py_random *g, const uint32_t *words, size_t count);
ISO_API void iso_py_seed(iso_py_random *g, int64_t seed);

/* random.seed(bytes), and of a str with the bytes of its UTF-8: n + 64 bytes, the bytes and their SHA-512, taken as one int. */
ISO_API void iso_py_seed_bytes(iso_py_random *g, const uint8_t *bytes, size_t n);

/* random.seed(float): by Python's hash of the float, that of 64-bit builds. nan is refused from 3.10 on. */
ISO_API bool iso_py_seed_float(iso_py_random *g, double seed);

/* random.seed(str or bytes, version=1): n code points of the str, or bytes each as one. */
ISO_API void iso_py_seed_version1(iso_py_random *g, const uint32_t *code_points, size_t n);

/* ---- State ---- */

/* random.getstate() is (3, words, gauss_next): 624 words of state and the position; gauss_next stands in the struct. */
#define ISO_PY_STATE_WORDS 625
ISO_API void iso_py_getstate(const iso_py_random *g, uint32_t words[ISO_PY_STATE_WORDS]);

/* random.setstate((version, words, gauss_next)); gauss_next NULL is None. version is 3, or 2, whose words a Python of 32 bits
 * has written as signed ones. Refused, with nothing changed: another version, a position above 624. */
ISO_API bool iso_py_setstate(iso_py_random *g, int version, const uint32_t words[ISO_PY_STATE_WORDS], const double *gauss_next);

/* ---- Bits and integers ---- */

/* random.random(): 53 bits in [0, 1); and n of them. */
ISO_API double iso_py_random_one(iso_py_random *g);
ISO_API void iso_py_random_fill(iso_py_random *g, double *out, size_t n);

/* random.getrandbits(k): (k + 31) / 32 words, the lowest first. Refused: k above 2^31 - 1, and k = 0 before 3.9. */
ISO_API bool iso_py_getrandbits(iso_py_random *g, uint32_t *out, uint64_t k);
/* The same for k <= 64. */
ISO_API bool iso_py_getrandbits64(iso_py_random *g, uint64_t *out, uint32_t k);

/* random.randbytes(n). Refused before 3.9, which has no such function, and for n above (2^31 - 1) / 8. */
ISO_API bool iso_py_randbytes(iso_py_random *g, uint8_t *out, size_t n);

/* One of 0 .. bound - 1, as randrange(bound) and choice() of bound elements draw it. Refused: bound 0. */
ISO_API bool iso_py_randbelow(iso_py_random *g, uint64_t *out, uint64_t bound);
/* The same of any size: bound and out have count words, the lowest first. randrange(start, stop, step) of Python's big ints is
 * start + step * randbelow(number of elements of the range). Refused: bound 0, or of more than 2^31 - 1 bits. */
ISO_API bool iso_py_randbelow_words(iso_py_random *g, uint32_t *out, const uint32_t *bound, size_t count);

/* n times random.randrange(start, stop, step), and random.randint(low, high). Refused: an empty range, step 0. */
ISO_API bool iso_py_randrange(iso_py_random *g, int64_t *out, size_t n, int64_t start, int64_t stop, int64_t step);
ISO_API bool iso_py_randint(iso_py_random *g, int64_t *out, size_t n, int64_t low, int64_t high);

/* ---- Sequences, as indices ---- */

/* k times random.choice() of n elements. Refused: n = 0. */
ISO_API bool iso_py_choice(iso_py_random *g, uint64_t *out, size_t k, uint64_t n);

/* random.choices(k=k) of n elements without weights. n = 0 raises behind the first draw, if there is one. */
ISO_API bool iso_py_choices(iso_py_random *g, uint64_t *out, size_t k, uint64_t n);
/* The same with cum_weights. For weights, iso_py_accumulate them first. Refused: n = 0; from 3.9 on a total that is not above
 * 0, from 3.10 on one that is not finite. */
ISO_API bool iso_py_choices_weighted(iso_py_random *g, uint64_t *out, size_t k, const double *cum_weights, size_t n);
/* itertools.accumulate(): out[i] = values[0] + ... + values[i], rounded at each step. out may be values. */
ISO_API void iso_py_accumulate(double *out, const double *values, size_t n);

/* random.sample(range(n), k): k different indices, in the order drawn. scratch has iso_py_sample_scratch(n, k) elements
 * (SIZE_MAX: more than fit in memory). Refused: k > n. */
ISO_API size_t iso_py_sample_scratch(uint64_t n, uint64_t k);
ISO_API bool iso_py_sample(iso_py_random *g, uint64_t *out, uint64_t n, uint64_t k, uint64_t *scratch);
/* random.sample(population, k, counts=counts): cum_counts are the n cumulative counts; out gets indices of the population;
 * scratch has iso_py_sample_scratch(cum_counts[n - 1], k) elements. Refused also: a total of 0, and everything before 3.9. */
ISO_API bool iso_py_sample_counts(iso_py_random *g, uint64_t *out, const uint64_t *cum_counts, size_t n, uint64_t k,
                                  uint64_t *scratch);

/* random.shuffle(list(range(n))): out[i] is the index of the element that ends at i. */
ISO_API void iso_py_shuffle(iso_py_random *g, uint64_t *out, uint64_t n);
/* random.shuffle(x, random.random) of 3.8 to 3.10, which shuffles differently. Refused from 3.11 on. */
ISO_API bool iso_py_shuffle_by_random(iso_py_random *g, uint64_t *out, uint64_t n);

/* ---- Distributions: out[0 .. n-1], each as the method of the name returns it ---- */

/* random.uniform(a, b), n times; a may be above b. */
ISO_API void iso_py_uniform(iso_py_random *g, double *out, size_t n, double a, double b);
/* mode NULL is None. */
ISO_API void iso_py_triangular(iso_py_random *g, double *out, size_t n, double low, double high, const double *mode);
/* gauss() keeps the second value of a pair in the generator. */
ISO_API void iso_py_gauss(iso_py_random *g, double *out, size_t n, double mu, double sigma);
ISO_API void iso_py_normalvariate(iso_py_random *g, double *out, size_t n, double mu, double sigma);
ISO_API bool iso_py_lognormvariate(iso_py_random *g, double *out, size_t n, double mu, double sigma);
/* lambd 0 raises. */
ISO_API bool iso_py_expovariate(iso_py_random *g, double *out, size_t n, double lambd);
/* Refused: alpha or beta <= 0, and where Python would never return: kappa (alpha) nan, alpha infinite or above 2^1023.
 * betavariate finds that beta is refused after it has drawn for alpha. */
ISO_API bool iso_py_vonmisesvariate(iso_py_random *g, double *out, size_t n, double mu, double kappa);
ISO_API bool iso_py_gammavariate(iso_py_random *g, double *out, size_t n, double alpha, double beta);
ISO_API bool iso_py_betavariate(iso_py_random *g, double *out, size_t n, double alpha, double beta);
ISO_API bool iso_py_paretovariate(iso_py_random *g, double *out, size_t n, double alpha);
ISO_API bool iso_py_weibullvariate(iso_py_random *g, double *out, size_t n, double alpha, double beta);
/* Refused: everything before 3.12, which has no such function; trials < 0; p outside [0, 1]. */
ISO_API bool iso_py_binomialvariate(iso_py_random *g, int64_t *out, size_t n, int64_t trials, double p);

#ifdef __cplusplus
}
#endif
#endif
