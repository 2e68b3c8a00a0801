#include <stdlib.h>
#include <string.h>

#include "harness/memory.h"
#include "harness/test.h"
#include "isobit/run.h"
#include "stream/stream.h"

/* The lines that `isobit stream --seed 0` prints for one expression, or its message. To be freed
 * with free(). */
static char *answer(const char *expression, bool hex) {
    iso_context *ctx;
    char *output = NULL;
    if (iso_context_new(&ctx, &(iso_context_options){.threads = 1}))
        return strdup("no context");
    iso_status status = iso_stream_text(ctx, &(iso_stream_options){.hex = hex}, &expression, 1, &output);
    char *result = strdup(status ? iso_error(ctx) : output);
    iso_free(ctx, output);
    iso_context_free(ctx);
    return result;
}

static bool gives(const char *expression, bool hex, const char *expected) {
    char *actual = answer(expression, hex);
    bool same = iso_test_string(expected, actual, __FILE__, __LINE__);
    free(actual);
    return same;
}

ISO_TEST(stream_prints_as_python_does) {
    static const char *const cases[][2] = {
        {"torch.randn(4)", "[1.5409960746765137, -0.293428897857666, -2.1787893772125244, 0.5684312582015991]\n"},
        {"torch.ones(2, 1, 3)", "[[[1.0, 1.0, 1.0]], [[1.0, 1.0, 1.0]]]\n"},
        {"torch.tensor(2.5)", "2.5\n"},
        {"torch.zeros(0)", "[]\n"},
        {"torch.zeros(2, 0)", "[[], []]\n"},
        {"torch.tensor([[1, 2], [3, 4]])", "[[1, 2], [3, 4]]\n"},
        {"torch.tensor([1, 2.5])", "[1.0, 2.5]\n"},
        {"torch.tensor([True, False])", "[True, False]\n"},
        {"torch.tensor([0.1], dtype=torch.float64)", "[0.1]\n"},
        {"torch.tensor(range(3))", "[0, 1, 2]\n"},
        {"range(7, 1, -2)", "range(7, 1, -2)\n"},
        {"list(range(7, 1, -2))", "[7, 5, 3]\n"},
        {"list(range(9223372036854775800, 9223372036854775807, 5))", "[9223372036854775800, 9223372036854775805]\n"},
        {"torch.full((2,), 7)", "[7, 7]\n"},
        {"torch.full((2,), 7.0)", "[7.0, 7.0]\n"},
        {"torch.empty(3, dtype=torch.half).fill_(65519)", "[65504.0, 65504.0, 65504.0]\n"},
        {"torch.empty(1, dtype=torch.half).fill_(65520)", "[inf]\n"},
        {"torch.empty(1, dtype=torch.half).fill_(2.9802322387695312e-08)", "[0.0]\n"},
        {"torch.empty(1, dtype=torch.half).fill_(3e-08)", "[5.960464477539063e-08]\n"},
        {"torch.empty(1, dtype=torch.bfloat16).fill_(1.00390625)", "[1.0]\n"},
        {"1 + 2 * 3", "7\n"},
        {"(1, 'a', None, [2.0])", "(1, 'a', None, [2.0])\n"},
        {"torch.double", "torch.float64\n"},
        {"torch.initial_seed()", "0\n"},
        {"torch.manual_seed(1)", "None\n"},
        {"nn.BatchNorm2d(2)", "([1.0, 1.0], [0.0, 0.0])\n"},
        {"nn.BatchNorm2d(2).bias.data", "[0.0, 0.0]\n"},
        {"F.dropout(torch.ones(2), 0.5, training=False)", "[1.0, 1.0]\n"},
        {"nn.functional.dropout(torch.ones(2), p=1)", "[0.0, 0.0]\n"},
        {"torch.nn.init.calculate_gain('tanh')", "1.6666666666666667\n"},
        {"nn.init.constant_(torch.empty(2), val=0.5)", "[0.5, 0.5]\n"},
        {"np.array([[1, 2.5]])", "[[1.0, 2.5]]\n"},
        {"np.zeros((2, 1), dtype=np.int32)", "[[0], [0]]\n"},
        {"np.ones(2)", "[1.0, 1.0]\n"},
        {"np.arange(3, 10, 2)", "[3, 5, 7, 9]\n"},
        {"np.arange(0, 0.9, 0.25)", "[0.0, 0.25, 0.5, 0.75]\n"},
        {"torch.arange(start=2, end=5)", "[2, 3, 4]\n"},
        {"torch.from_numpy(np.arange(2)).to(torch.float32)", "[0.0, 1.0]\n"},
        {"torch.ones(2).numpy().astype(np.int64)", "[1, 1]\n"},
        {"list(nn.BatchNorm2d(2).parameters())", "[[1.0, 1.0], [0.0, 0.0]]\n"},
        {"torch.zeros(1, device='cpu', requires_grad=True)", "[0.0]\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_MSG(gives(cases[i][0], false, cases[i][1]), "%s", cases[i][0]);
}

ISO_TEST(stream_prints_bits) {
    static const char *const cases[][2] = {
        {"torch.ones(2, 2)", "3f800000 3f800000 3f800000 3f800000\n"},
        {"torch.ones(2, dtype=torch.float64)", "3ff0000000000000 3ff0000000000000\n"},
        {"torch.ones(2, dtype=torch.half)", "3c00 3c00\n"},
        {"torch.ones(1, dtype=torch.bfloat16)", "3f80\n"},
        {"torch.tensor([1, -1])", "0000000000000001 ffffffffffffffff\n"},
        {"torch.tensor([-2], dtype=torch.int32)", "fffffffe\n"},
        {"torch.tensor([True, False])", "01 00\n"},
        {"torch.zeros(0)", "\n"},
        {"[1.0, -7, torch.ones(1)]", "3ff0000000000000 -7 3f800000\n"},
        {"18446744073709551615", "18446744073709551615\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_MSG(gives(cases[i][0], true, cases[i][1]), "%s", cases[i][0]);
}

/* Lines of one stream, one behind the other; an assignment gives none. */
ISO_TEST(stream_names_share_what_they_name) {
    static const char *const expressions[] = {"x = torch.empty(3)",
                                              "y = x",
                                              "y.fill_(2)",
                                              "x",
                                              "x[1:].fill_(5)",
                                              "y",
                                              "y[-1].item()",
                                              "g = torch.Generator()",
                                              "h = g",
                                              "[g.manual_seed(3).initial_seed(), h.initial_seed()]",
                                              "l = [1, [2, 3], 'four']",
                                              "l[1][0]",
                                              "l[2][1:3]",
                                              "[i for i in range(2, 11, 4)]",
                                              "(b'a\\x00')[0]",
                                              "2**100"};
    static const char expected[] = "[2.0, 2.0, 2.0]\n[2.0, 2.0, 2.0]\n[5.0, 5.0]\n[2.0, 5.0, 5.0]\n5.0\n[3, 3]\n2\nou\n"
                                   "[2, 6, 10]\n97\n1267650600228229401496703205376\n";
    iso_context *ctx;
    char *output = NULL;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    CHECK_OK(ctx, iso_stream_text(ctx, &(iso_stream_options){0}, expressions, sizeof expressions / sizeof *expressions, &output));
    CHECK_STRING(expected, output);
    iso_free(ctx, output);
    iso_context_free(ctx);
}

ISO_TEST(stream_of_every_library_has_a_seed_of_its_own) {
    static const char *const expressions[] = {"torch.rand(1)", "np.random.rand()", "random.random()"};
    iso_context *ctx;
    char *output = NULL;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    CHECK_OK(ctx, iso_stream_text(ctx, &(iso_stream_options){0}, expressions, 3, &output));
    CHECK_STRING("[0.49625658988952637]\n0.5488135039273248\n0.8444218515250481\n", output);
    iso_free(ctx, output);
    iso_context_free(ctx);
}

ISO_TEST(stream_names_are_checked) {
    static const struct {
        iso_stream_options options;
        const char *message;
    } cases[] = {{{.torch = "torch==3"}, "there is no stream 'torch==3'"},
                 {{.torch = "torch-cuda/0x2048"}, "there is no stream"},
                 {{.torch = "torch-cuda/132x2048x"}, "there is no stream"},
                 {{.python = "3.7"}, "there is no Python '3.7' here"},
                 {{.numpy = "1.2"}, "there is no NumPy '1.2' here"}};
    static const char *const names[] = {"torch",       "torch/scalar",          "torch+mkl",
                                        "torch==1.13", "torch==2.6+mkl/scalar", "torch-cuda/132x2048"};
    static const char *const one[] = {"1"};
    iso_context *ctx;
    char *output = NULL;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_FAILS(ctx, ISO_EINVAL, cases[i].message, iso_stream_text(ctx, &cases[i].options, one, 1, &output));
        iso_free(ctx, output);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK_OK(ctx, iso_stream_text(ctx, &(iso_stream_options){.torch = names[i]}, one, 1, &output));
        iso_free(ctx, output);
    }
    iso_context_free(ctx);
}

ISO_TEST(stream_errors_point_at_the_character) {
    static const char *const cases[][2] = {
        {"torch.rand(16", "the expression ends where ',' or ')' was expected\n  torch.rand(16\n               ^"},
        {"torch.rnad(16)", "torch.rnad is no known function; did you mean torch.rand?\n  torch.rnad(16)\n  ^"},
        {"torch.rand(2).normal(3)", "normal is no known method of a tensor; did you mean "
                                    "normal_?\n  torch.rand(2).normal(3)\n                ^"},
        {"torch.rand(3, dtpe=1)", "torch.rand has no argument 'dtpe'; did you mean 'dtype'?\n  "
                                  "torch.rand(3, dtpe=1)\n                ^"},
        {"torch.rand(3, dtype=1)", "torch.rand: dtype must be a type such as torch.float64\n  "
                                   "torch.rand(3, dtype=1)\n                      ^"},
        {"torch.rand(-1)", "torch.rand: a size must not be negative\n  torch.rand(-1)\n             ^"},
        {"torch.rand()", "torch.rand: the size is missing\n  torch.rand()\n  ^"},
        {"torch.rand(2, size=3)", "torch.rand: size is given twice\n  torch.rand(2, size=3)\n  ^"},
        {"torch.rand(2, dtype=torch.int64)", "torch.rand: needs a tensor of a floating-point type, "
                                             "got int64\n  torch.rand(2, dtype=torch.int64)\n  ^"},
        {"torch.rand(1,1,1,1,1,1,1)", "torch.rand: at most 6 dimensions are supported\n  "
                                      "torch.rand(1,1,1,1,1,1,1)\n                         ^"},
        {"torch.randint(5, 5, (1,))", "torch.randint: low (5) must be below high (5)\n  torch.randint(5, 5, (1,))\n  ^"},
        {"F.dropout(torch.ones(8), 1.5)", "torch.nn.functional.dropout: p must be between 0 and 1, "
                                          "got 1.5\n  F.dropout(torch.ones(8), 1.5)\n"
                                          "                           ^"},
        {"torch.empty(2).uniform_(2, 1)", "uniform_: the bounds 2 and 1 are not ascending numbers "
                                          "of the type float32\n  torch.empty(2).uniform_(2, 1)\n"
                                          "                 ^"},
        {"torch.rand", "torch.rand is a function: call it, torch.rand(...)\n  torch.rand\n  ^"},
        {"random.rnadom()", "random.rnadom is no known method of random; did you mean random?\n  random.rnadom()\n  ^"},
        {"np.random.default_rng(0).integer(3)", "integer is no known method of numpy.random.Generator; did you mean integers?\n"
                                                "  np.random.default_rng(0).integer(3)\n                           ^"},
        {"x", "x is no known function (docs/streams.md lists them)\n  x\n  ^"},
        {"[1, 2][2]", "the index is out of range, expected one of the items\n  [1, 2][2]\n         ^"},
        {"random.randrange(5, 5)", "randrange: the range is empty\n  random.randrange(5, 5)\n  ^"},
        {"random.seed()", "seed: a seed is needed: without one Python takes the machine's own randomness\n  random.seed()\n  ^"},
        {"np.random.seed(2**32)", "seed: the seed must be between 0 and 2**32 - 1\n  np.random.seed(2**32)\n                 ^"},
        {"np.random.randint(0, 300, dtype=np.int8)",
         "randint: the numbers do not fit into the type int8\n  np.random.randint(0, 300, dtype=np.int8)\n                    ^"},
        {"torch.rand(2, generator=5)",
         "torch.rand: generator must be a torch.Generator\n  torch.rand(2, generator=5)\n                          ^"},
        {"torch.randperm(3, device='cuda')", "torch.randperm: this stream is of device='cpu' alone; --stream names another\n"
                                             "  torch.randperm(3, device='cuda')\n                           ^"},
        {"np.arange(0, 3, 0)", "numpy.arange: step must not be 0\n  np.arange(0, 3, 0)\n                  ^"},
        {"nn.Linear(3, 2).wieght", "the module has no attribute wieght\n  nn.Linear(3, 2).wieght\n                  ^"},
        {"torch.tensor([[1], [2, 3]])", "torch.tensor: data must be a number or nested lists of "
                                        "numbers of equal lengths, at most 6 deep\n"
                                        "  torch.tensor([[1], [2, 3]])\n               ^"},
        {"torch.zeros(4611686018427387904, 4)",
         "the tensor has more than 2^59 elements\n  torch.zeros(4611686018427387904, 4)\n  ^"},
        {"'\u00e9\u00e9' + @", "unexpected '@', expected a value\n  '\u00e9\u00e9' + @\n         ^"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_MSG(gives(cases[i][0], false, cases[i][1]), "%s", cases[i][0]);
}

/* A long expression is shown in part, the caret still below the character. */
ISO_TEST(stream_long_expressions_are_cut) {
    char expression[1000];
    memset(expression, ' ', sizeof expression);
    expression[700] = '@';
    expression[999] = 0;
    char *message = answer(expression, false);
    const char *line = strchr(message, '\n') + 1, *caret = strchr(line, '^');
    bool ok = caret && strchr(line, '@') - line == caret - (strchr(line, '\n') + 1);
    free(message);
    CHECK(ok);
}

/* Lines that were evaluated before a failure are kept. */
ISO_TEST(stream_keeps_the_lines_before_a_failure) {
    iso_context *ctx;
    char *output = NULL;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    const char *const expressions[] = {"1", "2.5", "nonsense", "4"};
    CHECK(iso_stream_text(ctx, &(iso_stream_options){.hex = false}, expressions, 4, &output) == ISO_EINVAL);
    CHECK_STRING("1\n2.5\n", output);
    iso_free(ctx, output);
    CHECK_OK(ctx, iso_stream_text(ctx, &(iso_stream_options){.hex = false}, NULL, 0, &output));
    CHECK_STRING("", output);
    iso_free(ctx, output);
    iso_context_free(ctx);
}

/* ---- No memory ---- */

/* Whichever allocation fails, the answer is ISO_ENOMEM and nothing is lost. */
ISO_TEST(stream_survives_every_failing_allocation) {
    static const char *const expressions[] = {"F.dropout(torch.tensor([[1, 2.0], [3, 4]]), p=0.5)",
                                              "nn.Conv2d(2, 2, (1, 3)).weight",
                                              "x = [random.getrandbits(100) for i in range(3)]",
                                              "random.shuffle(x)",
                                              "x[1:]",
                                              "random.choices('ab', weights=[1, 2], k=3)",
                                              "random.sample(range(9), 4)",
                                              "random.setstate(random.getstate())",
                                              "np.random.choice([1.5, 2.5], 3, p=[0.5, 0.5])",
                                              "np.random.permutation([[1, 2], [3, 4]])",
                                              "np.random.set_state(np.random.get_state())",
                                              "rng = np.random.default_rng([2**70, 1])",
                                              "rng.choice(100, 3, replace=False)",
                                              "rng.spawn(2)[0].integers(5, size=(2, 2), dtype=np.int8)",
                                              "np.random.SeedSequence(5).spawn(2)",
                                              "nn.MultiheadAttention(4, 2, add_bias_kv=True)",
                                              "nn.LSTM(2, 3, num_layers=2)",
                                              "torch.multinomial(torch.rand(2, 5), 2)",
                                              "nn.init.trunc_normal_(torch.empty(3, 3), a=2, b=3)",
                                              "[torch.randperm(5), 'a', torch.ones(2).bernoulli_(torch.rand(2)).item]"};
    bool done = false;
    for (long fail_at = 0; !done && fail_at < 2000; fail_at++) {
        iso_test_memory f = {.left = ISO_TEST_PLENTY};
        iso_allocator allocator = iso_test_allocator(&f);
        iso_context *ctx;
        char *output = NULL;
        CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .allocator = &allocator}) == ISO_OK);
        f.left = fail_at;
        iso_status status = iso_stream_text(ctx, &(iso_stream_options){.hex = false}, expressions,
                                            sizeof expressions / sizeof *expressions, &output);
        done = status == ISO_EINVAL; /* .item without a call, after everything else went well */
        CHECK_MSG(done || status == ISO_ENOMEM, "status %d when allocation %ld fails: %s", (int)status, fail_at, iso_error(ctx));
        iso_free(ctx, output);
        iso_context_free(ctx);
        CHECK_MSG(f.live == 0, "%lld blocks are lost when allocation %ld fails", (long long)f.live, fail_at);
    }
    CHECK(done);
}
