"""Random programs that draw from PyTorch, sizes and parameters around every border between its algorithms."""
import random
import re

FLOATS = ["float32", "float64", "float16", "bfloat16"]
INTEGERS = ["int64", "int32", "int16", "int8", "uint8"]


def number(rng, low, high):
    return repr(rng.choice([rng.uniform(low, high), round(rng.uniform(low, high), 2), rng.randint(int(low), int(high))]))


def length(rng):
    return rng.choice([0, 1, 2, 3, 7, 14, 15, 16, 17, 24, 31, 32, 33, 48, 100, rng.randint(0, 700)])


def shape(rng):
    n = rng.choice([1, 1, 2, 3, 4])
    return [length(rng)] if n == 1 else [rng.randint(0 if rng.random() < 0.05 else 1, 6) for _ in range(n)]


def sizes(rng, s):
    """A shape in one of the spellings of torch.rand(*size)."""
    return rng.choice([", ".join(map(str, s)), str(s), "(" + ", ".join(map(str, s)) + ",)", "size=" + str(s)])


def dtype(rng, types):
    t = rng.choice(types)
    return "dtype=torch." + rng.choice({"float32": ["float32", "float"], "float64": ["float64", "double"],
                                        "float16": ["float16", "half"], "int64": ["int64", "long"]}.get(t, [t]))


def empty(rng, types):
    return "torch.empty(%s, %s)" % (sizes(rng, shape(rng)), dtype(rng, types))


def bounds(rng):
    low = rng.uniform(-5, 5)
    return "%r, %r" % (low, low + rng.uniform(0, 5)) if rng.random() < 0.8 else rng.choice(
        ["0, 1", "-1, 1", "2, 2", "1, 1.0000001", "16777216, 16777219"])


def weight(rng, types):
    s = [rng.randint(1, 9) for _ in range(rng.randint(2, 4))]
    return "torch.empty(%s, %s)" % (", ".join(map(str, s)), dtype(rng, types))


def integer_range(rng):
    span = rng.choice([1, 2, 10, 1000, 2**16, 2**28 - 1, 2**28, 2**28 + 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**53,
                       2**62, rng.randint(1, 2**62)])
    low = rng.choice([0, 0, 1, -1, rng.randint(-2**40, 2**40)])
    return low, low + span


def expression(rng, floats):
    some = rng.choice(["nn.init", "torch.nn.init", "init"])
    if rng.random() < 0.4:
        return newer(rng, floats, some)
    kind = rng.randrange(20)
    if kind == 0:
        return "torch.rand(%s, %s)" % (sizes(rng, shape(rng)), dtype(rng, floats))
    if kind == 1:
        return "torch.randn(%s, %s)" % (sizes(rng, shape(rng)), dtype(rng, floats))
    if kind == 2:
        return "torch.%s(%s)" % (rng.choice(["rand", "randn"]), sizes(rng, shape(rng)))
    if kind == 3:
        return "torch.randperm(%d)" % length(rng)
    if kind == 4:
        low, high = integer_range(rng)
        return rng.choice(["torch.randint(%d, %d, %s)" % (low, high, shape(rng)),
                           "torch.randint(%d, %s)" % (high - low, tuple(shape(rng) + [1])),
                           "torch.randint(low=%d, high=%d, size=%s)" % (low, high, shape(rng))])
    if kind == 5:
        return "torch.randint(-3, 90, %s, %s)" % (shape(rng), dtype(rng, INTEGERS[:-1] + ["float32", "float64"]))
    if kind == 6:
        return "%s.uniform_(%s)" % (empty(rng, floats), bounds(rng))
    if kind == 7:
        return "%s.normal_(%s, %s)" % (empty(rng, floats), number(rng, -3, 3), number(rng, 0, 4))
    if kind == 8:
        return "%s.bernoulli_(%s)" % (empty(rng, ["float32", "float64", "uint8", "int64"]), number(rng, 0, 1))
    if kind == 9:
        return "torch.empty(%d, dtype=torch.%s).random_(%s)" % (
            length(rng), rng.choice(INTEGERS + ["float32", "float64"]), rng.choice(["", "100", "3, 77"]))
    if kind == 10:
        return "torch.empty(%d, dtype=torch.bool).random_()" % length(rng)
    if kind == 11:
        return "torch.bernoulli(torch.rand(%s, %s))" % (sizes(rng, shape(rng)), dtype(rng, floats[:2]))
    if kind == 12:
        return "torch.bernoulli(torch.ones(%s), %s)" % (sizes(rng, shape(rng)), number(rng, 0, 1))
    if kind == 13:
        return "F.dropout(torch.randn(%s, %s), %s)" % (sizes(rng, shape(rng)), dtype(rng, floats), number(rng, 0, 1))
    if kind == 14:
        return rng.choice(["nn.Linear(%d, %d, bias=%s)" % (rng.randint(1, 40), rng.randint(1, 40), rng.choice("True False".split())),
                           "nn.Linear(%d, %d).weight" % (rng.randint(1, 40), rng.randint(1, 40))])
    if kind == 15:
        g = rng.randint(1, 3)
        return "nn.Conv2d(%d, %d, %s, groups=%d, bias=%s)" % (
            g * rng.randint(1, 5), g * rng.randint(1, 5), rng.choice(["3", "(3, 1)", "kernel_size=5", "1"]), g,
            rng.choice("True False".split()))
    if kind == 16:
        return "%s.xavier_%s_(%s%s)" % (some, rng.choice(["uniform", "normal"]), weight(rng, floats[:2]),
                                        rng.choice(["", ", %r" % rng.uniform(0, 3), ", gain=nn.init.calculate_gain('tanh')"]))
    if kind == 17:
        return "%s.kaiming_%s_(%s%s%s%s)" % (
            some, rng.choice(["uniform", "normal"]), weight(rng, floats[:2]),
            rng.choice(["", ", a=%r" % rng.uniform(0, 3)]), rng.choice(["", ", mode='fan_out'"]),
            rng.choice(["", ", nonlinearity='relu'", ', nonlinearity="selu"', ", nonlinearity='tanh'"]))
    if kind == 18:
        return "torch.manual_seed(%d)" % seed(rng)
    return rng.choice(["torch.get_rng_state()", "torch.initial_seed()", "torch.normal(%s, 2.5, (%d,))" % (number(rng, -2, 2), length(rng)),
                       "torch.rand_like(torch.ones(%d))" % length(rng), "torch.randn_like(torch.zeros(%d, dtype=torch.float64))" % length(rng),
                       "torch.rand(3, 2).normal_().uniform_(1, 2)", "[torch.rand(2), torch.randn(3), 7]",
                       "torch.rand(1).item()"])


def positive(rng):
    return repr(rng.choice([1, 0.5, 2.5, rng.uniform(0.01, 10), rng.uniform(0.01, 0.1)]))


def module(rng):
    a, b = rng.randint(1, 12), rng.randint(1, 12)
    bias = "bias=" + rng.choice(["True", "False"])
    return rng.choice([
        "nn.Conv1d(%d, %d, %d, %s)" % (a, b, rng.randint(1, 5), bias), "nn.Conv3d(%d, %d, (1, 2, 3))" % (a, b),
        "nn.ConvTranspose1d(%d, %d, %d)" % (a, b, rng.randint(1, 5)), "nn.ConvTranspose2d(%d, %d, %d, groups=2, %s)" % (2 * a, 2 * b, rng.randint(1, 4), bias),
        "nn.ConvTranspose3d(%d, %d, 2)" % (a, b), "nn.Embedding(%d, %d)" % (a, b), "nn.Embedding(%d, %d, padding_idx=%d)" % (a, b, rng.randint(-a, a - 1)),
        "nn.BatchNorm1d(%d)" % a, "nn.BatchNorm2d(%d, affine=%s)" % (a, rng.random() < 0.5), "nn.BatchNorm3d(%d)" % a,
        "nn.LayerNorm(%d)" % a, "nn.LayerNorm((%d, %d))" % (a, b), "nn.GroupNorm(2, %d)" % (2 * a), "nn.Bilinear(%d, %d, %d)" % (a, b, rng.randint(1, 5)),
        "nn.LSTM(%d, %d, num_layers=%d, bidirectional=%s)" % (a, b, rng.randint(1, 3), rng.random() < 0.5),
        "nn.LSTM(%d, %d, proj_size=%d)" % (a, b + 1, rng.randint(1, b)), "nn.GRU(%d, %d, %s)" % (a, b, bias), "nn.RNN(%d, %d, 2)" % (a, b),
        "nn.LSTMCell(%d, %d)" % (a, b), "nn.GRUCell(%d, %d, %s)" % (a, b, bias), "nn.RNNCell(%d, %d)" % (a, b),
        "nn.MultiheadAttention(%d, 2, %s)" % (2 * a, bias), "nn.MultiheadAttention(%d, 2, add_bias_kv=True)" % (2 * a),
        "nn.MultiheadAttention(%d, 1, kdim=%d, vdim=%d)" % (a, b, rng.randint(1, 9)),
        "nn.GRU(%d, %d, bidirectional=True).weight_hh_l0_reverse" % (a, b)])


def newer(rng, floats, some):
    kind = rng.randrange(18)
    if kind == 0:
        return "%s.exponential_(%s)" % (empty(rng, floats), positive(rng))
    if kind == 1:
        return "%s.geometric_(%s)" % (empty(rng, floats + ["int64", "int32", "uint8"]), repr(rng.uniform(0.05, 0.95)))
    if kind == 2:
        return "%s.cauchy_(%s, %s)" % (empty(rng, floats[:2]), number(rng, -3, 3), positive(rng))
    if kind == 3:
        return "%s.log_normal_(%s, %s)" % (empty(rng, floats), number(rng, -2, 2), repr(rng.uniform(0.01, 2)))
    if kind == 4:
        n = rng.choice([1, 2, 3, 10, 100, 700])
        return "torch.multinomial(torch.rand(%s%d, %s), %d, replacement=True)" % (
            rng.choice(["", "2, "]), n, dtype(rng, floats[:2]), rng.choice([1, 2, 10, 300]))
    if kind == 5:  # of float32 one sample only: among several, equal quotients come in any order
        n = rng.choice([1, 2, 3, 10, 100, 700])
        t, k = rng.choice([("float32", 1), ("float64", rng.randint(1, n)), ("float64", n)])
        return "torch.multinomial(torch.rand(%s%d, dtype=torch.%s), %d)" % (rng.choice(["", "3, "]), n, t, k)
    if kind == 6:
        a = rng.uniform(-3, 2)
        return "%s.trunc_normal_(%s, mean=%r, std=%r, a=%r, b=%r)" % (some, weight(rng, floats[:1]), rng.uniform(-1, 1), rng.uniform(0.1, 2), a, a + rng.uniform(0.1, 4))
    if kind == 7:
        return "%s.trunc_normal_(%s%s)" % (some, weight(rng, floats), rng.choice(["", ", std=0.02"]))
    if kind == 8:
        return "%s.sparse_(torch.empty(%d, %d), %r)" % (some, rng.randint(1, 20), rng.randint(1, 9), rng.uniform(0, 1))
    if kind == 9:
        return rng.choice(["%s.eye_(torch.empty(3, 5))", "%s.dirac_(torch.empty(4, 2, 3, 5), 2)", "%s.dirac_(torch.empty(3, 4, 3))", "%s.ones_(torch.empty(3))"]) % some
    if kind < 14:
        return module(rng)
    if kind == 14:
        return "torch.normal(%s, torch.rand(%d))" % (number(rng, -2, 2), length(rng)) if rng.random() < 0.5 else "torch.normal(torch.ones(4, 5), torch.rand(4, 5))"
    if kind == 15:
        return "torch.randint_like(torch.ones(%d, dtype=torch.int32), %d)" % (length(rng), rng.randint(1, 100))
    if kind == 16:
        return "torch.rand(%d, generator=torch.Generator().manual_seed(%d))" % (length(rng), seed(rng))
    return rng.choice(["torch.randn(5).tolist()", "[torch.rand(1).item() for i in range(3)]"])


def state(rng):
    """Statements about a generator: its state is saved at any point, and what follows must come twice."""
    own = rng.random() < 0.5
    draw = ["torch.randn(%d%s)", "torch.empty(%d).normal_(%s)", "torch.rand(%d%s)", "torch.randperm(%d%s)", "torch.empty(%d).exponential_(%s)"]
    argument = {True: ", generator=g", False: ""}[own]

    def one():
        d = rng.choice(draw)
        return d % (length(rng), argument if "_(" not in d else argument[2:])
    save, load = ("s = g.get_state()", "g.set_state(s)") if own else ("s = torch.get_rng_state()", "torch.set_rng_state(s)")
    later = [one() for _ in range(rng.randint(1, 3))]
    return (["g = torch.Generator()"] + rng.choice([[], ["g.manual_seed(%d)" % seed(rng)], ["g.initial_seed()"]]) if own else []) + \
        [one() for _ in range(rng.randint(0, 3))] + [save] + later + [load] + later + ["s[:24]"]


def in_place(rng):
    return ["x = torch.empty(%d)" % rng.randint(4, 60), "x.uniform_()", "x[:3].normal_()", "x", "x[2:].bernoulli_(0.5)", "x"]


def seed(rng):
    return rng.choice([0, 1, 42, 2**32 - 1, 2**32, 2**63, 2**64 - 1, rng.getrandbits(64), rng.getrandbits(31)])


def programs(count, base, release):
    """For `release` of PyTorch: `torch`, `torch==2.6`, `torch==1.13`. trunc_normal_ went through erfinv before 2.13, which is imitated for two
    types, and depends on the C library."""
    rng = random.Random(base)
    result = []
    for _ in range(count):
        program = [expression(rng, FLOATS) for _ in range(rng.randint(1, 6))]
        extra = rng.random()
        result.append((seed(rng), program + (state(rng) if extra < 0.05 else in_place(rng) if extra < 0.08 else [])))
    if release == "torch":
        return result
    unwanted = "trunc_normal.*(half|float16)" if release == "torch==1.13" else "trunc_normal"
    return [(s, [e for e in program if not re.search(unwanted, e)]) for s, program in result]
