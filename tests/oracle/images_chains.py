"""Random chains of transforms, as lists of calls, for tests/oracle/images.py."""


def mode(rng):
    return "interpolation=InterpolationMode." + rng.choice(["NEAREST", "BILINEAR", "BICUBIC"])


def size(rng):
    return rng.choice(["%d" % rng.randint(1, 60), "(%d, %d)" % (rng.randint(1, 60), rng.randint(1, 60))])


def call(rng, name, *arguments):
    """Keeps the first argument and some of the others."""
    return "%s(%s)" % (name, ", ".join([arguments[0]] + [a for a in arguments[1:] if rng.random() < 0.5]))


def jitter(rng, name):
    a, b = sorted([rng.uniform(0, 3), rng.uniform(0, 1.5)])
    if name == "hue":
        a, b = sorted([rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5)])
        return rng.choice(["hue=%r" % rng.uniform(0, 0.5), "hue=(%r, %r)" % (a, b), "hue=0.5", "hue=[-0.5, 0.5]", "hue=0"])
    return "%s=%s" % (name, rng.choice(["%r" % rng.uniform(0, 2), "(%r, %r)" % (a, b), "[0, 0]", "(1, 1)", "0.4", "2", "0"]))


def colour(rng):
    kind = rng.randrange(3)
    if kind == 0:
        return "RandomGrayscale(%s)" % rng.choice(["", "0.5", "p=%r" % rng.random()])
    names = ["brightness", "contrast", "saturation", "hue"]
    if kind == 1:
        names = [rng.choice(names)]
    return "ColorJitter(%s)" % ", ".join(jitter(rng, n) for n in names if len(names) == 1 or rng.random() < 0.8)


def pair(rng, low, high):
    return "(%r, %r)" % tuple(sorted([rng.uniform(low, high), rng.uniform(low, high)]))


def affine(rng):
    shear = rng.choice(["shear=%d" % rng.randint(0, 60), "shear=" + pair(rng, -70, 70),
                        "shear=[%s, %s]" % (pair(rng, -50, 50)[1:-1], pair(rng, -50, 50)[1:-1])])
    center = rng.choice(["center=(%d, %d)" % (rng.randint(-5, 40), rng.randint(-5, 40)), "center=[%r, 3]" % rng.uniform(0, 40)])
    return call(rng, "RandomAffine", rng.choice(["0", "%d" % rng.randint(0, 180), pair(rng, -200, 200)]),
                "translate=(%r, %r)" % (rng.random(), rng.random()), "scale=" + pair(rng, 0.2, 3), shear, mode(rng), fill(rng), center)


def fill(rng):
    return rng.choice(["fill=%d" % rng.randrange(256), "fill=%r" % rng.uniform(0, 255), "fill=None"])


def operation(rng):
    p = rng.choice(["", ", 0.7", ", p=%r" % rng.random()])
    return rng.choice(["RandomInvert(%s)" % p[2:], "RandomPosterize(%d%s)" % (rng.randint(0, 8), p),
                       "RandomSolarize(%r%s)" % (rng.uniform(-10, 300), p), "RandomSolarize(%d%s)" % (rng.randint(0, 256), p),
                       "RandomAdjustSharpness(%r%s)" % (rng.uniform(-1, 4), p), "RandomAutocontrast(%s)" % p[2:],
                       "RandomEqualize(%s)" % p[2:]])


def augment(rng):
    bins = rng.choice([31, 31, 11, 2, rng.randint(2, 70)])
    more = [a for a in ("num_magnitude_bins=%d" % bins, mode(rng), fill(rng)) if rng.random() < 0.5]
    if rng.random() < 0.5:
        return "TrivialAugmentWide(%s)" % ", ".join(more)
    least = bins if more and more[0].startswith("num") else 31
    return "RandAugment(%s)" % ", ".join(["num_ops=%d" % rng.randint(0, 4), "magnitude=%d" % rng.randrange(least)] + more)


def group(rng, depth):
    count = rng.randint(1, 3)
    calls = ", ".join(transform(rng, depth + 1) for _ in range(count))
    weights = [rng.choice([0, 1, 7, rng.random()]) for _ in range(count)]
    return rng.choice(["RandomChoice([%s])" % calls, "RandomChoice([%s], p=%r)" % (calls, weights if sum(weights) else [1] * count),
                       "Compose([%s])" % calls, "RandomApply([%s])" % calls, "RandomApply([%s], p=%r)" % (calls, rng.random())])


def transform(rng, depth=0):
    if depth < 3 and rng.random() < 0.15:
        return group(rng, depth)
    if rng.random() < 0.5:
        return rng.choice([colour, affine, operation, augment])(rng)
    kind = rng.randrange(9)
    if kind == 0:
        return rng.choice(["RandomHorizontalFlip()", "RandomVerticalFlip()", "RandomHorizontalFlip(p=%r)" % rng.random(),
                           "RandomVerticalFlip(%r)" % rng.random()])
    if kind in (1, 2):
        degrees = rng.choice(["10", "%r" % rng.uniform(0, 200), "(%r, %r)" % (rng.uniform(-400, 0), rng.uniform(0, 400)),
                              "(90, 90)", "(180, 180)", "(270, 270)", "0", "(-90, -90)", "(45, 45)", "(30, 30)"])
        return call(rng, "RandomRotation", degrees, mode(rng), rng.choice(["expand=True", "expand=False"]),
                    rng.choice(["center=(%d, %d)" % (rng.randint(-5, 40), rng.randint(-5, 40)),
                                "center=(%r, %r)" % (rng.uniform(0, 40), rng.uniform(0, 40)), "center=None"]),
                    rng.choice(["fill=%d" % rng.randrange(256), "fill=%r" % rng.uniform(0, 255)]))
    if kind in (3, 4):
        scale = sorted([rng.uniform(0.01, 1), rng.uniform(0.01, 1.5)])
        ratio = sorted([rng.uniform(0.3, 1.2), rng.uniform(0.6, 3)])
        return call(rng, "RandomResizedCrop", size(rng), "scale=(%r, %r)" % tuple(scale), "ratio=(%r, %r)" % tuple(ratio), mode(rng))
    if kind == 5:
        return call(rng, "Resize", size(rng), mode(rng))
    if kind == 6:
        return "CenterCrop(%s)" % size(rng)
    if kind == 7:
        padding = rng.choice(["padding=%d" % rng.randint(0, 9), "padding=(%d, %d)" % (rng.randint(0, 9), rng.randint(0, 9)),
                              "padding=[%s]" % ", ".join(str(rng.randint(0, 9)) for _ in range(4))])
        return call(rng, "RandomCrop", size(rng), padding, "pad_if_needed=True", rng.choice(["fill=%d" % rng.randrange(256)]),
                    "padding_mode='%s'" % rng.choice(["constant", "edge", "reflect", "symmetric"]))
    padding = rng.choice(["%d" % rng.randint(0, 9), "(%d, %d)" % (rng.randint(0, 9), rng.randint(0, 9)),
                          "[%s]" % ", ".join(str(rng.randint(0, 9)) for _ in range(4))])
    return call(rng, "Pad", padding, "fill=%d" % rng.randrange(256),
                "padding_mode='%s'" % rng.choice(["constant", "edge", "reflect", "symmetric"]))


ARTICLE = ["RandomHorizontalFlip()", "RandomRotation(10)", "RandomResizedCrop(32)", "ToTensor()",
           "Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])"]


def erasing(rng, channels):
    values = ["value='random'", "value='random'", "value=%d" % rng.randint(-300, 300), "value=%r" % rng.uniform(-2, 300),
              "value=(%s)" % "".join("%r, " % rng.uniform(-3, 3) for _ in range(channels)), "value=[7]"]
    p = rng.choice(["", "1, ", "p=%r, " % rng.random()])
    more = [a for a in ("scale=" + pair(rng, 0, 1), "ratio=" + pair(rng, 0.1, 5), rng.choice(values), "inplace=True") if rng.random() < 0.5]
    return "RandomErasing(%s%s)" % (p, ", ".join(more))


def on_tensor(rng, channels, depth=0):
    kind = rng.randrange(5)
    if kind == 0 and depth < 2:
        return rng.choice(["RandomApply([%s], p=0.6)", "Compose([%s])"]) % ", ".join(
            on_tensor(rng, channels, depth + 1) for _ in range(rng.randint(1, 2)))
    if kind == 1:
        return "ConvertImageDtype(torch.float32)"
    if kind == 2:
        return erasing(rng, channels)
    n = channels if rng.random() < 0.8 else 1
    return "Normalize(%r, %r)" % ([rng.uniform(-1, 1) for _ in range(n)], [rng.uniform(0.1, 2) for _ in range(n)])


def chain(rng, channels):
    if rng.random() < 0.2 and channels == 3:
        return ARTICLE
    calls = [transform(rng) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    if rng.random() < 0.1:
        channels = rng.choice([1, 3])
        calls.insert(rng.randint(0, len(calls)), "Grayscale(%s)" % ("" if channels == 1 else rng.choice(["3", "num_output_channels=3"])))
    calls += rng.choice([["ToTensor()"], ["ToTensor()"], ["PILToTensor()", "ConvertImageDtype(torch.float32)"],
                         ["PILToTensor()", erasing(rng, channels), "ConvertImageDtype(torch.float)"]])
    calls += [on_tensor(rng, channels) for _ in range(rng.choice([0, 0, 1, 1, 2, 3]))]
    if rng.random() < 0.05:
        calls += ["ConvertImageDtype(torch.uint8)", "ConvertImageDtype(torch.float32)"]
    if rng.random() < 0.1:
        calls = [rng.choice(["Compose([%s])", "transforms.Compose([%s])"]) % ", ".join(calls)]
    return calls
