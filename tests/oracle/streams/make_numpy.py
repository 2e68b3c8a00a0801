"""Random programs that draw from NumPy: the legacy functions np.random.* and RandomState, and Generator on every bit generator."""
import random
import re

from make_random import count, positive, real

INTEGERS = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
BITS = {"bool": (0, 1), "int8": (-2**7, 2**7 - 1), "uint8": (0, 2**8 - 1), "int16": (-2**15, 2**15 - 1), "uint16": (0, 2**16 - 1),
        "int32": (-2**31, 2**31 - 1), "uint32": (0, 2**32 - 1), "int64": (-2**63, 2**63 - 1), "uint64": (0, 2**64 - 1)}
ENGINES = ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"]


def size(rng, name=", size="):
    return rng.choice(["", name + str(rng.choice([0, 1, 2, 3, 5, 16, 100, count(rng)])), name + "(%d, %d)" % (rng.randint(0, 5), rng.randint(1, 9))])


def only_size(rng):
    return size(rng, rng.choice(["", "size="]))


def interval(rng, kind):
    low, high = BITS[kind]
    a = rng.choice([low, 0 if low <= 0 else low, max(low, -5), rng.randint(low, high)])
    b = rng.choice([high, a, min(high, a + 1), min(high, a + 9), min(high, a + 2**8 - 1), min(high, a + 2**16 - 1), min(high, a + 2**32 - 1), min(high, a + 2**32),
                    rng.randint(a, high)])
    return a, b


def probabilities(rng, n):
    p = [rng.choice([0, 1, 1, rng.uniform(0, 3)]) for _ in range(n)]
    p[rng.randrange(n)] += 1
    total = sum(p)
    return [x / total for x in p]


def distribution(rng, o):
    """A distribution that both families have, of the object o."""
    s = size(rng)
    return rng.choice([
        lambda: "%s.uniform(%s, %s%s)" % (o, real(rng), real(rng), s), lambda: "%s.normal(%s, %s%s)" % (o, real(rng), positive(rng), s),
        lambda: "%s.standard_normal(%s)" % (o, only_size(rng)), lambda: "%s.random(%s)" % (o, only_size(rng)),
        lambda: "%s.exponential(%s%s)" % (o, positive(rng), s), lambda: "%s.standard_exponential(%s)" % (o, only_size(rng)),
        lambda: "%s.standard_gamma(%s%s)" % (o, positive(rng), s), lambda: "%s.gamma(%s, %s%s)" % (o, positive(rng), positive(rng), s),
        lambda: "%s.beta(%s, %s%s)" % (o, positive(rng), positive(rng), s),
        lambda: "%s.poisson(%s%s)" % (o, rng.choice(["0", "0.5", "9.999", "10", "10.5", repr(rng.uniform(0, 20)), repr(rng.uniform(0, 1e5))]), s),
        lambda: "%s.binomial(%d, %r%s)" % (o, rng.choice([0, 1, 10, 60, 61, 1000, 10**6, rng.randint(0, 300)]), rng.choice([0.0, 0.5, 1.0, 0.1, 0.9, rng.random()]), s),
        lambda: "%s.lognormal(%s, %r%s)" % (o, real(rng), rng.uniform(0, 2), s), lambda: "%s.laplace(%s, %s%s)" % (o, real(rng), positive(rng), s),
        lambda: "%s.gumbel(%s, %s%s)" % (o, real(rng), positive(rng), s), lambda: "%s.logistic(%s, %s%s)" % (o, real(rng), positive(rng), s),
        lambda: "%s.rayleigh(%s%s)" % (o, positive(rng), s), lambda: "%s.weibull(%s%s)" % (o, positive(rng), s), lambda: "%s.pareto(%s%s)" % (o, positive(rng), s),
        lambda: "%s.power(%s%s)" % (o, positive(rng), s), lambda: "%s.chisquare(%s%s)" % (o, positive(rng), s), lambda: "%s.standard_cauchy(%s)" % (o, only_size(rng)),
        lambda: "%s.standard_t(%s%s)" % (o, positive(rng), s), lambda: "%s.geometric(%r%s)" % (o, rng.choice([1.0, 0.5, 0.34, 0.33, rng.uniform(0.01, 1)]), s),
        lambda: "%s.triangular(%d, %r, %d%s)" % (o, 0, rng.uniform(0, 5), 5, s), lambda: "%s.bytes(%d)" % (o, rng.choice([0, 1, 3, 4, 5, 100])),
        lambda: "%s.permutation(%d)" % (o, count(rng)), lambda: "%s.permutation([%s])" % (o, ", ".join(real(rng) for _ in range(rng.randint(1, 9)))),
    ])()


def choice(rng, o, extra=""):
    n = rng.choice([1, 2, 10, 100, count(rng) + 1])
    how = rng.randrange(5)
    if how == 0:
        return "%s.choice(%d%s)" % (o, n, size(rng))
    if how == 1:
        return "%s.choice(%d, %d, replace=False%s)" % (o, n, rng.randint(0, n), extra)
    if how == 2:
        return "%s.choice([%s]%s)" % (o, ", ".join(real(rng) for _ in range(rng.randint(1, 9))), size(rng))
    n = rng.randint(1, 20)
    p = probabilities(rng, n)
    if how == 3:
        return "%s.choice(%d%s, p=%r)" % (o, n, size(rng), p)
    return "%s.choice(%d, %d, replace=False, p=%r%s)" % (o, n, rng.randint(0, sum(x > 0 for x in p)), p, extra)


def legacy(rng):
    o = rng.choice(["np.random", "np.random", "np.random", "rs"])
    kind = rng.randrange(12)
    if kind < 5:
        return distribution(rng, o)
    if kind == 5:
        return "%s.rand(%s)" % (o, rng.choice(["", "3", "%d" % count(rng), "2, 3, 4", "0"]))
    if kind == 6:
        return "%s.randn(%s)" % (o, rng.choice(["", "3", "%d" % count(rng), "2, 3", "1"]))
    if kind == 7:
        t = rng.choice(INTEGERS)
        a, b = interval(rng, t)
        return "%s.randint(%d, %d%s, dtype=%s)" % (o, a, b + 1, size(rng), rng.choice(["np." + t if t != "bool" else "bool", "'%s'" % t])) if rng.random() < 0.7 else \
            "%s.randint(%d%s)" % (o, rng.choice([1, 2, 10, 2**31, 2**32, 2**32 + 1, 2**62]), size(rng))
    if kind == 8:
        return choice(rng, o)
    if kind == 9:
        return "np.random.seed(%s)" % rng.choice([str(rng.getrandbits(32)), str([rng.getrandbits(32) for _ in range(rng.randint(1, 700))])])
    if kind == 10:
        return rng.choice(["%s.wald(%s, %s%s)" % (o, positive(rng), positive(rng), size(rng)), "%s.vonmises(%s, %s%s)" % (o, real(rng), positive(rng), size(rng)),
                           "%s.hypergeometric(%d, %d, %d%s)" % (o, rng.randint(0, 50), rng.randint(0, 50), rng.randint(1, 40), size(rng)),
                           "%s.zipf(%r%s)" % (o, rng.uniform(1.1, 9), size(rng)), "%s.logseries(%r%s)" % (o, rng.uniform(0.01, 0.99), size(rng)),
                           "%s.negative_binomial(%s, %r%s)" % (o, positive(rng), rng.uniform(0.01, 1), size(rng)), "%s.f(%s, %s%s)" % (o, positive(rng), positive(rng), size(rng)),
                           "%s.dirichlet(%r%s)" % (o, [rng.uniform(0.1, 5) for _ in range(rng.randint(1, 5))], size(rng)),
                           "%s.multinomial(%d, %r%s)" % (o, rng.randint(0, 200), probabilities(rng, rng.randint(1, 6)), size(rng)),
                           "%s.noncentral_chisquare(%s, %s%s)" % (o, positive(rng), positive(rng), size(rng)),
                           "%s.noncentral_f(%s, %s, %s%s)" % (o, positive(rng), positive(rng), positive(rng), size(rng))])
    return "np.random.%s(%s)" % (rng.choice(["random_sample", "ranf", "sample", "random"]), only_size(rng))


def entropy(rng):
    return rng.choice(["0", "42", str(rng.getrandbits(31)), str(rng.getrandbits(128)), str(rng.getrandbits(300)), str([rng.getrandbits(rng.choice([3, 32, 64, 70])) for _ in range(rng.randint(0, 6))])])


def generator(rng):
    kind = rng.randrange(12)
    if kind < 4:
        return distribution(rng, "rng")
    if kind == 4:
        t = rng.choice(INTEGERS)
        a, b = interval(rng, t)
        endpoint = rng.random() < 0.5
        return "rng.integers(%d, %d%s, dtype=%s%s)" % (a, b + (not endpoint), size(rng), rng.choice(["np." + t if t != "bool" else "bool", "'%s'" % t]), ", endpoint=True" if endpoint else "")
    if kind == 5:
        return "rng.integers(%d%s)" % (rng.choice([1, 2, 10, 2**31, 2**32, 2**32 + 1, 2**62]), size(rng))
    if kind == 6:
        return "rng.%s(%s)" % (rng.choice(["random", "standard_normal"]), rng.choice(["dtype=np.float32", "%d, dtype=np.float32" % count(rng), "(2, 3), dtype='float32'"]))
    if kind == 7:
        return rng.choice(["rng.standard_exponential(%d, method='inv')" % count(rng), "rng.standard_exponential(%d, dtype=np.float32)" % count(rng),
                           "rng.standard_exponential(dtype=np.float32, method='inv')", "rng.standard_gamma(%s, %d, dtype=np.float32)" % (positive(rng), count(rng))])
    if kind == 8:
        return choice(rng, "rng", rng.choice(["", ", shuffle=False"]))
    if kind == 9:
        return rng.choice(["rng = np.random.default_rng(%s)" % entropy(rng), "rng = np.random.Generator(np.random.%s(%s))" % (rng.choice(ENGINES), entropy(rng)),
                           "ss = np.random.SeedSequence(%s%s)" % (entropy(rng), rng.choice(["", ", spawn_key=(1, 2)", ", pool_size=8"])), "ss.generate_state(%d)" % rng.randint(0, 20),
                           "ss.generate_state(%d, np.uint64)" % rng.randint(0, 9), "ss = ss.spawn(3)[2]", "rng = np.random.default_rng(ss)",
                           "b = np.random.%s(%d)" % (rng.choice(ENGINES), rng.getrandbits(40)), "b.random_raw(%s)" % rng.choice(["", "5"]), "rng = np.random.Generator(b)"])
    if kind == 10:
        return "rng.choice(%d, %d, replace=False)" % (rng.choice([10001, 20000, 300000]), rng.choice([0, 1, 100, 199, 201, 400, 6001]))
    return rng.choice(["rng.f(%s, %s%s)" % (positive(rng), positive(rng), size(rng)), "rng.spawn(2)[1].random(3)",
                       "rng.negative_binomial(%s, %r%s)" % (positive(rng), rng.uniform(0.01, 1), size(rng)), "rng.permuted([%s])" % ", ".join(real(rng) for _ in range(5))])


def objects(rng, legacy_one):
    """Statements about objects: shuffles in place, states that are saved and restored, seeds and what is spawned from them."""
    o = rng.choice(["np.random", "rs"]) if legacy_one else "rng"
    shuffles = ["x = list(range(%d))" % count(rng), "%s.shuffle(x)" % o, "x", "a = np.random.RandomState(1).rand(5, 3)", "%s.shuffle(a)" % o, "a", "%s.permutation(a)" % o,
                "%s.permutation(x)" % o]
    if legacy_one:
        later = [distribution(rng, o) for _ in range(3)]
        return shuffles + ["s = %s.get_state()" % o, "s[1]"] + later + ["%s.set_state(s)" % o] + later
    return shuffles + ["ss = np.random.SeedSequence(%s%s)" % (entropy(rng), rng.choice(["", ", spawn_key=(1, 2)", ", pool_size=8"])), "ss.generate_state(%d)" % rng.randint(0, 20),
                       "ss.generate_state(%d, np.uint64)" % rng.randint(0, 9), "c = ss.spawn(3)", "c[2].generate_state(5)", "ss.spawn(1)[0].generate_state(2)",
                       "rng = np.random.default_rng(c[1])", "rng.random(3)", "b = np.random.%s(%d)" % (rng.choice(ENGINES), rng.getrandbits(40)), "b.random_raw()", "b.random_raw(5)",
                       "rng = np.random.Generator(b)", "rng.integers(9, size=4)", "b.random_raw()"]


def programs(count_, base, version):
    rng = random.Random(base)
    result = []
    for _ in range(count_):
        legacy_one = rng.random() < 0.5
        first = "rs = np.random.RandomState(%d)" % rng.getrandbits(32) if legacy_one else \
            rng.choice(["rng = np.random.default_rng(%s)" % entropy(rng), "rng = np.random.Generator(np.random.%s(%s))" % (rng.choice(ENGINES), entropy(rng))])
        program = [first] + [(legacy if legacy_one else generator)(rng) for _ in range(rng.randint(1, 7))]
        if rng.random() < 0.08:
            program += objects(rng, legacy_one)
        if version.startswith("1."):  # has no spawn, and draws beta numbers of tiny parameters otherwise
            program = [e for e in program if not re.search(r"\.spawn|rng\.beta\([^)]*(e-|0\.0)", e)]
        result.append((rng.getrandbits(rng.choice([3, 32])), program))
    return result
