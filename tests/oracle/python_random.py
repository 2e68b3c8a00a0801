#!/usr/bin/env python3
"""Isobit's iso_py_* functions against the live module `random` of the interpreter that runs this, bit for bit.

    PYTHON tests/oracle/python_random.py [--lib build/libisobit.so] [--cases N] [--seed S]

PYTHON is any CPython from 3.8 to 3.13. Each case seeds both sides and makes some random calls; results, refusals and the state
behind each call must be the same. Some cases plant extreme words in the state, so that random() is 0 or as near to 1 as it can
be. The last line reads `N passed, N failed`, N the number of calls; the first failures are shown with their case."""
import argparse
import collections
import ctypes
import itertools
import math
import random
import struct
import sys
import warnings

warnings.simplefilter("ignore")
VERSION = sys.version_info[0] * 100 + sys.version_info[1]
U64, I64, F64, U32 = ctypes.c_uint64, ctypes.c_int64, ctypes.c_double, ctypes.c_uint32


class Engine(ctypes.Structure):
    _fields_ = [("state", U32 * 624), ("next", U32)]


class Generator(ctypes.Structure):
    _fields_ = [("engine", Engine), ("has_gauss", ctypes.c_bool), ("gauss_next", F64), ("version", ctypes.c_int)]


class Raised(Exception):
    """What Isobit's false becomes; Python's own exceptions of a call are compared with it."""

    def __init__(self, values=()):
        super().__init__()
        self.values = list(values)


def words_of(x, count=None):
    count = (x.bit_length() + 31) // 32 if count is None else count
    return (U32 * max(count, 1))(*[(x >> (32 * i)) & 0xFFFFFFFF for i in range(count)])


def int_of(words):
    return sum(w << (32 * i) for i, w in enumerate(words))


class Isobit:
    """The calls of random.Random on the library."""

    def __init__(self, lib):
        self.lib, self.g = lib, Generator(version=VERSION)

    def call(self, name, *args):
        return getattr(self.lib, "iso_py_" + name)(ctypes.byref(self.g), *args)

    def must(self, name, *args):
        if not self.call(name, *args):
            raise Raised

    def fill(self, name, kind, n, *args, checked=True):
        """n values of a function (g, out, n, args...)."""
        out = (kind * max(n, 1))()
        if not self.call(name, out, ctypes.c_size_t(n), *args) and checked:
            raise Raised(list(out)[:n])
        return list(out)[:n]

    def seed(self, a, version=2):
        if isinstance(a, float):
            self.must("seed_float", F64(a))
        elif isinstance(a, int) and -(2**63) <= a < 2**63 and a % 2:
            self.call("seed", I64(a))
        elif isinstance(a, int):
            words = words_of(abs(a))
            self.call("seed_words", words, ctypes.c_size_t((abs(a).bit_length() + 31) // 32))
        elif version == 1:
            points = list(a) if isinstance(a, bytes) else [ord(c) for c in a]
            self.call("seed_version1", (U32 * max(len(points), 1))(*points), ctypes.c_size_t(len(points)))
        else:
            data = a.encode() if isinstance(a, str) else a
            self.call("seed_bytes", data, ctypes.c_size_t(len(data)))

    def getstate(self):
        words = (U32 * 625)()
        self.call("getstate", words)
        return 3, tuple(words), self.g.gauss_next if self.g.has_gauss else None

    def setstate(self, state):
        gauss = None if state[2] is None else ctypes.byref(F64(state[2]))
        self.must("setstate", ctypes.c_int(state[0]), (U32 * 625)(*[w & 0xFFFFFFFF for w in state[1]]), gauss)

    def random(self, n):
        return self.fill("random_fill", F64, n, checked=False)

    def one(self, n):
        self.lib.iso_py_random_one.restype = F64
        return [self.call("random_one") for _ in range(n)]

    def getrandbits(self, k):
        if 0 < k <= 64:
            out = U64()
            self.must("getrandbits64", ctypes.byref(out), U32(k))
            return out.value
        out = (U32 * ((k + 31) // 32 + 1))()
        self.must("getrandbits", out, U64(k))
        return int_of(out)

    def randbytes(self, n):
        out = (ctypes.c_uint8 * max(n, 1))()
        self.must("randbytes", out, ctypes.c_size_t(n))
        return bytes(out)[:n]

    def randbelow(self, bound, extra):
        if bound < 2**64 and not extra:
            out = U64()
            self.must("randbelow", ctypes.byref(out), U64(bound))
            return out.value
        count = (bound.bit_length() + 31) // 32 + extra
        out = (U32 * max(count, 1))(*[7] * count)
        self.must("randbelow_words", out, words_of(bound, count), ctypes.c_size_t(count))
        return int_of(out)

    def randrange(self, n, start, stop, step):
        return self.fill("randrange", I64, n, I64(start), I64(stop), I64(step))

    def randint(self, n, low, high):
        return self.fill("randint", I64, n, I64(low), I64(high))

    def choice(self, k, n):
        return self.fill("choice", U64, k, U64(n))

    def choices(self, k, n, cum_weights, weights):
        if cum_weights is None and weights is None:
            return self.fill("choices", U64, k, U64(n))
        values = (F64 * max(n, 1))(*(cum_weights if weights is None else weights))
        if weights is not None:
            self.lib.iso_py_accumulate(values, values, ctypes.c_size_t(n))
        return self.fill("choices_weighted", U64, k, values, ctypes.c_size_t(n))

    def sample(self, n, k, counts):
        total = n if counts is None else sum(counts)
        self.lib.iso_py_sample_scratch.restype = ctypes.c_size_t
        scratch = (U64 * max(1, self.lib.iso_py_sample_scratch(U64(total), U64(k)) if k <= total else 1))()
        out = (U64 * max(k, 1))()
        if counts is None:
            self.must("sample", out, U64(n), U64(k), scratch)
        else:
            self.must("sample_counts", out, (U64 * max(n, 1))(*itertools.accumulate(counts)), ctypes.c_size_t(n), U64(k), scratch)
        return list(out)[:k]

    def shuffle(self, n, by_random):
        out = (U64 * max(n, 1))()
        if by_random:
            self.must("shuffle_by_random", out, U64(n))
        else:
            self.call("shuffle", out, U64(n))
        return list(out)[:n]

    def triangular(self, n, low, high, mode):
        mode = None if mode is None else ctypes.byref(F64(mode))
        return self.fill("triangular", F64, n, F64(low), F64(high), mode, checked=False)

    def distribution(self, name, n, *args):
        checked = name not in ("uniform", "gauss", "normalvariate")
        return self.fill(name, F64, n, *map(F64, args), checked=checked)

    def binomialvariate(self, n, trials, p):
        return self.fill("binomialvariate", I64, n, I64(trials), F64(p))


class Live(random.Random):
    """The same calls on the live module. The methods of random.Random that Isobit fills with are called one by one."""

    def repeat(self, n, call):
        values = []
        for _ in range(n):
            try:
                values.append(call())
            except (ValueError, ArithmeticError, TypeError, AssertionError, AttributeError, IndexError) as e:
                raise Raised(values) from e
        return values


def live(r, name, args):
    if name in ("random", "one"):
        return r.repeat(args[0], r.random)
    if name == "randbelow":
        return r.randrange(args[0])
    if name in ("randrange", "randint"):
        return r.repeat(args[0], lambda: getattr(r, name)(*args[1:]))
    if name == "choice":
        return r.repeat(args[0], lambda: r.choice(range(args[1])))
    if name == "choices":
        return r.choices(range(args[1]), k=args[0], cum_weights=args[2], weights=args[3])
    if name == "sample":
        return r.sample(range(args[0]), args[1], **({} if args[2] is None else {"counts": args[2]}))
    if name == "shuffle":
        x = list(range(args[0]))
        r.shuffle(x, *([r.random] if args[1] else []))
        return x
    if name == "distribution":
        return r.repeat(args[1], lambda: getattr(r, args[0])(*args[2:]))
    if name in ("triangular", "binomialvariate"):
        return r.repeat(args[0], lambda: getattr(r, name)(*args[1:]))
    return getattr(r, name)(*args)


def outcome(call):
    """What a call gives, comparable: floats by their bits (nan by being nan), and whether it raised."""
    raised, values = False, None
    try:
        values = call()
    except Raised as e:
        raised, values = True, e.values
    except (ValueError, ArithmeticError, TypeError, AttributeError, IndexError):
        raised, values = True, []
    if isinstance(values, list):
        values = [("nan" if x != x else struct.pack("<d", x)) if isinstance(x, float) else x for x in values]
    return raised, values


# ---- Random calls ----------------------------------------------------------------------------


def integer(rng):
    kind = rng.randrange(5)
    if kind == 0:
        return rng.choice([0, 1, -1, 2**31, 2**32 - 1, 2**32, -(2**32), 2**63 - 1, 2**63, 2**64 - 1, 2**64, 3**500])
    bits = [64, 32, 200, 25000][kind - 1] if rng.random() < 0.3 else rng.randint(1, 70)
    return rng.getrandbits(bits) * rng.choice([1, -1])


def real(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return rng.choice([0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, 1.7e308, math.inf, -math.inf, 2.0**61 - 1, 2.0**61, 2.0**122])
    if kind == 1:
        return struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0]
    return rng.choice([rng.uniform(-10, 10), float(rng.randint(-1000, 1000)), math.ldexp(rng.random(), rng.randint(-80, 80))])


def seed(rng):
    kind = rng.randrange(8)
    text = "".join(chr(rng.choice([65, 233, 0x20AC, 0x1F600, 0, rng.randint(1, 0xD7FF)])) for _ in range(rng.choice([0, 1, 5, 40, 60, 3000])))
    data = bytes(rng.choice([0, rng.randrange(256)]) for _ in range(rng.choice([0, 1, 3, 4, 47, 48, 111, 112, 127, 128, 129, 700, 3000])))
    if kind == 0:
        a = real(rng)
        return (a if a == a or VERSION < 310 else 0.25,)
    if kind == 1:
        return (text,)
    if kind == 2:
        return (data,)
    if kind == 3:
        return (rng.choice([text, data]), 1)
    return (rng.choice([True, False]) if kind == 4 and rng.random() < 0.2 else integer(rng),)


def finite(rng, low=-20.0, high=20.0):
    if rng.random() < 0.05:
        return rng.choice([0.0, 1.0, -1.0, 0.5, 2.0, 1e-9, 1e9, 5e-324, 1e-300, 1e300, -1e-300])
    return rng.choice([rng.uniform(low, high), float(rng.randint(int(low), int(high))), math.ldexp(rng.random(), rng.randint(-30, 30))])


def positive(rng):
    return finite(rng, 0.0, 8.0) if rng.random() < 0.97 else finite(rng)


def distribution(rng):
    n = rng.randint(1, 12)
    name = rng.choice(
        "uniform gauss normalvariate lognormvariate expovariate vonmisesvariate gammavariate betavariate paretovariate "
        "weibullvariate triangular binomialvariate".split()
    )
    if name == "triangular":
        low, high = finite(rng), finite(rng)
        return "triangular", (n, low, rng.choice([high, high, high, low]), rng.choice([None, finite(rng), low, high, (low + high) / 2]))
    if name == "binomialvariate":
        trials = rng.choice([rng.randint(-1, 3), rng.randint(0, 100), rng.randint(0, 10**6), rng.randint(0, 2**63 - 1), 2**63 - 1])
        near = min(1.0, 10 / max(trials, 1) * rng.uniform(0.5, 1.5))
        p = rng.choice([rng.random(), rng.random() / 50, near, 1 - near, rng.choice([0.0, 1.0, 0.5, -0.1, 1.5, 1e-17, 1 - 2**-53, 1e-10])])
        return name, (n, trials, p)
    if name == "gammavariate" or name == "betavariate":
        return "distribution", (name, n, rng.choice([positive(rng), rng.random(), 1.0]), rng.choice([positive(rng), 1.0]))
    if name == "expovariate":
        return "distribution", (name, n, finite(rng) if rng.random() < 0.9 else real(rng))
    if name == "paretovariate":
        return "distribution", (name, n, finite(rng))
    if name == "weibullvariate":
        return "distribution", (name, n, finite(rng), finite(rng))
    if name == "vonmisesvariate":
        return "distribution", (name, n, finite(rng), rng.choice([positive(rng), 1e-6, math.inf, 1e17]))
    extreme = rng.random() < 0.05
    return "distribution", (name, n, real(rng) if extreme else finite(rng), real(rng) if extreme else positive(rng))


def int64(rng):
    return rng.choice([rng.randint(-50, 50), rng.randint(-(2**40), 2**40), rng.randint(-(2**63), 2**63 - 1), -(2**63), 2**63 - 1])


def weights(rng):
    n = rng.choice([1, 2, 3, 10, rng.randint(1, 200)])
    values = [rng.choice([0.0, rng.random(), float(rng.randint(0, 9))]) for _ in range(n)]
    odd = rng.random()
    if odd < 0.1:
        values = [0.0] * n
    elif odd < 0.2:
        values[rng.randrange(n)] = rng.choice([-5.0, math.inf, math.nan, 1e308, -math.inf])
    return n, values


def sequence(rng):
    kind = rng.randrange(6)
    n = rng.choice([0, 1, 2, 20, 21, 22, rng.randint(0, 400), rng.randint(0, 2**20), rng.randint(0, 2**63 - 1), 2**32, 2**63 - 1])
    k = rng.choice([0, 1, 5, 6, rng.randint(0, 30), 21, 22, 85, 86, 341, 342])
    if kind == 0:
        return "choice", (min(k, 20) + 1, n)
    if kind == 1:
        return "choices", (k, n, None, None)
    if kind == 2:
        n, values = weights(rng)
        cumulative = rng.random() < 0.5
        return "choices", (k, n, list(itertools.accumulate(values)) if cumulative else None, None if cumulative else values)
    if kind == 3:
        counts = [rng.choice([0, 1, rng.randint(0, 9), rng.randint(0, 10**6)]) for _ in range(rng.randint(0, 30))]
        return "sample", (len(counts), k, counts)
    if kind == 4:
        edge = 21 + 4 ** max(1, math.ceil(math.log(max(k, 1) * 3, 4)))
        return "sample", (rng.choice([n, k, k + 1, edge - 1, edge, edge + 1, edge // 4 + 16]), k, None)
    return "shuffle", (rng.choice([0, 1, 2, rng.randint(0, 60), rng.randint(0, 2000)]), rng.random() < 0.3)


def bits(rng):
    kind = rng.randrange(7)
    n = rng.choice([0, 1, 2, rng.randint(0, 20), rng.randint(0, 700)])
    if kind == 0:
        return rng.choice(["random", "one"]), (n,)
    if kind == 1:
        return "getrandbits", (rng.choice([0, 1, 31, 32, 33, 63, 64, 65, 96, rng.randint(0, 3000)]),)
    if kind == 2:
        return "randbytes", (n,)
    if kind == 3:
        bound = max(0, rng.getrandbits(rng.choice([3, 32, 33, 64, 65, rng.randint(1, 2000)])) + rng.randint(-1, 1))
        return "randbelow", (rng.choice([bound, 2 ** rng.randint(0, 200), bound]), rng.randrange(3))
    if kind == 4:
        low, high = int64(rng), int64(rng)
        return "randint", (rng.randint(1, 9),) + (min(low, high), max(low, high) if rng.random() < 0.95 else low - 1 if low > -(2**63) else low)
    return "randrange", (rng.randint(1, 9), int64(rng), int64(rng), rng.choice([1, 1, -1, 2, 0, int64(rng)]))


def untemper(y):
    """The word of the state that the output y comes from."""
    y ^= y >> 18
    y ^= (y << 15) & 0xEFC60000
    x = y
    for _ in range(5):
        x = y ^ ((x << 7) & 0x9D2C5680)
    y = x
    for _ in range(3):
        x = y ^ (x >> 11)
    return x & 0xFFFFFFFF


def planted(rng, state):
    """The state with extreme words in front of it."""
    words = list(state[1])
    at = words[624] % 624
    words[624] = at
    for i in range(at, min(at + rng.choice([2, 4, 6, 8]), 624)):
        words[i] = untemper(rng.choice([0, 0xFFFFFFFF, 0, 0xFFFFFFFF, 0x80000000, 1 << 5, rng.getrandbits(32)]))
    return 3, tuple(words), rng.choice([None, state[2], rng.random()])


def odd_state(rng, state):
    """States that setstate refuses, or takes in another form."""
    words = list(state[1])
    kind = rng.randrange(4)
    if kind == 0:
        return 2, tuple(w - 2**32 if w >= 2**31 else w for w in words), state[2]
    words[624] = 625 if kind == 1 else rng.choice([0, 1, 623, 624])
    return 1 if kind == 2 else 3, tuple(words), state[2]


class Case:
    def __init__(self, lib, number, seed_of_run):
        self.name = "case %d of --seed %d" % (number, seed_of_run)
        self.rng = random.Random("%d %d" % (seed_of_run, number))
        self.ours, self.live, self.failures, self.calls = Isobit(lib), Live(0), [], collections.Counter()

    def compare(self, name, args):
        theirs = outcome(lambda: live(self.live, name, args))
        ours = outcome(lambda: getattr(self.ours, name)(*args))
        if theirs[0] and ours[0]:
            ours = True, ours[1][: len(theirs[1])]  # behind the last value that Python has returned nothing is promised
        self.calls[args[0] if name == "distribution" else name] += 1
        if ours != theirs:
            self.failures.append("%s(%r): %s, not %s" % (name, args, repr(ours)[:200], repr(theirs)[:200]))
        elif self.ours.getstate() != self.live.getstate():
            self.failures.append("%s(%r): another state" % (name, args))
        return not self.failures

    def run(self):
        rng = self.rng
        if not self.compare("seed", seed(rng)):
            return
        for _ in range(rng.randint(1, 12)):
            step = rng.random()
            if step < 0.1:
                state = self.live.getstate()
                call = "setstate", ((planted if step < 0.07 else odd_state)(rng, state),)
            else:
                call = rng.choice([distribution, distribution, sequence, bits])(rng)
            if not self.compare(*call):
                return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lib", default="build/libisobit.so")
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="one case alone")
    options = parser.parse_args()
    lib = ctypes.CDLL(options.lib)
    for name in "seed_float setstate getrandbits getrandbits64 randbytes randbelow randbelow_words randrange randint choice choices " \
        "choices_weighted sample sample_counts shuffle_by_random lognormvariate expovariate vonmisesvariate gammavariate " \
            "betavariate paretovariate weibullvariate binomialvariate".split():
        getattr(lib, "iso_py_" + name).restype = ctypes.c_bool
    calls, failed = collections.Counter(), 0
    for number in range(options.cases) if options.only is None else [options.only]:
        case = Case(lib, number, options.seed)
        case.run()
        calls += case.calls
        failed += len(case.failures)
        if case.failures and failed <= 10:
            print("FAIL %s: %s" % (case.name, case.failures[0]))
    print("CPython %s: %s" % (sys.version.split()[0], ", ".join("%s %d" % c for c in sorted(calls.items()))))
    print("%d passed, %d failed" % (sum(calls.values()) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
