#!/usr/bin/env python3
"""The order of every sum, found from outside: `tests/probe/probe.py --lib build/probe.so`, or `make probe`.

A sum of binary32 numbers is a tree: its leaves are the terms, and each addition joins two subtrees. Which tree, shows from outside. With M
= 2^60 as term i, -M as term j and 1 everywhere else, every 1 that meets M before -M does is lost to rounding, and M and -M cancel: what
comes out counts the terms outside of the smallest subtree that has both i and j. The sizes of these subtrees give the whole tree
(FPRev, https://arxiv.org/abs/2411.00442). Where all terms are positive there is a second way, with three terms: 1 as term i, half a unit
of its last place as j and k, and 0 elsewhere, give more than 1 if and only if j and k meet before they meet i.

contract() and what it calls write down the trees of docs/contract.md, from its text alone. Each is compared with the tree that is found, by
the scalar reference, on every instruction set of this machine and on 1, 2 and 3 threads. The last line is `N passed, N failed`."""
import argparse
import collections
import ctypes
import itertools
import random
import sys

import numpy as np

M = np.float32(2.0**60)
HALF = np.float32(2.0**-24)
PANEL, LANES, BLOCK, CHAINS, LEAF, LONG_WINDOW = 256, 64, 4096, 8, 8, 64

# ---- Trees ----
# A tree is a leaf's number, or a pair of trees; None is an empty sum. To compare, a tree becomes the set of its subtrees' leaves, each a
# whole number with one bit per leaf: left and right cannot be told apart, since addition commutes.


def chain(items):
    """((+0 + a) + b) + c"""
    tree = None
    for item in items:
        tree = join(tree, item)
    return tree


def join(left, right):
    return right if left is None else left if right is None else (left, right)


def panels(positions, length=PANEL):
    """The panel sum. An absent position is None: it counts for the borders and is no term."""
    positions = list(positions)
    return chain(chain(positions[first : first + length]) for first in range(0, len(positions), length))


def batch_tree(items):
    """Level by level, aligned pairs; a missing right partner passes the left one up."""
    level = list(items)
    while len(level) > 1:
        level = [join(*level[i : i + 2]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
    return level[0]


def fold(lanes):
    half = len(lanes) // 2
    while half:
        lanes = [join(lanes[j], lanes[j + half]) for j in range(half)]
        half //= 2
    return lanes[0]


def row_sum(items):
    items = list(items)
    blocks = [items[first : first + BLOCK] for first in range(0, len(items), BLOCK)]
    return batch_tree(fold([chain(block[lane::LANES]) for lane in range(LANES)]) for block in blocks)


def pixel_sum(items):
    items = list(items)
    return fold([chain(items[c::CHAINS]) for c in range(CHAINS)])


def linear_leaves(samples):
    return batch_tree(chain(samples[first : first + LEAF]) for first in range(0, len(samples), LEAF))


def subtrees(tree):
    """The leaves below each addition, as a set of whole numbers. Without recursion: chains are long."""
    found, results, todo = set(), [], [(tree, False)]
    while todo:
        node, joined = todo.pop()
        if not isinstance(node, tuple):
            results.append(1 << node)
        elif not joined:
            todo += [(node, True), (node[1], False), (node[0], False)]
        else:
            results.append(results.pop() | results.pop())
            found.add(results[-1])
    return found


def leaves_of(tree):
    mask = max(subtrees(tree), default=0) if isinstance(tree, tuple) else 1 << tree
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


def reveal(leaves, outside):
    """The subtrees of a sum of these leaves. outside([(i, j), ...]) says how many lie outside of the smallest subtree that has both."""
    found, groups = set(), [sorted(leaves)]
    while groups:
        groups = [group for group in groups if len(group) > 1]
        pairs = [(group[0], j) for group in groups for j in group[1:]]
        counts = iter(outside(pairs)) if pairs else iter(())
        following = []
        for group in groups:
            by_size = collections.defaultdict(list)
            for j in group[1:]:
                by_size[len(leaves) - next(counts)].append(j)
            mask = 1 << group[0]
            for size in sorted(by_size):  # up the way from the first leaf to the root
                mask |= sum(1 << j for j in by_size[size])
                if mask.bit_count() != size and len(group) == len(leaves):
                    return None  # no tree has such sizes
                found.add(mask)
                following.append(by_size[size])
        groups = following
    return found


# ---- What is probed ----


class Library:
    def __init__(self, path):
        self.lib = ctypes.CDLL(path)
        self.lib.probe_open.restype = ctypes.c_void_p
        self.lib.probe_open.argtypes = [ctypes.c_int, ctypes.c_char_p]
        self.lib.probe_error.restype = ctypes.c_char_p
        self.lib.probe_cross_entropy.restype = ctypes.c_float

    def open(self, isa, threads):
        handle = self.lib.probe_open(threads, isa.encode())
        return ctypes.c_void_p(handle) if handle else None


def floats(array):
    array = np.ascontiguousarray(array, np.float32)
    return array, array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


class Prober:
    """One instruction set and number of threads."""

    def __init__(self, library, isa, threads):
        self.lib, self.handle, self.name = library.lib, library.open(isa, threads), f"{isa}, {threads} threads"

    def close(self):
        self.lib.probe_close(self.handle)

    def _call(self, function, which, shape, operands, size):
        out = np.full(size, np.nan, np.float32)
        kept = [floats(o) for o in operands]
        head = [self.handle] if which is None else [self.handle, which.encode()]
        getattr(self.lib, function)(*head, (ctypes.c_int64 * len(shape))(*shape), *(k[1] for k in kept),
                                    out.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
        return out

    def gemm(self, a, b, transposed=False):
        """a: (m, k), b: (k, n). transposed: the operands lie in memory by columns."""
        (m, k), n = a.shape, b.shape[1]
        if transposed:
            return self._call("probe_gemm", None, (m, n, k, 1, m, 1, k, n), (a.T, b.T), (m, n))
        return self._call("probe_gemm", None, (m, n, k, k, 1, n, 1, n), (a, b), (m, n))

    def conv2d(self, which, s, operands, size):
        return self._call("probe_conv2d", which, s, operands, size)

    def linear(self, which, shape, operands, size):
        return self._call("probe_linear", which, shape, operands, size)

    def batch_norm2d(self, which, x):
        return self._call("probe_batch_norm2d", which, x.shape, (x,), x.shape[2])

    def pool2d(self, which, shape, x, size):
        return self._call("probe_pool2d", which, shape, (x,), size)

    def cross_entropy(self, x, targets, smoothing=0.0):
        x, at = floats(x)
        dx = np.empty_like(x)
        targets = np.ascontiguousarray(targets, np.int64)
        loss = self.lib.probe_cross_entropy(self.handle, ctypes.c_int64(x.shape[0]), ctypes.c_int64(x.shape[1]), ctypes.c_double(smoothing),
                                            at, targets.ctypes.data_as(ctypes.POINTER(ctypes.c_int64)),
                                            dx.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
        return loss, dx

    def mse(self, x):
        """x: (calls, n, k)"""
        out = np.empty(len(x), np.float32)
        x, at = floats(x)
        self.lib.probe_mse(self.handle, *(ctypes.c_int64(d) for d in x.shape), at, out.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
        return out


def masks(pairs, count):
    """A row per pair: M, -M and ones."""
    rows = np.ones((len(pairs), count), np.float32)
    rows[np.arange(len(pairs)), [i for i, _ in pairs]] = M
    rows[np.arange(len(pairs)), [j for _, j in pairs]] = -M
    return rows


class Asked:
    """Answers by pair: one call of an operation has them for all of its outputs. call(pairs) gives (pairs, outputs)."""

    def __init__(self, call, least=1):
        self.call, self.known, self.least = call, {}, least

    def outside(self, output):
        def answer(pairs):
            new = [pair for pair in dict.fromkeys(pairs) if pair not in self.known]
            for first in range(0, len(new), 2048):
                part = new[first : first + 2048]
                padded = part + part[:1] * (self.least - len(part))
                self.known.update(zip(part, self.call(padded)))
            return [int(round(float(self.known[pair][output]))) for pair in pairs]

        return answer


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, where, what, ok, note=""):
        self.passed += bool(ok)
        self.failed += not ok
        if not ok and self.failed <= 40:
            print(f"FAIL {what}, {where}: {note or 'another tree than the contract states'}", flush=True)

    def tree(self, where, what, tree, outside):
        """The tree that is found must be the contract's."""
        expected, found = subtrees(tree), reveal(leaves_of(tree), outside)
        note = ""
        if found is not None and found != expected:
            sizes = sorted(mask.bit_count() for mask in found - expected) or ["none"]
            note = f"{len(found - expected)} subtrees that the contract has not, the smallest of {sizes[0]} terms"
        self.check(where, what, found == expected, note)


def probe_all(report, p, where, what, trees, call, least=1):
    """trees: the contract's, by output; call(pairs) -> (pairs, outputs)."""
    asked = Asked(call, least)
    for output, tree in trees.items():
        if tree is not None:
            report.tree(where, what, tree, asked.outside(output))


# ---- Operations ----


def probe_gemm(report, p):
    k, n = 700, 37
    tree = panels(range(k))
    for transposed in (False, True):
        by_rows = lambda pairs: p.gemm(masks(pairs, k), np.ones((k, n)), transposed)
        probe_all(report, p, p.name, f"gemm, masks in A{', by columns' * transposed}", dict.fromkeys((0, 1, n - 1), tree), by_rows)
        by_columns = lambda pairs: p.gemm(np.ones((n, k)), masks(pairs, k).T, transposed).T
        probe_all(report, p, p.name, f"gemm, masks in B{', by columns' * transposed}", dict.fromkeys((0, 14, n - 1), tree), by_columns)
    # Products are not rounded: -(1 + 2^-11), then (1 + 2^-12)^2, leaves the product's last bit.
    a, b = np.zeros((k, k)), np.ones((k, k))
    for position in range(k):
        if position % PANEL:
            a[position, position - 1], a[position, position] = -(1 + 2.0**-11), 1 + 2.0**-12
            b[position, position] = 1 + 2.0**-12
    c = np.diagonal(p.gemm(a, b))
    wanted = np.where(np.arange(k) % PANEL, np.float32(2.0**-24), 0)
    report.check(p.name, "gemm, fused", np.array_equal(c, wanted), "a product is rounded before it is added")


def conv_shape(n, h, w, c, co, kh, kw, sh=1, sw=1, ph=0, pw=0, dh=1, dw=1, groups=1):
    return (n, h, w, c, co, (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1, kh, kw, sh, sw, ph, pw, dh,
            dw, groups)


def probe_conv2d_forward(report, p, title, **k):
    """Masks in the weights, one output channel each; the terms are (kh, kw, ci)."""
    c, kh, kw, groups = k["c"], k["kh"], k["kw"], k.get("groups", 1)
    cg = c // groups

    def call(pairs):
        co = len(pairs)
        s = conv_shape(co=co * groups, **k)
        w = masks(pairs, kh * kw * cg).reshape(co, kh, kw, cg).transpose(0, 3, 1, 2)
        y = p.conv2d("forward", s, (np.ones((k["n"], k["h"], k["w"], c)), np.tile(w, (groups, 1, 1, 1))), (k["n"] * s[5] * s[6], groups, co))
        return y.transpose(2, 0, 1).reshape(co, -1)

    _, h, w, _, _, oh, ow, _, _, sh, sw, ph, pw, dh, dw, _ = conv_shape(co=groups, **k)
    trees = {}
    for n, y, x, group in itertools.product(range(k["n"]), range(oh), range(ow), range(groups)):
        inside = lambda a, b: 0 <= y * sh - ph + a * dh < h and 0 <= x * sw - pw + b * dw < w
        positions = [(a * kw + b) * cg + ci if inside(a, b) else None for a in range(kh) for b in range(kw) for ci in range(cg)]
        trees[((n * oh + y) * ow + x) * groups + group] = panels(positions)
    probe_all(report, p, p.name, "conv2d, " + title, trees, call)


def probe_conv2d_backward_input(report, p, title, co, **k):
    """Masks in the weights, one input channel each; the terms are (kh, kw, co), as the weight has them."""
    kh, kw = k["kh"], k["kw"]

    def call(pairs):
        c = len(pairs)
        s = conv_shape(c=c, co=co, **k)
        w = masks(pairs, kh * kw * co).reshape(c, kh, kw, co).transpose(3, 0, 1, 2)
        dx = p.conv2d("backward input", s, (np.ones((k["n"], s[5], s[6], co)), w), (k["n"] * k["h"] * k["w"], c))
        return dx.T

    _, h, w, _, _, oh, ow, _, _, sh, sw, ph, pw, dh, dw, _ = conv_shape(c=1, co=co, **k)
    trees = {}
    for n, ih, iw in itertools.product(range(k["n"]), range(h), range(w)):
        positions = []
        for a in reversed(range(kh)):
            for b in reversed(range(kw)):
                y, x = ih + ph - a * dh, iw + pw - b * dw
                if y % sh or x % sw:
                    continue
                inside = 0 <= y // sh < oh and 0 <= x // sw < ow
                positions += [(a * kw + b) * co + o if inside else None for o in range(co)]
        trees[(n * h + ih) * w + iw] = panels(positions)
    probe_all(report, p, p.name, "conv2d backward input, " + title, trees, call)


def probe_conv2d_backward_weight(report, p, title, c, **k):
    """Masks in dy, one output channel each; the terms are (n, oh, ow)."""
    n, h, w, _, _, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, _ = conv_shape(c=c, co=1, **k)

    def call(pairs):
        co = len(pairs)
        dy = masks(pairs, n * oh * ow).reshape(co, n, oh, ow).transpose(1, 2, 3, 0)
        s = conv_shape(c=c, co=co, **k)
        return p.conv2d("backward weight", s, (np.ones((n, h, w, c)), dy), (co, c * kh * kw))

    trees = {}
    for ci, a, b in itertools.product(range(c), range(kh), range(kw)):
        inside = lambda y, x: 0 <= y * sh - ph + a * dh < h and 0 <= x * sw - pw + b * dw < w
        sample = lambda i: panels([(i * oh + y) * ow + x if inside(y, x) else None for y in range(oh) for x in range(ow)],
                                  -(-PANEL // ow) * ow)
        trees[(ci * kh + a) * kw + b] = batch_tree(sample(i) for i in range(n))
    probe_all(report, p, p.name, "conv2d backward weight, " + title, trees, call)


def probe_sums_over_channels(report, p):
    """What sums each channel over samples and pixels: one mask per channel."""
    n, h, w = 11, 5, 7
    pixels = h * w
    tree = batch_tree(pixel_sum(range(i * pixels, (i + 1) * pixels)) for i in range(n))
    by_channel = lambda pairs: masks(pairs, n * pixels).T
    bias = lambda pairs: p.conv2d("backward bias", conv_shape(n, h, w, 1, len(pairs), 1, 1), (by_channel(pairs), np.zeros(1)), (len(pairs), 1))
    probe_all(report, p, p.name, "conv2d backward bias", {0: tree}, bias)
    norm = lambda which, scale: lambda pairs: p.batch_norm2d(which, by_channel(pairs).reshape(n, pixels, -1))[:, None] * scale
    probe_all(report, p, p.name, "batch_norm2d's mean", {0: tree}, norm("mean", n * pixels))
    probe_all(report, p, p.name, "batch_norm2d's dbias", {0: tree}, norm("dbias", 1))
    probe_all(report, p, p.name, "batch_norm2d's dweight", {0: tree}, norm("dweight", 1))


def probe_linear(report, p):
    n, k, out = 75, 530, 21
    tree = panels(range(k))
    forward = lambda pairs: p.linear("forward", (len(pairs), k, out), (masks(pairs, k), np.ones((out, k))), (len(pairs), out))
    probe_all(report, p, p.name, "linear, masks in x", {0: tree, out - 1: tree}, forward)
    forward = lambda pairs: p.linear("forward", (3, k, len(pairs)), (np.ones((3, k)), masks(pairs, k)), (3, len(pairs))).T
    probe_all(report, p, p.name, "linear, masks in weight", {0: tree, 2: tree}, forward)
    backward = lambda pairs: p.linear("backward input", (len(pairs), out, k), (masks(pairs, k), np.ones((k, out))), (len(pairs), out))
    probe_all(report, p, p.name, "linear backward input", {0: tree, out - 1: tree}, backward)
    tree = linear_leaves(range(n))
    weight = lambda pairs: p.linear("backward weight", (n, out, len(pairs)), (np.ones((n, out)), masks(pairs, n).T), (len(pairs), out))
    probe_all(report, p, p.name, "linear backward weight, masks in dy", {0: tree, out - 1: tree}, weight)
    weight = lambda pairs: p.linear("backward weight", (n, len(pairs), out), (masks(pairs, n).T, np.ones((n, out))), (out, len(pairs))).T
    probe_all(report, p, p.name, "linear backward weight, masks in x", {0: tree, out - 1: tree}, weight)
    bias = lambda pairs: p.linear("backward bias", (n, 1, len(pairs)), (masks(pairs, n).T, np.zeros(1)), (len(pairs), 1))
    probe_all(report, p, p.name, "linear backward bias", {0: tree}, bias)


def probe_pool2d(report, p):
    h, w, k, s, pad = 7, 9, 3, 2, 1
    oh, ow = (h + 2 * pad - k) // s + 1, (w + 2 * pad - k) // s + 1
    inside = lambda o, size: [i for i in range(o * s - pad, o * s - pad + k) if 0 <= i < size]
    shape = lambda c: (1, h, w, c, oh, ow, k, k, s, s, pad, pad, 1, 1)
    forward = lambda pairs: p.pool2d("avg", shape(len(pairs)), masks(pairs, h * w).T, (oh * ow, len(pairs))).T
    trees = {y * ow + x: chain(a * w + b for a in inside(y, h) for b in inside(x, w)) for y in range(oh) for x in range(ow)}
    probe_all(report, p, p.name, "avg_pool2d", trees, forward)
    backward = lambda pairs: p.pool2d("avg backward", shape(len(pairs)), masks(pairs, oh * ow).T, (h * w, len(pairs))).T
    trees = {a * w + b: chain(y * ow + x for y in range(oh) for x in range(ow) if a in inside(y, h) and b in inside(x, w))
             for a in range(h) for b in range(w)}
    probe_all(report, p, p.name, "avg_pool2d backward", trees, backward)
    for h, w in ((8, 8), (9, 13)):  # a window of 64 elements, and a long one; their mean is divided by a count that is no power of two
        adaptive = lambda pairs: p.pool2d("adaptive", (1, h, w, len(pairs), 1, 1) + (1,) * 8, masks(pairs, h * w).T, (1, len(pairs))).T * (h * w)
        tree = (pixel_sum if h * w > LONG_WINDOW else chain)(range(h * w))
        probe_all(report, p, p.name, f"adaptive_avg_pool2d, {h} x {w}", {0: tree}, adaptive)


# ---- Winograd's tiles ----

# Four pixels of which exactly one transformed number is not 0, and then 1; exact, whatever the order of additions.
ONLY = np.array([[1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], [0.5, -0.5, 0.5, -0.5], [0, 0, 0, -1]])
# By which number of the four a sum is made, and with which sign: (a + b) + c and (b - c) - d.
SUMS = (((0, 1), (1, 1), (2, 1)), ((1, 1), (2, -1), (3, -1)))


def taps_for(i):
    """Of three taps the one that alone gives a transformed number i other than 0, and that number."""
    return (2, 1.0) if i == 3 else (0, 1.0 if i == 0 else 0.5)


def tile_call(p, backward, c, co, source, weight):
    """4 x 4 outputs of one image; source: (h, w, c) from the first tile's corner, weight: (co, c, 3, 3) as the tiles see it."""
    # Forward: no padding, 6 x 6 pixels. Backward: dy of 6 x 6 and an image of 4 x 4 (padding 2, so that 2 - p = 0).
    image = np.zeros((6, 6, c))
    image[:4, :4] = source
    if not backward:
        return p.conv2d("forward", conv_shape(1, 6, 6, c, co, 3, 3), (image, weight), (4, 4, co))
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return p.conv2d("backward input", conv_shape(1, 4, 4, co, c, 3, 3, ph=2, pw=2), (image, turned), (4, 4, co))


def output_with(i):
    """An output of the two that number i is part of, and its sign there."""
    return next((o, sign) for o in (0, 1) for number, sign in SUMS[o] if number == i)


def probe_winograd(report, p, backward):
    title = "conv2d backward input by tiles" if backward else "conv2d by tiles"
    c = 300
    for i, k in itertools.product(range(4), range(4)):  # the sum over channels of each of the 16 products
        (a, scale_a), (b, scale_b) = taps_for(i), taps_for(k)
        (y, sign_y), (x, sign_x) = output_with(i), output_with(k)
        source = np.broadcast_to(np.outer(ONLY[i], ONLY[k])[:, :, None], (4, 4, c))

        def call(pairs):
            weight = np.zeros((len(pairs), c, 3, 3))
            weight[:, :, a, b] = masks(pairs, c)
            out = tile_call(p, backward, c, len(pairs), source, weight)[y, x]
            return out[:, None] * (sign_y * sign_x / (scale_a * scale_b))

        probe_all(report, p, p.name, f"{title}, channels of product ({i}, {k})", {0: panels(range(c))}, call, least=64)
    # The transform of the taps: u[i][k] is a tree of nine, six or three taps, columns first.
    c = 64
    down = {0: lambda t: t[0], 1: lambda t: ((t[0], t[2]), t[1]), 3: lambda t: t[2]}
    for i, k in itertools.product((0, 1, 3), repeat=2):
        tree = down[k]([down[i]([3 * row + column for row in range(3)]) for column in range(3)])
        (y, sign_y), (x, sign_x) = output_with(i), output_with(k)
        source = np.zeros((4, 4, c))
        source[:, :, 0] = np.outer(ONLY[i], ONLY[k])

        def call(pairs):
            weight = np.zeros((len(pairs), c, 3, 3))
            weight[:, 0] = masks(pairs, 9).reshape(-1, 3, 3)
            return tile_call(p, backward, c, len(pairs), source, weight)[y, x][:, None] * (sign_y * sign_x * 2.0 ** ((i == 1) + (k == 1)))

        if isinstance(tree, tuple):
            probe_all(report, p, p.name, f"{title}, taps of ({i}, {k})", {0: tree}, call, least=64)
    # The transform of the sums: each output is made of three by three products, which come from a channel of their own.
    for y, x in itertools.product((0, 1), repeat=2):
        numbers = [(i, k) for i, _ in SUMS[y] for k, _ in SUMS[x]]
        signs = [si * sk for _, si in SUMS[y] for _, sk in SUMS[x]]
        column = [((number, number + 3), number + 6) for number in range(3)]
        tree = ((column[0], column[1]), column[2])

        def call(pairs):
            weight, source = np.zeros((len(pairs), c, 3, 3)), np.zeros((4, 4, c))
            for channel, ((i, k), sign, values) in enumerate(zip(numbers, signs, masks(pairs, 9).T)):
                (a, scale_a), (b, scale_b) = taps_for(i), taps_for(k)
                source[:, :, channel] = np.outer(ONLY[i], ONLY[k])
                weight[:, channel, a, b] = values * (sign / (scale_a * scale_b))
            return tile_call(p, backward, c, len(pairs), source, weight)[y, x][:, None]

        probe_all(report, p, p.name, f"{title}, sums of output ({y}, {x})", {0: tree}, call, least=64)


# ---- Positive terms: by threes ----


def meets_first(tree, count):
    """together(i, j, k): do j and k meet before they meet i?"""
    parent, depth = {}, {}
    numbering = itertools.count(count)
    todo = [(tree, None)]
    while todo:
        node, above = todo.pop()
        number = next(numbering) if isinstance(node, tuple) else node
        parent[number] = above
        depth[number] = 0 if above is None else depth[above] + 1
        if isinstance(node, tuple):
            todo += [(node[0], number), (node[1], number)]

    def lowest(a, b):
        while a != b:
            if depth[a] >= depth[b]:
                a = parent[a]
            else:
                b = parent[b]
        return a

    return lambda i, j, k: depth[lowest(j, k)] > depth[lowest(i, j)]


def threes(draw, count, leaves):
    """Terms near each other and far apart."""
    for _ in range(count):
        near = draw.choice((3, 10, 70, 600, leaves))
        first = draw.randrange(leaves)
        yield draw.sample(range(max(0, first - near), min(leaves, first + near + 1)), 3) if leaves > 3 else draw.sample(range(leaves), 3)


def probe_by_threes(report, p, what, tree, leaves, call, count, draw):
    """call((i, j, k), ...) -> whether j and k met before i."""
    together = meets_first(tree, leaves)
    asked = list(threes(draw, count, leaves))
    wrong = [triple for triple, found in zip(asked, call(asked)) if bool(found) != together(*triple)]
    report.check(p.name, what, not wrong, wrong and f"{len(wrong)} of {count} threes of terms meet in another order, first {wrong[0]}")


def probe_losses(report, p, draw):
    # exp(x - max) is 1 at the target, a little less than half a unit at j and k, and 0 elsewhere. The gradient at the target is
    # 1 / S - 1, and 0 if and only if S is 1.
    tiny = np.float32(np.log(0.75 * 2.0**-24))
    for k in (300, 9000):

        def softmax(asked):
            answers = []
            for first in range(0, len(asked), 300):
                part = asked[first : first + 300]
                x = np.full((len(part), k), -np.inf, np.float32)
                for row, (i, a, b) in zip(x, part):
                    row[i], row[a], row[b] = 0, tiny, tiny
                targets = [i for i, _, _ in part]
                answers += list(p.cross_entropy(x, targets)[1][np.arange(len(part)), targets] != 0)
            return answers

        probe_by_threes(report, p, f"cross_entropy's sum of {k}", row_sum(range(k)), k, softmax, 1500 if k < 1000 else 600, draw)

    def squares(n, k):
        def call(asked):
            answers = []
            for first in range(0, len(asked), 200):
                part = asked[first : first + 200]
                x = np.zeros((len(part), n * k), np.float32)
                for row, (i, a, b) in zip(x, part):
                    row[i], row[a], row[b] = 1, 2.0**-12, 2.0**-12
                answers += list(p.mse(x.reshape(len(part), n, k)) > 1)
            return answers

        return call

    for n, k in ((1, 5000), (133, 1), (5, 70)):
        tree = batch_tree(row_sum(range(row * k, (row + 1) * k)) for row in range(n))
        probe_by_threes(report, p, f"mse_loss of {n} x {k}", tree, n * k, squares(n, k), 600, draw)

    # The variance's sum: pairs of 1 and -1 leave the mean at 0, so there are two large terms, and j meets k before either or not.
    n, pixels = 5, 27
    tree = batch_tree(pixel_sum(range(i * pixels, (i + 1) * pixels)) for i in range(n))
    together = meets_first(tree, n * pixels)
    asked = [draw.sample(range(n * pixels), 4) for _ in range(1500)]
    x = np.zeros((len(asked), n * pixels), np.float32)
    for row, (i, other, a, b) in zip(x, asked):
        row[i], row[other], row[a], row[b] = 1, -1, 2.0**-12, -(2.0**-12)
    found = p.batch_norm2d("squares", x.T.reshape(n, pixels, -1))
    # 2^-24 is lost to a sum of 1 or 2, 2^-23 to a sum of 2 only (a tie, to even), and is kept by 1 until 1 meets the other 1.
    wrong = 0
    for value, (i, other, a, b) in zip(found, asked):
        expected = evaluate(tree, {i: 1.0, other: 1.0, a: 2.0**-24, b: 2.0**-24})
        wrong += np.float32(expected / np.float32(n * pixels - 1)) != value
    report.check(p.name, "batch_norm2d's variance", not wrong, f"{wrong} of {len(asked)} fours of terms meet in another order")
    del together


def evaluate(tree, terms):
    """The tree in binary32; terms that are not given are 0."""
    todo, results = [(tree, False)], []
    while todo:
        node, joined = todo.pop()
        if not isinstance(node, tuple):
            results.append(np.float32(terms.get(node, 0)))
        elif not joined:
            todo += [(node, True), (node[1], False), (node[0], False)]
        else:
            results.append(np.float32(results.pop() + results.pop()))
    return results[0]


def probe(report, p, draw):
    probe_gemm(report, p)
    probe_linear(report, p)
    probe_conv2d_forward(report, p, "3 x 3, padded", n=2, h=5, w=3, c=70, kh=3, kw=3, ph=1, pw=1)
    probe_conv2d_forward(report, p, "2 x 3, strided and dilated", n=1, h=9, w=8, c=110, kh=2, kw=3, sh=2, sw=1, ph=1, pw=2, dh=2, dw=1)
    probe_conv2d_forward(report, p, "two groups", n=1, h=4, w=4, c=90, kh=3, kw=3, pw=1, groups=2)
    probe_conv2d_backward_input(report, p, "3 x 3, padded", co=62, n=1, h=5, w=6, kh=3, kw=3, ph=1, pw=1)
    probe_conv2d_backward_input(report, p, "4 x 3, stride 2", co=150, n=1, h=7, w=8, kh=4, kw=3, sh=2, sw=2, ph=1, pw=1)
    probe_conv2d_backward_input(report, p, "3 x 3, stride 3 and 2, dilated", co=100, n=1, h=9, w=7, kh=3, kw=3, sh=3, sw=2, ph=2, pw=0, dh=2)
    probe_conv2d_backward_weight(report, p, "3 x 3, padded", c=2, n=5, h=9, w=37, kh=3, kw=3, ph=1, pw=1)
    probe_conv2d_backward_weight(report, p, "many channels, stride 2", c=9, n=3, h=12, w=9, kh=3, kw=2, sh=2, sw=1, ph=1)
    probe_winograd(report, p, False)
    probe_winograd(report, p, True)
    probe_sums_over_channels(report, p)
    probe_pool2d(report, p)
    probe_losses(report, p, draw)


def self_test(report):
    """Trees that are known, found from sums that are made of them; and another tree is noticed."""
    for tree in (chain(range(9)), batch_tree(range(11)), panels(range(600)), row_sum(range(130)), ((0, 3), ((1, 4), 2))):
        leaves = leaves_of(tree)

        def outside(pairs):
            ones = dict.fromkeys(leaves, 1.0)
            return [int(evaluate(tree, {**ones, i: float(M), j: -float(M)})) for i, j in pairs]

        report.check("itself", "the probe", reveal(leaves, outside) == subtrees(tree))
        report.check("itself", "the probe of another tree", reveal(leaves, outside) != subtrees(chain(reversed(leaves))))


def main():
    parser = argparse.ArgumentParser(description="Finds the order of every sum from outside and compares it with the contract's.")
    parser.add_argument("--lib", default="build/probe.so")
    parser.add_argument("--isa", help="only this one, or reference")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    library, report = Library(options.lib), Report()
    self_test(report)
    for isa in [options.isa] if options.isa else ("reference", "scalar", "avx2", "avx512", "neon"):
        for threads in (1,) if isa == "reference" else (1, 2, 3):
            before = report.passed
            p = Prober(library, isa, threads)
            if not p.handle:
                if options.isa:
                    sys.exit(f"tests/probe/probe.py: {library.lib.probe_error().decode()}")
                continue
            probe(report, p, random.Random(options.seed))
            print(f"ok   {p.name}: {report.passed - before} trees are the contract's", flush=True)
            p.close()
    print(f"{report.passed} passed, {report.failed} failed")
    return report.failed > 0


if __name__ == "__main__":
    sys.exit(main())
