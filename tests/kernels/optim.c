#include "ops/optim.h"

#include "kernels/each.h"

/* Both optimisers over several steps, with every combination of their options. */
ISO_TEST(optim_equals_reference) {
    static const int64_t counts[] = {1, 17, 1000, 20000};
    each it;
    CHECK(each_start(&it));
    for (int i = 0; i < 32; i++) {
        int64_t n = counts[i % 4];
        float *g = random_floats(n, i / 4 % 2), *p = random_floats(n, i / 4 % 2), *m = floats(n), *v = floats(n),
              *vmax = floats(n);
        float *p2 = floats(n), *m2 = floats(n), *v2 = floats(n), *vmax2 = floats(n), *start = floats(n);
        memcpy(start, p, sizeof *p * (size_t)n);
        for (it.next = 0; each_next(&it);) {
            memcpy(p, start, sizeof *p * (size_t)n);
            memcpy(p2, start, sizeof *p * (size_t)n);
            for (int step = 1; step <= 3; step++) {
                iso_sgd_scalars s = {.lr = 0.05f,
                                     .momentum = 0.9f,
                                     .one_minus_dampening = i & 1 ? 1.0f : 0.7f,
                                     .weight_decay = i & 2 ? 0.01f : 0,
                                     .nesterov = (i & 5) == 5,
                                     .maximize = i & 8,
                                     .first_step = step == 1};
                bool momentum = i & 16;
                iso_ref_sgd(&s, n, g, momentum ? m : NULL, p);
                iso_cpu_sgd(&it.exec, &s, n, g, momentum ? m2 : NULL, p2);
                CHECK_BITS(p, p2, n);
                CHECK_BITS(m, m2, n);
            }
            memset(m, 0, sizeof *m * (size_t)n);
            memset(m2, 0, sizeof *m * (size_t)n);
            memset(v, 0, sizeof *m * (size_t)n);
            memset(v2, 0, sizeof *m * (size_t)n);
            memset(vmax, 0, sizeof *m * (size_t)n);
            memset(vmax2, 0, sizeof *m * (size_t)n);
            for (int step = 1; step <= 3; step++) {
                iso_adam_scalars s = iso_adam_scalars_at(step, 0.001, 0.9, 0.999, 1e-8, i & 2 ? 0.01 : 0, i & 1, i & 4, i & 8);
                iso_ref_adam(&s, n, g, m, v, i & 4 ? vmax : NULL, p);
                iso_cpu_adam(&it.exec, &s, n, g, m2, v2, i & 4 ? vmax2 : NULL, p2);
                CHECK_BITS(p, p2, n);
                CHECK_BITS(m, m2, n);
                CHECK_BITS(v, v2, n);
                CHECK_BITS(vmax, vmax2, n);
            }
            memset(m, 0, sizeof *m * (size_t)n);
            memset(m2, 0, sizeof *m * (size_t)n);
        }
        float *all[] = {g, p, m, v, vmax, p2, m2, v2, vmax2, start};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++)
            free(all[j]);
    }
    each_end(&it);
}
