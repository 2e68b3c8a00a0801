#!/usr/bin/env python3
"""Isobit's iso_np_legacy_* functions against the live numpy.random.RandomState of the interpreter that runs this, bit for bit.

    PYTHON tests/oracle/numpy_legacy.py [--lib build/libisobit.so] [--cases N] [--seed S] [--speed]

PYTHON is any Python with NumPy 1.21 or newer. Each case seeds both sides by an int, an array, a state or a PCG64 and makes some
random calls; values, refusals and the state behind each call must be the same. Some cases plant extreme words, so that uniforms
are 0 or as near to 1 as they can be. The last line reads `N calls, N values, N failed`; the first failures are shown with their
case. --speed prints how long 10^6 random_sample take on both sides instead."""
import argparse
import ctypes
import math
import random
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")
np.seterr(all="ignore")
RELEASE = int(np.__version__.split(".")[0]) * 100 + int(np.__version__.split(".")[1])
U64, I64, F64, U32, SIZE = ctypes.c_uint64, ctypes.c_int64, ctypes.c_double, ctypes.c_uint32, ctypes.c_size_t
NAN, INF, TINY = math.nan, math.inf, 5e-324
PCG64 = 1


class MT(ctypes.Structure):
    _fields_ = [("state", U32 * 624), ("next", U32)]


class Engine(ctypes.Union):
    _fields_ = [("mt19937", MT), ("pcg64", U64 * 4)]


class Bits(ctypes.Structure):
    _fields_ = [("engine", ctypes.c_int), ("of", Engine), ("has_uint32", ctypes.c_bool), ("uint32", U32)]


class Setup(ctypes.Structure):
    _fields_ = [("filled", ctypes.c_bool), ("n", I64), ("m", I64), ("doubles", F64 * 14)]


class State(ctypes.Structure):
    _fields_ = [("bits", Bits), ("has_gauss", ctypes.c_bool), ("gauss", F64), ("release", ctypes.c_int), ("binomial", Setup)]


class Refused(Exception):
    pass


def address(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def c(value):
    return F64(value) if isinstance(value, float) else I64(value)


class Isobit:
    """The methods of RandomState on the library."""

    def __init__(self, lib):
        self.lib, self.rs = lib, State(release=RELEASE)

    def call(self, name, *args):
        function = getattr(self.lib, "iso_np_legacy_" + name)
        function.restype = ctypes.c_bool
        return function(ctypes.byref(self.rs), *args)

    def seed(self, seed):
        if isinstance(seed, int):
            self.call("seed", U32(seed))
        elif not self.call("seed_array", (U32 * max(len(seed), 1))(*seed), SIZE(len(seed))):
            raise Refused

    def set_state(self, state):
        _, key, pos, has_gauss, gauss = state
        key = np.ascontiguousarray(key, np.uint32)
        if not self.call("set_state", address(key), ctypes.c_int(pos), ctypes.c_int(has_gauss), F64(gauss)):
            raise Refused

    def get_state(self):
        key, pos, has, gauss = np.zeros(624, np.uint32), ctypes.c_int(), ctypes.c_int(), F64()
        assert self.call("get_state", address(key), *map(ctypes.byref, (pos, has, gauss)))
        return "MT19937", key, pos.value, has.value, gauss.value

    def fill(self, name, kind, n, *args, width=1, checked=True):
        out = np.full(max(n * width, 1), 77, kind)
        if not self.call(name, address(out), SIZE(n), *args) and checked:
            raise Refused
        return out[: n * width]


def double_array(p):
    return (F64 * max(len(p), 1))(*p)


# ---- Calls: (name, function of a RandomState, function of an Isobit) ----

PLAIN = ("random_sample", "standard_normal", "standard_exponential", "standard_cauchy")
R = random.Random()


def loose():
    """A number for any parameter."""
    return R.choice([0.0, -0.0, 1.0, 0.5, 2.0, 3.0, 1 / 3, 10.0, 1e-5, 1e-8, 1e-300, TINY, 1e10, 1e300, INF, NAN, -1.0, -INF,
                     R.random(), R.uniform(-3, 30), math.exp(R.uniform(-20, 20)), math.exp(R.uniform(-5, 5))])


def near(*values):
    """One of the values or a neighbour in float64."""
    x = R.choice(values)
    return R.choice([x, math.nextafter(x, INF), math.nextafter(x, -INF)]) if hasattr(math, "nextafter") else x


def shape():
    return R.choice([near(1.0, 0.5, 2.0, 1 / 3, 3.0), near(1.0), math.exp(R.uniform(-12, 12)), loose()])


def count():
    return R.choice([0, 1, 1, 2, 3, 4, 5, 7, 8, 31, 32, 33, R.randrange(100), R.randrange(100), R.randrange(1500)])


REAL = {
    "normal": lambda: (loose(), loose()), "lognormal": lambda: (loose(), loose()), "uniform": lambda: (loose(), loose()),
    "exponential": lambda: (loose(),), "standard_gamma": lambda: (shape(),), "gamma": lambda: (shape(), loose()),
    "beta": lambda: (shape(), shape()), "chisquare": lambda: (2 * shape(),),
    "noncentral_chisquare": lambda: (shape(), R.choice([loose(), near(10.0, 20.0), 0.0])), "f": lambda: (shape(), shape()),
    "noncentral_f": lambda: (shape(), shape(), loose()), "standard_t": lambda: (2 * shape(),),
    "vonmises": lambda: (loose(), R.choice([loose(), near(1e-8, 1e-5, 1e-6), math.exp(R.uniform(-20, 30))])),
    "pareto": lambda: (loose(),), "weibull": lambda: (loose(),), "power": lambda: (loose(),),
    "laplace": lambda: (loose(), loose()), "gumbel": lambda: (loose(), loose()), "logistic": lambda: (loose(), loose()),
    "rayleigh": lambda: (loose(),), "wald": lambda: (loose(), loose()),
    "triangular": lambda: R.choice([tuple(sorted([loose(), loose(), loose()])), (loose(), loose(), loose())]),
}


def for_ever(name, args):
    """Parameters with which NumPy itself does not return, and which Isobit refuses."""
    if name in ("standard_gamma", "gamma", "chisquare", "standard_t"):
        return math.isnan(args[0])
    if name in ("beta", "f", "noncentral_chisquare", "noncentral_f"):
        return any(map(math.isnan, args[:2] if name != "noncentral_chisquare" else args[:1]))
    if name == "vonmises":
        return args[1] > 1e14
    if name == "geometric" and 1 / 3 <= args[0] <= 1:  # the sums of the search may stay below the largest uniform
        share = total = args[0]
        while total + share * (1.0 - args[0]) > total:
            share *= 1.0 - args[0]
            total += share
        return total < 1 - 2**-53
    return name == "zipf" and not args[0] < 1025


def real_call():
    name = R.choice(list(REAL))
    args, n = REAL[name](), count()
    while for_ever(name, args):
        args = REAL[name]()
    return ((name, args, n), lambda np_: getattr(np_, name)(*args, size=n),
            lambda iso: iso.fill(name, np.float64, n, *map(F64, args)))


def plain_call():
    name, n = R.choice(PLAIN + ("random_sample",)), R.choice([count(), count(), R.randrange(5000)])
    return (name, n), lambda np_: getattr(np_, name)(n), lambda iso: iso.fill(name, np.float64, n, checked=False)


TYPES = {"bool": (0, 1)}
for bits in (8, 16, 32, 64):
    TYPES[f"int{bits}"], TYPES[f"uint{bits}"] = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1), (0, 2**bits - 1)


def randint_call():
    kind = R.choice(list(TYPES))
    least, most = TYPES[kind]
    low = R.choice([least, max(least, 0), R.randint(least, most), max(least, min(most, R.randint(-10, 200)))])
    last = R.choice([most, low, low + 1, low + 2 ** R.randrange(65) + R.randint(-2, 1), R.randint(least, most),
                     low + R.randrange(300), low + 2**32 - 1, low + 2**32 - 2, low - 1])
    last = min(most, max(least, last))
    n = R.choice([count(), R.randrange(1, 4000)])  # NumPy does not look at the bounds where n is 0
    n = max(n, 1) if low > last else n
    ctype = getattr(ctypes, "c_" + kind)
    scalar = n == 1 and R.random() < 0.5
    dtype = np.dtype(kind)
    size = None if scalar else n
    return (("randint", kind, low, last, n, scalar), lambda np_: np_.randint(low, last + 1, size=size, dtype=dtype.type),
            lambda iso: iso.fill("randint_" + kind, dtype, n, ctype(low), ctype(last)))


def probability():
    return R.choice([R.random(), R.random(), near(0.5, 1 / 3), 0.0, 1.0, math.exp(-R.uniform(0, 40)), loose()])


def trials_and_p():
    n = R.choice([0, 1, 2, 10, 30, 60, R.randrange(1000), int(math.exp(R.uniform(0, 43))), 2**63 - 1, -1])
    p = R.choice([probability(), probability(), near(30 / n, 1 - 30 / n) if n > 60 else 0.25])
    return n, p


def discrete_call():
    name = R.choice(["binomial", "negative_binomial", "poisson", "geometric", "hypergeometric", "zipf", "logseries", "tomaxint"])
    n = count()
    if name == "binomial":
        args = trials_and_p()
    elif name == "negative_binomial":
        args = (shape(), probability())
        while math.isnan(args[0]):
            args = (shape(), probability())
    elif name == "poisson":
        args = (R.choice([loose(), near(10.0), R.uniform(0, 100), math.exp(R.uniform(-3, 45))]),)
    elif name == "geometric":
        args = (probability(),)
        while for_ever(name, args):
            args = (probability(),)
    elif name == "hypergeometric":
        top = R.choice([3, 12, 40, 1000, 10**6, 10**9, 2**40])
        good, bad = R.randrange(top), R.randrange(top)
        sample = R.choice([0, 1, 10, 11, good + bad, good + bad + 1, R.randint(0, good + bad), R.randrange(15)])
        args = (R.choice([0, good]), bad, sample)
        if R.random() < 0.02:
            args = R.choice([(2**63 - 1, 1, 5), (-1, 3, 1), (3, -1, 1)])
    elif name == "zipf":
        args = (R.choice([R.uniform(1.1, 5), R.uniform(1.01, 200), 1.0, loose(), 1024.5]),)
        while for_ever(name, args) or 1 < args[0] < 1.001:
            args = (R.uniform(1.1, 5),)
    elif name == "logseries":
        args = (R.choice([probability(), 1 - math.exp(-R.uniform(0, 30))]),)
        args = (0.5,) if args[0] == 1 else args
    else:
        args = ()
    return ((name, args, n), lambda np_: getattr(np_, name)(*args, size=n),
            lambda iso: iso.fill(name, np.int64, n, *map(c, args), checked=name != "tomaxint"))


def probabilities(d):
    p = [R.choice([R.random(), R.random(), R.random() ** 20, 0.0]) for _ in range(d)]
    total = sum(p)
    p = [x / total for x in p] if total > 0 else [1.0] + p[1:]
    change = R.random()
    if change < 0.1:
        p[R.randrange(d)] = R.choice([-0.0, NAN, -1e-9, 1.5, 0.0, INF])
    elif change < 0.3:
        p[R.randrange(d)] += R.choice([1e-9, 1e-8, 2e-8, 1e-12, 2e-12, 1e-13, 1e-15, 1.49e-8, -1e-9])
    return p


def rows_call():
    rows, d = R.choice([0, 1, 2, 5, 20]), R.choice([1, 2, 3, 5, 20])
    if R.random() < 0.5:
        alpha = [R.choice([math.exp(R.uniform(-3, 5)), 1.0, 0.5]) for _ in range(d)]
        if R.random() < 0.1:
            alpha[R.randrange(d)] = R.choice([0.0, -1.0])
        return (("dirichlet", alpha, rows), lambda np_: np_.dirichlet(alpha, rows).reshape(-1),
                lambda iso: iso.fill("dirichlet", np.float64, rows, double_array(alpha), SIZE(d), width=d))
    p, n = probabilities(d), R.choice([0, 1, 10, 100, 5000, 10**6, 10**12, -1])
    return (("multinomial", n, p, rows), lambda np_: np_.multinomial(n, p, rows).reshape(-1),
            lambda iso: iso.fill("multinomial", np.int64, rows, I64(n), double_array(p), SIZE(d), width=d))


def order_call():
    n = R.choice([0, 1, 2, 3, 10, 33, R.randrange(300), R.randrange(3000)])
    what = R.choice(["permutation", "array", "bytes", "list", "rows", "bytes()"])
    if what == "permutation":
        return ("permutation", n), lambda np_: np_.permutation(n), lambda iso: iso.fill("permutation", np.int64, n, checked=False)
    if what == "bytes()":
        return (("bytes", n), lambda np_: np.frombuffer(np_.bytes(n), np.uint8),
                lambda iso: iso.fill("bytes", np.uint8, n, checked=False))
    rows = {"array": 1, "bytes": 1, "list": 1, "rows": R.choice([2, 9, 40])}[what]
    start = np.arange(n * rows, dtype=np.uint8 if what == "bytes" else np.int64)

    def theirs(np_):
        x = start.tolist() if what == "list" else start.reshape(n, rows) if what == "rows" else start
        x = x.copy()
        np_.shuffle(x)
        return np.asarray(x, start.dtype).reshape(-1)

    def ours(iso):
        x = start.copy()
        iso.call("shuffle", address(x), SIZE(n), SIZE(rows * x.itemsize))
        return x

    return ("shuffle", what, n, rows), theirs, ours


def choice_call():
    population = R.choice([1, 2, 3, 10, R.randrange(1, 500), 0])
    n = R.choice([0, 1, 2, population, population + 1, R.randrange(population + 1), R.randrange(300)])
    replace, weighted = R.random() < 0.5, R.random() < 0.5
    if not weighted:
        population = R.choice([population, R.randrange(1, 2**63), -3]) if replace else population
        pool = (I64 * max(population, 1))() if not replace else None
        ours = (lambda iso: iso.fill("choice", np.int64, n, I64(population))) if replace else (
            lambda iso: iso.fill("choice_distinct", np.int64, n, SIZE(population), pool))
        return ("choice", population, n, replace), lambda np_: np_.choice(population, n, replace), ours
    p = probabilities(population) if population else []
    scratch = (F64 * max(2 * population, 1))()
    name = "choice_weighted" if replace else "choice_distinct_weighted"
    scalar = n == 1 and R.random() < 0.5
    return (("choice", population, n, replace, p, scalar), lambda np_: np_.choice(population, None if scalar else n, replace, p),
            lambda iso: iso.fill(name, np.int64, n, double_array(p), SIZE(population), scratch))


def binomial_pair_call():
    """Both keep what (n, p) came to in one place; in 2.4 the two compute it differently."""
    n, p, rows = R.randrange(1, 10**6), R.uniform(0, 1e-4), R.choice([1, 50])
    pvals = [p, 1 - p] if R.random() < 0.5 else [p, 0.0, 0.3, 0.7 - p]

    return (("binomial, multinomial", n, pvals, rows),
            lambda np_: np.concatenate([np_.binomial(n, p, rows), np_.multinomial(n, pvals, rows).reshape(-1)]),
            lambda iso: np.concatenate([
                iso.fill("binomial", np.int64, rows, I64(n), F64(p)),
                iso.fill("multinomial", np.int64, rows, I64(n), double_array(pvals), SIZE(len(pvals)), width=len(pvals))]))


CALLS = [real_call] * 5 + [plain_call] * 2 + [randint_call] * 4 + [discrete_call] * 3
CALLS += [rows_call, order_call, order_call, choice_call, binomial_pair_call]


# ---- Comparison ----

def outcome(function, side):
    try:
        return np.atleast_1d(function(side))
    except (ValueError, OverflowError, Refused):
        return None


def same(a, b):
    if a is None or b is None:
        return a is b
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype == np.float64:  # the sign of a NaN is the processor's affair
        return bool(np.all((a.view(np.uint64) == b.view(np.uint64)) | (np.isnan(a) & np.isnan(b))))
    return bool(np.all(a == b))


def pcg_words(state):
    return [state["state"][key] >> shift & 2**64 - 1 for key in ("state", "inc") for shift in (0, 64)]


def same_state(np_, iso):
    if iso.rs.bits.engine == PCG64:
        a, b = np_.get_state(legacy=False), iso.rs
        return (pcg_words(a) == list(b.bits.of.pcg64) and a["has_uint32"] == b.bits.has_uint32
                and (not a["has_uint32"] or a["uinteger"] == b.bits.uint32)
                and a["has_gauss"] == b.has_gauss and same(np.array([a["gauss"]]), np.array([b.gauss])))
    a, b = np_.get_state(), iso.get_state()
    return np.array_equal(a[1], b[1]) and a[2:4] == b[2:4] and same(np.array([a[4]]), np.array([b[4]]))


def start(np_, iso):
    """Begins both alike; what was done, and NumPy's side."""
    how = R.random()
    if how < 0.1:
        seed = R.getrandbits(32)
        np_ = np.random.RandomState(np.random.PCG64(seed))
        iso.rs.bits.engine = PCG64
        iso.rs.bits.of.pcg64[:] = pcg_words(np_.get_state(legacy=False))
        return ("PCG64", seed), np_
    if how < 0.5:
        seed = R.choice([0, 1, 42, 2**32 - 1, R.getrandbits(32), R.getrandbits(32)])
    elif how < 0.8:
        seed = [R.getrandbits(R.choice([1, 32])) for _ in range(R.choice([1, 2, 4, 623, 624, 625, 1500]))]
    else:  # a state with runs of words that give uniforms of 0 or near 1
        key = np.array([R.getrandbits(32) for _ in range(624)], np.uint32)
        for _ in range(R.randrange(6)):
            at = R.randrange(624)
            key[at:at + R.choice([2, 4, 8])] = R.choice([0, EXTREME])
        state = ("MT19937", key, R.choice([0, 623, 624, R.randrange(625)]), R.randrange(2), R.uniform(-3, 3))
        np_.set_state(state)
        iso.set_state(state)
        return "state", np_
    np_.seed(seed)
    iso.seed(seed)
    return seed if isinstance(seed, int) else ("array", len(seed)), np_


def untemper(y):
    """The word of the state that comes out as y."""
    y ^= y >> 18
    y ^= y << 15 & 0xEFC60000
    x = y
    for _ in range(5):
        x = y ^ x << 7 & 0x9D2C5680
    z = x
    for _ in range(3):
        z = x ^ z >> 11
    return z & 0xFFFFFFFF


EXTREME = untemper(0xFFFFFFFF)


def refusals(iso):
    key = np.ones(624, np.uint32)
    bad = 0
    for pos, keys in ((-1, key), (625, key), (0, key * 0)):
        try:
            iso.set_state(("MT19937", keys, pos, 0, 0.0))
            bad += 1
        except Refused:
            pass
    try:
        iso.seed([])
        bad += 1
    except Refused:
        pass
    return bad


def worker_state(base_seed, worker_id):
    """PyTorch's words, computed apart: SeedSequence's hash over another order of the entropy."""
    try:
        from torch.utils.data._utils.worker import _generate_state
    except ImportError:
        return None
    return _generate_state(base_seed, worker_id)


def speed(lib):
    np_, iso, n = np.random.RandomState(1), Isobit(lib), 10**6
    iso.seed(1)
    out = np.empty(n)
    pointer = address(out)
    for name in ("random_sample", "standard_normal", "permutation"):
        ours, theirs = [], []
        for _ in range(15):
            at = time.perf_counter()
            iso.call(name, pointer, SIZE(n))
            ours.append(time.perf_counter() - at)
            at = time.perf_counter()
            getattr(np_, name)(n)
            theirs.append(time.perf_counter() - at)
        print(f"{name}({n}): Isobit {min(ours) * 1e3:.3f} ms, NumPy {np.__version__} {min(theirs) * 1e3:.3f} ms, "
              f"{min(theirs) / min(ours):.2f} times")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--lib", default="build/libisobit.so")
    options.add_argument("--cases", type=int, default=4000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--speed", action="store_true")
    options = options.parse_args()
    lib = ctypes.CDLL(options.lib)
    if options.speed:
        return speed(lib)
    iso = Isobit(lib)
    calls = values = 0
    failed = refusals(iso)
    for _ in range(200):
        base, worker, words = random.getrandbits(63), random.randrange(64), (U32 * 4)()
        expected = worker_state(base, worker)
        lib.iso_np_worker_state(U64(base), U32(worker), words)
        failed += expected is not None and list(words) != list(expected)
        calls += expected is not None
    for case in range(options.cases):
        R.seed(f"{options.seed} {case}")
        np_, iso = np.random.RandomState(0), Isobit(lib)
        (begin, np_), made = start(np_, iso), []
        for _ in range(R.choice([1, 3, 8])):
            about, theirs, ours = R.choice(CALLS)()
            made.append(about)
            a, b = outcome(theirs, np_), outcome(ours, iso)
            calls += 1
            values += 0 if a is None else a.size
            if not same(a, b) or not same_state(np_, iso):
                failed += 1
                if failed <= 10:
                    print(f"case {case} (seed {options.seed}), start {begin}: {made}\n  NumPy  {a}\n  Isobit {b}")
                break
    print(f"NumPy {np.__version__}: {calls} calls, {values} values, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
