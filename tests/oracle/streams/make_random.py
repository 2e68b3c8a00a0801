"""Random programs that draw from Python's module random."""
import random


def real(rng):
    return repr(rng.choice([0.0, 1.0, -1.0, 0.5, 1e-3, 1e6, rng.uniform(-10, 10), rng.uniform(0, 1), rng.randint(-5, 5)]))


def positive(rng):
    return repr(rng.choice([1.0, 0.5, 2, 1e-3, 40.0, 0.999, 1.001, 1e-8, rng.uniform(0.01, 5), rng.uniform(1, 300)]))


def any_int(rng):
    return rng.choice([0, 1, -1, 2**31, 2**32, 2**64, -2**64, 2**100 + 1, rng.getrandbits(rng.randint(1, 700)), rng.randint(-100, 100)])


def count(rng):
    return rng.choice([0, 1, 2, 3, 5, 6, 20, 21, 22, 84, 85, 86, 100, 341, 342, rng.randint(0, 2000)])


def sequence(rng):
    n = count(rng)
    return rng.choice(["range(%d)" % n, "list(range(%d))" % n, "'abcdefgh'", "[%s]" % ", ".join(real(rng) for _ in range(rng.randint(1, 9))),
                       "range(%d, %d, %d)" % (rng.randint(-9, 9), rng.randint(20, 900), rng.randint(1, 7))])


def expression(rng):
    kind = rng.randrange(22)
    if kind == 0:
        return "random.seed(%s)" % rng.choice([repr(any_int(rng)), repr(rng.uniform(-1e9, 1e9)), "'%s'" % rng.choice(["", "a", "hello", "\u00e9\u4e2d", "x" * 200]),
                                               "b'%s'" % rng.choice(["", "abc", "\\x00\\xff"]), "True", "'text', version=1", "b'abc', version=1", "1e300"])
    if kind == 1:
        return rng.choice(["random.random()", "[random.random() for i in range(%d)]" % count(rng)])
    if kind == 2:
        return "random.getrandbits(%d)" % rng.choice([0, 1, 5, 31, 32, 33, 63, 64, 65, 100, rng.randint(0, 3000)])
    if kind == 3:
        return "random.randbytes(%d)" % rng.choice([0, 1, 3, 4, 5, 100])
    if kind == 4:
        low = any_int(rng)
        return "random.randrange(%d, %d%s)" % (low, low + rng.choice([-1, 0, 1, 2, 100, 2**32, 2**32 + 1, abs(any_int(rng))]), rng.choice(["", ", 2", ", -3", ", 7", ", 0", ", 2**40"]))
    if kind == 5:
        return "random.randrange(%d)" % any_int(rng)
    if kind == 6:
        low = any_int(rng)
        return "random.randint(%d, %d)" % (low, low + rng.choice([-1, 0, 1, 9, 255, 2**32 - 1, 2**32, abs(any_int(rng))]))
    if kind == 7:
        return "random.choice(%s)" % sequence(rng)
    if kind == 8:
        return "random.choices(%s, k=%d)" % (sequence(rng), count(rng))
    if kind == 9:
        n = rng.randint(1, 12)
        weights = [rng.choice([0, 1, 2, rng.uniform(0, 3)]) for _ in range(n)]
        return "random.choices(range(%d), %s%r, k=%d)" % (n, rng.choice(["", "weights=", "cum_weights="]), weights, count(rng)) if rng.random() < 0.9 else \
            "random.choices([1, 2], [0, 0])"
    if kind == 10:
        return "random.sample(range(%d), %d)" % (rng.choice([count(rng), 2**40]), count(rng))
    if kind == 11:
        return "random.sample(%s, k=%d)" % (sequence(rng), rng.randint(0, 9))
    if kind == 12:
        return "random.sample(['a', 'b', 'c'], counts=%r, k=%d)" % ([rng.randint(0, 30) for _ in range(3)], rng.randint(0, 40))
    if kind == 13:
        return "random.getstate()"
    if kind == 14:
        return "random.triangular(%s)" % rng.choice(["", "%s, %s" % (real(rng), real(rng)), "%s, %s, %s" % (real(rng), real(rng), real(rng))])
    if kind == 15:
        return "random.%s(%s, %s)" % (rng.choice(["gauss", "normalvariate", "lognormvariate", "uniform"]), real(rng), real(rng))
    if kind == 16:
        return "random.expovariate(%s)" % rng.choice([positive(rng), real(rng)])
    if kind == 17:
        return "random.gammavariate(%s, %s)" % (positive(rng), positive(rng))
    if kind == 18:
        return "random.betavariate(%s, %s)" % (positive(rng), positive(rng))
    if kind == 19:
        return "random.vonmisesvariate(%s, %s)" % (real(rng), positive(rng))
    if kind == 20:
        return rng.choice(["random.paretovariate(%s)" % positive(rng), "random.weibullvariate(%s, %s)" % (positive(rng), positive(rng))])
    return "random.binomialvariate(%d, %r)" % (rng.choice([0, 1, 5, 30, 1000]), rng.choice([0, 1, 0.5, rng.uniform(0, 1)]))


def objects(rng):
    """Statements about a generator of its own, or the module's: shuffles, and states that are saved and restored."""
    o = rng.choice(["random", "g"])
    draws = ["%s.random()", "%s.gauss(0, 1)", "%s.shuffle(x)", "x", "%s.choice(x)", "%s.sample(x, 2)", "%s.getrandbits(70)", "%s.randint(1, 9)"]
    later = [d % o if "%" in d else d for d in rng.sample(draws, 3)]
    return (["g = random.Random(%d)" % any_int(rng)] if o == "g" else []) + ["x = list(range(%d))" % rng.randint(2, 40)] + later + \
        ["s = %s.getstate()" % o] + later + ["%s.setstate(s)" % o] + later + ["%s.seed(%d)" % (o, any_int(rng))] + later


def programs(count_, base, version):
    """gauss() without arguments, random.sample of k first and the like, which only some versions know, are left out; what a version
    lacks is refused on both sides."""
    rng = random.Random(base)
    return [(abs(any_int(rng)) % 2**64, [expression(rng) for _ in range(rng.randint(1, 8))] + (objects(rng) if rng.random() < 0.1 else []))
            for _ in range(count_)]
