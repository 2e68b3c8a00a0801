#!/usr/bin/env python3
"""The reference beside PyTorch: every operation and its gradients, random shapes and options.

    make oracle-driver && tests/oracle/reference.py [--build build] [--cases N] [--seed S]

Run it with an interpreter that has torch and numpy. What rounds nothing (ReLU, max pooling) must be equal in every bit. Everything else is
compared with PyTorch's binary64 autograd: a result of r roundings, whose terms have the absolute sum S, must lie within r * 2^-24 * S;
and it must be no worse than PyTorch's own binary32 by more than the same bound. The last line reads `N passed, N failed`."""
import argparse
import itertools
import os
import random
import subprocess
import sys

import numpy as np
import torch
import torch.nn.functional as F

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNIT = 2.0**-24


class Driver:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, operation, numbers, operands, shapes):
        """Results as arrays of `shapes`; operands and results lie as the driver wants them."""
        self.process.stdin.write(("%s %s\n" % (operation, " ".join(repr(n) for n in numbers))).encode())
        for operand in operands:
            self.process.stdin.write(np.ascontiguousarray(operand, np.float32).tobytes())
        self.process.stdin.flush()
        results = []
        for shape in shapes:
            size = 4 * int(np.prod(shape))
            data = self.process.stdout.read(size)
            if len(data) != size:
                raise SystemExit("the driver has died")
            results.append(np.frombuffer(data, np.float32).reshape(shape))
        return results


class Count:
    def __init__(self):
        self.passed = self.failed = 0
        self.worst = {}

    def near(self, what, got, exact, magnitude, roundings, theirs=None):
        """got within roundings * 2^-24 * magnitude of exact, and of what PyTorch computes in binary32."""
        got, exact, magnitude = [np.asarray(a, np.float64) for a in (got, exact, magnitude)]
        bound = roundings * (UNIT * magnitude + 2.0**-149)
        error = np.abs(got - exact)
        self.worst[what.split()[0]] = max(self.worst.get(what.split()[0], 0), float(np.max(error / np.maximum(bound, 1e-300), initial=0)))
        ok = got.shape == exact.shape and bool(np.all(error <= bound))
        if theirs is not None:
            ok = ok and bool(np.all(np.abs(got - np.asarray(theirs, np.float64)) <= bound + np.abs(np.asarray(theirs, np.float64) - exact)))
        self.note(what, ok, "largest error %.3g of a bound of %.3g" % (error.max(initial=0), bound.max(initial=0)))

    def equal(self, what, got, wanted):
        got, wanted = np.ascontiguousarray(got, np.float32), np.ascontiguousarray(wanted, np.float32)
        self.note(what, got.shape == wanted.shape and got.tobytes() == wanted.tobytes(), "bits differ")

    def note(self, what, ok, why):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print("FAIL %s: %s" % (what, why))


def nhwc(x):
    return np.ascontiguousarray(np.transpose(x, (0, 2, 3, 1)))


def nchw(x):
    return np.transpose(x, (0, 3, 1, 2))


def floats(rng, *shape):
    """Of different sizes, so that an error in an index shows."""
    return (rng.standard_normal(shape) * np.exp2(rng.integers(-3, 4, shape))).astype(np.float32)


def gradients(function, operands, dy, dtype, absolute=False):
    """y and the gradients of all operands, evaluated in dtype."""
    leaves = [torch.tensor(np.abs(o) if absolute else o, dtype=dtype, requires_grad=True) for o in operands]
    y = function(*leaves)
    y.backward(torch.tensor(np.abs(dy) if absolute else dy, dtype=dtype))
    return [y.detach().numpy()] + [leaf.grad.numpy() if leaf.grad is not None else np.zeros(leaf.shape) for leaf in leaves]


def multilinear(count, what, function, operands, dy, got, roundings):
    """An operation that is linear in each operand: the sum of absolute terms is the operation itself of absolute values."""
    exact = gradients(function, operands, dy, torch.float64)
    magnitude = gradients(function, operands, dy, torch.float64, absolute=True)
    theirs = gradients(function, operands, dy, torch.float32)
    names = ["y", "dx", "dweight", "dbias"]
    for name, g, e, m, t, r in zip(names, got, exact, magnitude, theirs, roundings):
        count.near("%s.%s %s" % (what.split()[0], name, what), g, e, m, r, t)


# ---- Operations ------------------------------------------------------------------------------


def conv2d(driver, count, rng, pick):
    while True:
        n, h, w = pick.randint(1, 5), pick.randint(1, 14), pick.randint(1, 14)
        kh, kw, sh, sw = pick.randint(1, 4), pick.randint(1, 4), pick.randint(1, 3), pick.randint(1, 3)
        ph, pw, dh, dw = pick.randint(0, 3), pick.randint(0, 3), pick.randint(1, 3), pick.randint(1, 3)
        groups = pick.choice([1, 1, 2, 3])
        c, co = groups * pick.randint(1, 40), groups * pick.randint(1, 12)
        oh, ow = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
        if oh > 0 and ow > 0:
            break
    numbers = [n, h, w, c, co, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups]
    x, weight, bias, dy = floats(rng, n, c, h, w), floats(rng, co, c // groups, kh, kw), floats(rng, co), floats(rng, n, co, oh, ow)
    y, dx, dweight, dbias = driver.ask("conv2d", numbers, [nhwc(x), weight, bias, nhwc(dy)],
                                       [(n, oh, ow, co), (n, h, w, c), weight.shape, (co,)])
    multilinear(count, "conv2d %s" % numbers, lambda x, w, b: F.conv2d(x, w, b, (sh, sw), (ph, pw), (dh, dw), groups),
                [x, weight, bias], dy, [nchw(y), nchw(dx), dweight, dbias],
                [kh * kw * c // groups + 2, kh * kw * co // groups + 2, oh * ow + 4, oh * ow / 8 + 8])


def linear(driver, count, rng, pick):
    n, i, o = pick.randint(1, 40), pick.choice([1, 3, 64, 255, 256, 257, pick.randint(1, 700)]), pick.randint(1, 70)
    x, weight, bias, dy = floats(rng, n, i), floats(rng, o, i), floats(rng, o), floats(rng, n, o)
    got = driver.ask("linear", [n, i, o], [x, weight, bias, dy], [(n, o), (n, i), (o, i), (o,)])
    multilinear(count, "linear %s" % [n, i, o], F.linear, [x, weight, bias], dy, got, [min(i, 256) + i // 256 + 2, o + 2, 8 + 3, 8 + 3])


def relu(driver, count, rng, pick):
    size = pick.randint(1, 1000)
    x, dy = floats(rng, size), floats(rng, size)
    x[rng.random(size) < 0.1] = 0
    x[rng.random(size) < 0.1] = -0.0
    y, dx = driver.ask("relu", [size], [x, dy], [(size,), (size,)])
    theirs = gradients(F.relu, [x], dy, torch.float32)
    count.equal("relu.y", y, theirs[0] + 0.0)  # PyTorch may keep -0, ours is always +0
    count.equal("relu.dx", dx, theirs[1])


def dropout(driver, count, rng, pick):
    size, p = pick.randint(1, 1000), pick.choice([0.1, 0.25, 0.5, 0.9, 1.0, pick.random()])
    x, keep = floats(rng, size), (rng.random(size) >= p).astype(np.float32)
    (y,) = driver.ask("dropout", [size, p], [x, keep], [(size,)])
    scaled = torch.from_numpy(keep).div(1 - p) if p < 1 else torch.zeros(size)  # as torch.nn.functional does on CPU
    count.equal("dropout p=%r" % p, y, (torch.from_numpy(x) * scaled).numpy())


def pool_length(size, kernel, stride, padding, dilation, ceil):
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    out = (span + (stride - 1 if ceil else 0)) // stride + 1
    return out - 1 if ceil and (out - 1) * stride >= size + padding else out


def pool2d(driver, count, rng, pick):
    maximum = pick.random() < 0.5
    while True:
        n, h, w, c = pick.randint(1, 4), pick.randint(1, 14), pick.randint(1, 14), pick.randint(1, 9)
        kh, kw, sh, sw = pick.randint(1, 4), pick.randint(1, 4), pick.randint(1, 3), pick.randint(1, 3)
        ph, pw = pick.randint(0, kh // 2), pick.randint(0, kw // 2)
        dh, dw = (pick.randint(1, 3), pick.randint(1, 3)) if maximum else (1, 1)
        ceil, include, override = pick.random() < 0.5, pick.random() < 0.5, pick.choice([0, 0, 5])
        if h + 2 * ph <= dh * (kh - 1) or w + 2 * pw <= dw * (kw - 1):
            continue
        oh, ow = pool_length(h, kh, sh, ph, dh, ceil), pool_length(w, kw, sw, pw, dw, ceil)
        # PyTorch 2.13 writes out of bounds where a window sees padding only.
        seen = all(any(0 <= o * s - p + k * d < size for k in range(kernel)) for size, kernel, s, p, d, out in
                   ((h, kh, sh, ph, dh, oh), (w, kw, sw, pw, dw, ow)) for o in range(out))
        if oh > 0 and ow > 0 and seen:
            break
    x, dy = floats(rng, n, c, h, w), floats(rng, n, c, oh, ow)
    if maximum and pick.random() < 0.5:
        x = np.trunc(x)  # ties
    numbers = [n, h, w, c, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, int(include), override]
    y, dx, index = driver.ask("max_pool2d" if maximum else "avg_pool2d", numbers, [nhwc(x), nhwc(dy)],
                              [(n, oh, ow, c), (n, h, w, c), (n, oh, ow, c)])
    y, dx, index = nchw(y), nchw(dx), nchw(index)
    if maximum:
        function = lambda x: F.max_pool2d(x, (kh, kw), (sh, sw), (ph, pw), (dh, dw), ceil)
        what = "max_pool2d %s ceil_mode=%s" % (numbers, ceil)
        theirs, places = F.max_pool2d(torch.from_numpy(x), (kh, kw), (sh, sw), (ph, pw), (dh, dw), ceil, return_indices=True)
        count.equal(what + " y", y, theirs.numpy())
        count.equal(what + " index", index, places.numpy())
        exact, theirs = gradients(function, [x], dy, torch.float64), gradients(function, [x], dy, torch.float32)
        # Absolute dy on the same winners.
        magnitude = gradients(function, [x], np.abs(dy), torch.float64)
        count.near("max_pool2d.dx " + what, dx, exact[1], magnitude[1], kh * kw, theirs[1])
    else:
        function = lambda x: F.avg_pool2d(x, (kh, kw), (sh, sw), (ph, pw), ceil, include, override or None)
        multilinear(count, "avg_pool2d %s ceil_mode=%s" % (numbers, ceil), function, [x], dy, [y, dx], [kh * kw + 1, kh * kw + 1])


def adaptive_avg_pool2d(driver, count, rng, pick):
    n, h, w, c = pick.randint(1, 4), pick.randint(1, 20), pick.randint(1, 20), pick.randint(1, 9)
    oh, ow = pick.choice([(1, 1), (pick.randint(1, 9), pick.randint(1, 9))])
    x, dy = floats(rng, n, c, h, w), floats(rng, n, c, oh, ow)
    y, dx, _ = driver.ask("adaptive_avg_pool2d", [n, h, w, c, oh, ow], [nhwc(x), nhwc(dy)], [(n, oh, ow, c), (n, h, w, c), (n, oh, ow, c)])
    multilinear(count, "adaptive_avg_pool2d %s" % [n, h, w, c, oh, ow], lambda x: F.adaptive_avg_pool2d(x, (oh, ow)), [x], dy,
                [nchw(y), nchw(dx)], [66, oh * ow + 1])


def batch_norm2d(driver, count, rng, pick):
    n, h, w, c = pick.randint(1, 9), pick.randint(1, 9), pick.randint(2, 9), pick.randint(1, 9)
    eps, momentum = pick.choice([1e-5, 1e-3]), pick.choice([0.1, 0.5, 1.0])
    affine, training = pick.random() < 0.7, pick.random() < 0.7
    mean0 = rng.standard_normal(c).astype(np.float32)
    x = (rng.standard_normal((n, c, h, w)) + 3 * mean0[None, :, None, None]).astype(np.float32)
    weight, bias, dy = floats(rng, c), floats(rng, c), rng.standard_normal((n, c, h, w)).astype(np.float32)
    var0 = (rng.random(c) + 0.5).astype(np.float32)
    numbers = [n, h * w, c, eps, momentum, int(affine), int(training)]
    y, mean, var, dx, dweight, dbias = driver.ask("batch_norm2d", numbers, [nhwc(x), weight, bias, mean0, var0, nhwc(dy)],
                                                  [(n, h, w, c), (c,), (c,), (n, h, w, c), (c,), (c,)])

    def torch_side(dtype):
        running_mean, running_var = torch.tensor(mean0, dtype=dtype), torch.tensor(var0, dtype=dtype)
        function = lambda x, w, b: F.batch_norm(x, running_mean, running_var, w if affine else None, b if affine else None, training,
                                                momentum, eps)
        return gradients(function, [x, weight, bias], dy, dtype) + [running_mean.numpy(), running_var.numpy()]

    exact, theirs = torch_side(torch.float64), torch_side(torch.float32)
    # Conditioning: the mean's own rounding error, of size |x|, divided by sigma, goes into every xhat.
    big = np.abs(x).max(axis=(0, 2, 3)).astype(np.float64)
    used_var = x.astype(np.float64).var(axis=(0, 2, 3)) if training else var0.astype(np.float64)
    inverse = 1 / np.sqrt(used_var + eps)
    scale = np.abs(weight.astype(np.float64)) if affine else np.ones(c)
    blown = 1 + (big + np.abs(mean0)) * inverse
    chain = h * w / 8 + 3 + 4
    what = "batch_norm2d %s" % numbers
    at = lambda a: a[None, :, None, None]
    count.near("batch_norm2d.y " + what, nchw(y), exact[0], at(scale * blown * blown + (np.abs(bias) if affine else 0)), 4 * chain, theirs[0])
    large = np.abs(dy).max(axis=(0, 2, 3))
    count.near("batch_norm2d.dx " + what, nchw(dx), exact[1], at(scale * inverse * large * blown**3 * 3), 4 * chain, theirs[1])
    if affine:
        count.near("batch_norm2d.dweight " + what, dweight, exact[2], n * h * w * large * blown**2, 4 * chain, theirs[2])
        count.near("batch_norm2d.dbias " + what, dbias, exact[3], np.abs(dy.astype(np.float64)).sum(axis=(0, 2, 3)), chain, theirs[3])
    count.near("batch_norm2d.running_mean " + what, mean, exact[4], big + np.abs(mean0), chain, theirs[4])
    count.near("batch_norm2d.running_var " + what, var, exact[5], used_var * 4 + var0, 4 * chain, theirs[5])


def group_norm(driver, count, rng, pick):
    n, h, w, groups, each = pick.randint(1, 6), pick.randint(1, 9), pick.randint(2, 9), pick.randint(1, 4), pick.randint(1, 7)
    c, eps, affine = groups * each, pick.choice([1e-5, 1e-3]), pick.random() < 0.7
    center = rng.standard_normal(groups).repeat(each)
    x = (rng.standard_normal((n, c, h, w)) + 3 * center[None, :, None, None]).astype(np.float32)
    weight, bias, dy = floats(rng, c), floats(rng, c), rng.standard_normal((n, c, h, w)).astype(np.float32)
    numbers = [n, h * w, c, groups, eps, int(affine)]
    got = driver.ask("group_norm", numbers, [nhwc(x), weight, bias, nhwc(dy)], [(n, h, w, c), (n, h, w, c), (c,), (c,)])
    function = lambda x, w, b: F.group_norm(x, groups, w if affine else None, b if affine else None, eps)
    exact, theirs = (gradients(function, [x, weight, bias], dy, dtype) for dtype in (torch.float64, torch.float32))
    # Conditioning as in batch_norm2d, group by group.
    grouped = x.astype(np.float64).reshape(n, groups, -1)
    spread = lambda a: a.repeat(each, axis=1)[:, :, None, None]
    inverse = spread(1 / np.sqrt(grouped.var(axis=2) + eps))
    blown = 1 + spread(np.abs(grouped).max(axis=2)) * inverse
    scale = (np.abs(weight.astype(np.float64)) if affine else np.ones(c))[None, :, None, None]
    largest_scale = spread(scale.reshape(1, groups, each).max(axis=2).repeat(n, axis=0))
    chain, large, what = h * w / 8 + 3 + 3, np.abs(dy).max(), "group_norm %s" % numbers
    shift = np.abs(bias)[None, :, None, None] if affine else 0
    count.near("group_norm.y " + what, nchw(got[0]), exact[0], scale * blown * blown + shift, 4 * chain, theirs[0])
    count.near("group_norm.dx " + what, nchw(got[1]), exact[1], largest_scale * inverse * large * blown**3 * 3, 4 * chain, theirs[1])
    if affine:
        sizes = (np.abs(dy.astype(np.float64)) * blown**2).sum(axis=(0, 2, 3))
        count.near("group_norm.dweight " + what, got[2], exact[2], sizes, 4 * chain, theirs[2])
        count.near("group_norm.dbias " + what, got[3], exact[3], np.abs(dy.astype(np.float64)).sum(axis=(0, 2, 3)), chain, theirs[3])


def cross_entropy(driver, count, rng, pick):
    n, k = pick.randint(1, 70), pick.choice([1, 2, 10, 64, 65, 1000, pick.randint(1, 300)])
    smoothing, total = pick.choice([0.0, 0.0, 0.1, 1.0]), pick.random() < 0.5
    x, target = (rng.standard_normal((n, k)) * 5).astype(np.float32), rng.integers(0, k, n)
    if pick.random() < 0.3:
        target[1:][rng.random(n - 1) < 0.3] = -100
    loss, dx = driver.ask("cross_entropy", [n, k, int(total), -100, smoothing], [x, target], [(), (n, k)])
    function = lambda x: F.cross_entropy(x, torch.from_numpy(target), reduction="sum" if total else "mean", label_smoothing=smoothing)
    exact, theirs = [gradients(function, [x], np.ones(()), dtype) for dtype in (torch.float64, torch.float32)]
    what = "cross_entropy %s" % [n, k, total, smoothing]
    spread = float(x.max() - x.min()) + 10  # size of x - max and of the logarithm
    counted = (target >= 0).sum()
    count.near("cross_entropy.loss " + what, loss, exact[0], spread * (counted if total else 1), k / 32 + 24, theirs[0])
    p = torch.softmax(torch.tensor(x, dtype=torch.float64), 1).numpy()
    q = np.zeros((n, k))
    q[np.arange(n), np.maximum(target, 0)] = 1
    count.near("cross_entropy.dx " + what, dx, exact[1], (p * spread + (1 - smoothing) * q + smoothing / k) / (1 if total else counted),
               k / 64 + 14, theirs[1])


def mse_loss(driver, count, rng, pick):
    n, k, total = pick.randint(1, 40), pick.randint(1, 300), pick.random() < 0.5
    x, target = floats(rng, n, k), floats(rng, n, k)
    loss, dx = driver.ask("mse_loss", [n, k, int(total)], [x, target], [(), (n, k)])
    function = lambda x, t: F.mse_loss(x, t, reduction="sum" if total else "mean")
    exact, theirs = [gradients(function, [x, target], np.ones(()), dtype) for dtype in (torch.float64, torch.float32)]
    what = "mse_loss %s" % [n, k, total]
    count.near("mse_loss.loss " + what, loss, exact[0], exact[0], k / 64 + 1 + 6 + 6 + 4, theirs[0])
    count.near("mse_loss.dx " + what, dx, exact[1], np.abs(exact[1]), 4, theirs[1])


# ---- Optimisers: every combination of options, ten steps --------------------------------------

STEPS, SIZE = 10, 50


def optimizer(driver, count, rng, what, operation, numbers, make, magnitude):
    start, grads = rng.standard_normal(SIZE).astype(np.float32), [rng.standard_normal(SIZE).astype(np.float32) for _ in range(STEPS)]
    got = driver.ask(operation, [SIZE, STEPS] + numbers, [start] + grads, [(SIZE,)] * STEPS)
    sides = []
    for dtype in (torch.float64, torch.float32):
        p = torch.tensor(start, dtype=dtype, requires_grad=True)
        o, after = make([p]), []
        for g in grads:
            p.grad = torch.tensor(g, dtype=dtype)
            o.step()
            after.append(p.detach().numpy().copy())
        sides.append(after)
    for step in range(STEPS):
        count.near("%s step %d" % (what, step + 1), got[step], sides[0][step], np.full(SIZE, magnitude), 6 * (step + 1), sides[1][step])


def optimizers(driver, count, rng):
    for lr, momentum, dampening, decay, nesterov, maximize in itertools.product([0.1, 1e-3], [0, 0.9, 0.5], [0, 0.3], [0, 0.01], [False, True],
                                                                                [False, True]):
        if nesterov and (momentum == 0 or dampening != 0):
            continue
        what = "SGD(lr=%r, momentum=%r, dampening=%r, weight_decay=%r, nesterov=%r, maximize=%r)" % (lr, momentum, dampening, decay, nesterov,
                                                                                                    maximize)
        optimizer(driver, count, rng, what, "sgd", [lr, momentum, dampening, decay, int(nesterov), int(maximize)],
                  lambda p: torch.optim.SGD(p, lr=lr, momentum=momentum, dampening=dampening, weight_decay=decay, nesterov=nesterov,
                                            maximize=maximize), 4)
    for lr, betas, eps, decay, decoupled, amsgrad, maximize in itertools.product([1e-2, 1e-3], [(0.9, 0.999), (0.5, 0.9)], [1e-8, 1e-3],
                                                                                 [0, 0.1], [False, True], [False, True], [False, True]):
        kind = torch.optim.AdamW if decoupled else torch.optim.Adam
        what = "%s(lr=%r, betas=%r, eps=%r, weight_decay=%r, amsgrad=%r, maximize=%r)" % (kind.__name__, lr, betas, eps, decay, amsgrad, maximize)
        optimizer(driver, count, rng, what, "adam", [lr, betas[0], betas[1], eps, decay, int(decoupled), int(amsgrad), int(maximize)],
                  lambda p: kind(p, lr=lr, betas=betas, eps=eps, weight_decay=decay, amsgrad=amsgrad, maximize=maximize), 4)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--cases", type=int, default=100, help="per operation")
    p.add_argument("--seed", type=int, default=None)
    o = p.parse_args()
    seed = random.randrange(2**32) if o.seed is None else o.seed
    print("seed %d, PyTorch %s" % (seed, torch.__version__))
    torch.set_num_threads(1)
    rng, pick, count = np.random.default_rng(seed), random.Random(seed), Count()
    driver = Driver(os.path.join(o.build, "oracle-driver"))
    for operation in (conv2d, linear, relu, dropout, pool2d, adaptive_avg_pool2d, batch_norm2d, group_norm, cross_entropy, mse_loss):
        for _ in range(o.cases):
            operation(driver, count, rng, pick)
    optimizers(driver, count, rng)
    print("largest error in parts of its bound: " + ", ".join("%s %.2f" % item for item in sorted(count.worst.items()) if "(" not in item[0]))
    print("%d passed, %d failed" % (count.passed, count.failed))
    sys.exit(count.failed != 0)


if __name__ == "__main__":
    main()
