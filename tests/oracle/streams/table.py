#!/usr/bin/env python3
"""Writes the tables of docs/streams.md from what the comparisons counted.

    tests/oracle/streams/streams.py ... --table counts.tsv      (any number of times)
    tests/oracle/streams/table.py counts.tsv [--write docs/streams.md]

A column is a release and, of PyTorch, a variant: its vector kernels (ATEN_CPU_CAPABILITY avx2 and avx512) and its scalar ones (default).
A cell is the number of answers that contained the function and were equal in every bit; a dash: none was compared. With --write the text between the markers of each library is replaced."""
import argparse
import collections
import re
import sys

TITLES = {"torch": "PyTorch", "numpy": "NumPy", "random": "Python"}


# The names that the programs give to objects.
OBJECTS = {("torch", "g"): "torch.Generator.", ("torch", "x"): "torch.Tensor.", ("numpy", "rs"): "np.random.", ("numpy", "rng"): "Generator.",
           ("numpy", "ss"): "SeedSequence.", ("numpy", "b"): "BitGenerator.", ("random", "g"): "random."}


def function_name(library, text):
    first, last = text.split(".")[0], text.split(".")[-1]
    if text.startswith(("torch.nn.init.", "init.")):
        return "nn.init." + last
    if (library, first) in OBJECTS:
        return OBJECTS[library, first] + last
    if first in ("torch", "nn", "np", "random", "F"):
        return text
    return "torch.Tensor." + last if library == "torch" and text.startswith(".") and last.endswith("_") else None


def read(path):
    counts = collections.defaultdict(lambda: collections.defaultdict(int))
    versions = collections.defaultdict(list)
    with open(path) as f:
        for line in f:
            library, version, capability, function, count = line.rstrip("\n").split("\t")
            name = function_name(library, function)
            version = re.sub(r"[+a].*", "", version) + (" /scalar" if capability == "default" else "")
            if name:
                counts[library][name, version] += int(count)
                if version not in versions[library]:
                    versions[library].append(version)
    return counts, versions


def table(library, counts, versions):
    versions = sorted(versions, key=lambda v: ([-int(x) for x in re.findall(r"\d+", v)], v))
    names = sorted({n for n, _ in counts}, key=lambda n: (not n.startswith(("np.", "torch.", "random.")), n))
    lines = ["| function | " + " | ".join("%s %s" % (TITLES[library], v) for v in versions) + " |",
             "|---|" + "---:|" * len(versions)]
    for name in names:
        cells = ["{:,}".format(counts[name, v]) if counts.get((name, v)) else "-" for v in versions]
        lines.append("| `%s` | %s |" % (name, " | ".join(cells)))
    return "\n".join(lines) + "\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("counts")
    p.add_argument("--write", metavar="FILE")
    o = p.parse_args()
    counts, versions = read(o.counts)
    tables = {library: table(library, counts[library], versions[library]) for library in TITLES if library in counts}
    if not o.write:
        print("\n".join(tables.values()))
        return 0
    with open(o.write) as f:
        text = f.read()
    for library, lines in tables.items():
        begin, end = "<!-- compared: %s -->\n" % library, "<!-- end -->"
        at = text.index(begin) + len(begin)
        text = text[:at] + lines + text[text.index(end, at):]
    with open(o.write, "w") as f:
        f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
