/* The numbers of PyTorch, NumPy and Python in a C program, with nothing but isobit/random.h and the small library behind it:
 *
 *     cc examples/streams.c $(pkg-config --cflags --libs isobit-random) -o streams
 *
 * The same in Python:
 *
 *     torch.manual_seed(0); np.random.seed(0); random.seed(0)
 *     torch.rand(3); torch.randn(3); torch.randperm(5); F.dropout(torch.ones(8), 0.5)
 *     np.random.rand(3); np.random.default_rng(0).random(3); random.random() */
#include <stdio.h>

#include <isobit/random.h>

static void print(const char *what, const float *x, int n) {
    printf("%-28s", what);
    for (int i = 0; i < n; i++)
        printf(" %.4f", (double)x[i]);
    printf("\n");
}

static void print_f64(const char *what, const double *x, int n) {
    printf("%-28s", what);
    for (int i = 0; i < n; i++)
        printf(" %.8f", x[i]);
    printf("\n");
}

int main(void) {
    float x[8];
    double d[3];

    iso_torch_generator torch = {0};
    iso_torch_manual_seed(&torch, 0);
    iso_torch_uniform(&torch, x, 3, 0, 1);
    print("torch.rand(3)", x, 3);
    iso_torch_normal(&torch, x, 3, 0, 1);
    print("torch.randn(3)", x, 3);
    int64_t order[5];
    iso_torch_randperm(&torch, order, 5);
    printf("%-28s %d %d %d %d %d\n", "torch.randperm(5)", (int)order[0], (int)order[1], (int)order[2], (int)order[3],
           (int)order[4]);
    uint8_t kept[8]; /* dropout keeps with probability 1 - p, and scales by 1 / (1 - p) */
    iso_torch_bernoulli(&torch, kept, 8, 1 - 0.5);
    for (int i = 0; i < 8; i++)
        x[i] = kept[i] ? 1 / (1 - 0.5f) : 0;
    print("F.dropout(torch.ones(8), .5)", x, 8);

    iso_np_random_state numpy = {.release = 204}; /* which NumPy: 2.4 */
    iso_np_legacy_seed(&numpy, 0);
    iso_np_legacy_random_sample(&numpy, d, 3);
    print_f64("np.random.rand(3)", d, 3);
    iso_np_seed_sequence seed;
    iso_np_bits rng;
    iso_np_seed_sequence_init(&seed, (uint32_t[]){0}, 1, NULL, 0, 4);
    iso_np_bits_seed(&rng, ISO_NP_PCG64, &seed);
    iso_np_random(&rng, d, 3);
    print_f64("np.random.default_rng(0)", d, 3);

    iso_py_random python = {0};
    iso_py_seed(&python, 0);
    d[0] = iso_py_random_one(&python);
    print_f64("random.random()", d, 1);
    return 0;
}
