/* PyTorch's CUDA numbers. No GPU takes part: the first numbers of torch.manual_seed(0) have often been printed, in four digits.
 */
#include <string.h>

#include "harness/test.h"
#include "isobit/random/torch_cuda.h"

static iso_torch_cuda_generator seeded(uint64_t seed, uint32_t sms, uint32_t threads) {
    iso_torch_cuda_generator g = {.sms = sms, .threads_per_sm = threads};
    iso_torch_cuda_manual_seed(&g, seed);
    return g;
}

ISO_TEST(torch_cuda_rand_gives_the_published_numbers) {
    static const double first[] = {0.3990, 0.5167, 0.0249, 0.9401, 0.9459, 0.7967, 0.4150, 0.8203, 0.2290, 0.9096},
                        second[] = {0.9722, 0.7910, 0.4690, 0.3300, 0.3345, 0.3783, 0.7640, 0.6405, 0.1103, 0.3594};
    iso_torch_cuda_generator g = seeded(0, 80, 2048);
    float x[10];
    for (int call = 0; call < 2; call++) {
        iso_torch_cuda_uniform(&g, x, 10, 0, 1);
        for (int i = 0; i < 10; i++) {
            double expected = call ? second[i] : first[i];
            CHECK(x[i] > expected - 0.00005001 && x[i] < expected + 0.00005001);
        }
    }
    CHECK(g.offset == 8);
}

/* Below the number of threads a GPU holds, all models agree; above it they do not, from the first element on that is not a
 * thread's first. */
ISO_TEST(torch_cuda_models_differ_where_they_must) {
    enum { N = 1 << 16 };
    static float small[N], large[N];
    iso_torch_cuda_generator a = seeded(5, 4, 1024), b = seeded(5, 132, 2048);
    iso_torch_cuda_uniform(&a, small, 4096, 0, 1);
    iso_torch_cuda_uniform(&b, large, 4096, 0, 1);
    CHECK(memcmp(small, large, 4096 * sizeof *small) == 0);
    CHECK(a.offset == b.offset);
    iso_torch_cuda_uniform(&a, small, N, 0, 1);
    iso_torch_cuda_uniform(&b, large, N, 0, 1);
    CHECK(memcmp(small, large, 4096 * sizeof *small) == 0);
    CHECK(small[4096] != large[4096]);
    CHECK(a.offset == 4 + 16 && b.offset == 4 + 4);
}

ISO_TEST(torch_cuda_state_round_trips) {
    iso_torch_cuda_generator g = seeded(123456789012345u, 16, 1024), h = seeded(1, 16, 1024);
    uint8_t state[ISO_TORCH_CUDA_STATE_SIZE];
    int64_t a[100], b[100];
    uint8_t kept[2][64];
    iso_torch_cuda_randint(&g, a, 100, -5, 1000);
    iso_torch_cuda_get_state(&g, state);
    CHECK(iso_torch_cuda_set_state(&h, state));
    iso_torch_cuda_randint(&g, a, 100, 0, (int64_t)1 << 40);
    iso_torch_cuda_randint(&h, b, 100, 0, (int64_t)1 << 40);
    CHECK(memcmp(a, b, sizeof a) == 0);
    iso_torch_cuda_dropout(&g, kept[0], 64, 0.25);
    iso_torch_cuda_dropout(&h, kept[1], 64, 0.25);
    CHECK(memcmp(kept[0], kept[1], 64) == 0);
    state[8] = 3;
    CHECK(!iso_torch_cuda_set_state(&h, state));
    CHECK(h.offset == g.offset);
}

ISO_TEST(torch_cuda_proportions_are_right) {
    enum { N = 40000 };
    static uint8_t drawn[N];
    iso_torch_cuda_generator g = seeded(9, 8, 1024);
    for (int which = 0; which < 2; which++) {
        int count = 0;
        if (which)
            iso_torch_cuda_dropout(&g, drawn, N, 0.7);
        else
            iso_torch_cuda_bernoulli(&g, drawn, N, 0.3);
        for (int i = 0; i < N; i++)
            count += drawn[i];
        CHECK(count > 11500 && count < 12500);
    }
}

/* A permutation, of few numbers every one equally often (0.9 of all draws have no equal keys, so the rest is met too), and as far
 * on as PyTorch goes: the keys, then n words for the equal ones. */
ISO_TEST(torch_cuda_randperm_permutes) {
    static const size_t sizes[] = {1, 2, 3, 100, 1000, 40000};
    enum { N = 40000 };
    static int64_t out[N];
    static uint64_t work[3 * N];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = sizes[s];
        bool wide = n >= 30086;
        iso_torch_cuda_generator g = seeded(s, 132, 2048), keys = g;
        static bool seen[N];
        iso_torch_cuda_randperm(&g, out, n, work);
        memset(seen, 0, sizeof seen);
        for (size_t i = 0; i < n; i++) {
            CHECK(out[i] >= 0 && out[i] < (int64_t)n && !seen[out[i]]);
            seen[out[i]] = true;
        }
        iso_torch_cuda_randint(&keys, (int64_t *)work, n, wide ? INT64_MIN : INT32_MIN, wide ? INT64_MAX : INT32_MAX);
        CHECK(g.offset == keys.offset + (n + 3) / 4 * 4);
    }
    int counts[6] = {0};
    iso_torch_cuda_generator g = seeded(3, 132, 2048);
    for (int i = 0; i < 60000; i++) {
        iso_torch_cuda_randperm(&g, out, 3, work);
        counts[2 * out[0] + (out[1] > out[2])]++;
    }
    for (int i = 0; i < 6; i++)
        CHECK_MSG(counts[i] > 9600 && counts[i] < 10400, "%d", counts[i]);
}
