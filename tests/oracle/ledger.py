#!/usr/bin/env python3
"""A second reader of run directories, written from docs/ledger.md: Python's standard library and the program b3sum.

    tests/oracle/ledger.py DIR...
    tests/oracle/ledger.py --sample N --beacon HEX DIR...

Recomputes the chain, every checkpoint's digest, every tensor's digest and tile table, the model digest, and the state root wherever a
checkpoint follows its own step at once. The last line reads `N passed, N failed`. With --sample it prints the steps that `isobit verify`
draws, and checks nothing."""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

TILE = 65536
TYPES = {"F32": (0, 4), "I64": (1, 8), "U8": (2, 1)}
MEMBERS = {
    "header": "kind format digest contract version seed stream recipe model weights train test steps digest_every checkpoint_every prev",
    "step": "kind step epoch batch loss lr state prev",
    "eval": "kind step epoch count correct loss prev",
    "ckpt": "kind step file size digest tensors prev",
    "nan-stop": "kind step tensor index batch prev",
    "end": "kind step prev",
}
OPTIONAL = {"header": ("test", "weights"), "step": ("batch", "state")}


def digests(pieces):
    """BLAKE3 of each piece, by one run of b3sum."""
    pieces = list(pieces)
    if not pieces:
        return []
    with tempfile.TemporaryDirectory() as directory:
        names = []
        for i, piece in enumerate(pieces):
            names.append(os.path.join(directory, str(i)))
            with open(names[-1], "wb") as f:
                f.write(piece)
        out = []
        for i in range(0, len(names), 1000):
            out += subprocess.run(["b3sum", "--no-names"] + names[i:i + 1000], check=True, capture_output=True).stdout.decode().split()
    return out


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, ok, *what):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print("FAIL", *what)
        return ok


def spelled(value):
    """The one spelling of a value."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("\x7f", "\\u007f").replace("\\r", "\\u000d").replace("\\b", "\\u0008").replace("\\f", "\\u000c")


def read_checkpoint(path):
    with open(path, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    assert header.pop("__metadata__") == {"format": "pt", "producer": "isobit"}
    tensors, at = {}, 0
    for name in sorted(header, key=lambda n: n.encode("utf-8", "surrogateescape")):
        entry = header[name]
        first, end = entry["data_offsets"]
        count = 1
        for n in entry["shape"]:
            count *= n
        assert first == at and end - first == count * TYPES[entry["dtype"]][1], name
        tensors[name] = (entry["dtype"], entry["shape"], data[8 + size + first:8 + size + end])
        at = end
    assert (8 + size) % 8 == 0 and 8 + size + at == len(data)
    return data, tensors


def check_checkpoint(count, directory, line, step_line):
    where = "%s: checkpoint of step %d:" % (directory, line["step"])
    data, tensors = read_checkpoint(os.path.join(directory, line["file"]))
    count.check(len(data) == line["size"] and digests([data]) == [line["digest"]], where, "file")
    count.check([entry[0] for entry in line["tensors"]] == list(tensors), where, "names")
    found = digests(t[2] for t in tensors.values())
    for digest, (name, recorded, tiles) in zip(found, line["tensors"]):
        content = tensors[name][2]
        cut = [content[i:i + TILE] for i in range(0, len(content), TILE)] if len(content) > TILE else []
        count.check(digest == recorded, where, name, "digest")
        count.check(digests(cut) == tiles, where, name, "tiles")
    model = "".join("%s %s%s\n" % (n, t[0], "".join(" %d" % d for d in t[1])) for n, t in tensors.items())
    if step_line and "state" in step_line:
        root = b"isobit state 1\0" + struct.pack("<Q", len(tensors))
        for (name, (dtype, shape, _)), digest in zip(tensors.items(), found):
            raw = name.encode("utf-8", "surrogateescape")
            root += struct.pack("<Q", len(raw)) + raw + struct.pack("<QQ", TYPES[dtype][0], len(shape))
            root += struct.pack("<%dQ" % len(shape), *shape) + bytes.fromhex(digest)
        count.check(digests([root]) == [step_line["state"]], where, "state root")
    return digests([model.encode("utf-8", "surrogateescape")])[0]


def digests_due(step, header, following):
    """Whether a step line has digests: those of the schedule and the last of an epoch. None: the ledger ends too early to tell."""
    if step["step"] % header["digest_every"] == 0:
        return True
    for line in map(json.loads, following):
        if line["kind"] != "ckpt":
            return None if line["kind"] == "nan-stop" else line["kind"] != "step" or line["epoch"] != step["epoch"]
    return None


def check_run(count, directory):
    with open(os.path.join(directory, "run.ledger"), "rb") as f:
        data = f.read()
    if not count.check(data.endswith(b"\n"), directory, "ends in the middle of a line"):
        return
    raw = data[:-1].split(b"\n")
    found = digests(raw)
    header, before, last = None, None, 0
    for i, text in enumerate(raw):
        line = json.loads(text.decode("ascii"))
        where = "%s/run.ledger:%d:" % (directory, i + 1)
        keys = [k for k in MEMBERS[line["kind"]].split() if k in line or k not in OPTIONAL.get(line["kind"], ())]
        count.check(list(line) == keys, where, "members")
        count.check(spelled(line).encode() == text, where, "spelling")
        count.check(line["prev"] == (found[i - 1] if i else "0" * 64), where, "chain")
        count.check((line["kind"] == "header") == (i == 0), where, "header")
        if line["kind"] == "header":
            header = line
            count.check(line["format"] == "isobit-ledger-1" and line["digest"] == "blake3-256", where, "format")
            for split in ("train", "test"):
                count.check(split not in line or list(line[split]) == ["images", "pixels", "classes", "files"] +
                            ["skipped"] * ("skipped" in line[split]), where, split)
        elif line["kind"] == "step":
            count.check(line["step"] == last + 1, where, "step")
            last = line["step"]
            due = digests_due(line, header, raw[i + 1:i + 4])
            count.check(("batch" in line) == ("state" in line) == (due if due is not None else "state" in line), where, "digests")
            hexes = [(k, n) for k, n in (("batch", 64), ("state", 64), ("loss", 8), ("lr", 16)) if k in line]
            count.check(all(re.fullmatch("[0-9a-f]{%d}" % n, line[k]) for k, n in hexes), where, "hex")
        else:
            count.check(line["step"] == last + (line["kind"] == "nan-stop"), where, "step")
        if line["kind"] == "ckpt":
            follows = before if before["kind"] == "step" and before["step"] == line["step"] else None
            model = check_checkpoint(count, directory, line, follows)
            count.check(model == header["model"], where, "model")
        count.check(not before or before["kind"] not in ("end", "nan-stop"), where, "behind the end")
        before = line
    print("%s: %d lines, head %s" % (directory, len(raw), found[-1]))


def draw(head, beacon, count, wanted):
    """The numbers of the segments that are drawn."""
    places = list(range(count))
    for i in range(min(wanted, count)):
        d = digests([b"isobit sample 1\0" + head + struct.pack("<Q", i) + beacon])[0]
        j = i + (int.from_bytes(bytes.fromhex(d)[:8], "little") * (count - i) >> 64)
        places[i], places[j] = places[j], places[i]
    return sorted(places[:wanted])


def print_sample(directory, wanted, beacon):
    with open(os.path.join(directory, "run.ledger"), "rb") as f:
        raw = f.read().split(b"\n")[:-1]
    lines = [json.loads(text) for text in raw]
    last = max([line["step"] for line in lines if line["kind"] in ("step", "nan-stop")], default=0)
    starts = [line["step"] for line in lines if line["kind"] == "ckpt" and line["step"] < last] or [0]
    chosen = draw(bytes.fromhex(digests([raw[-1]])[0]), beacon, len(starts), wanted)
    print("%s of %d" % (", ".join("%d-%d" % (starts[i] + 1, (starts + [last])[i + 1]) for i in chosen), len(starts)))


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    if sys.argv[1] == "--sample":
        for directory in sys.argv[5:]:
            print_sample(directory, int(sys.argv[2]), bytes.fromhex(sys.argv[4]))
        return 0
    count = Count()
    for directory in sys.argv[1:]:
        check_run(count, directory)
    print("%d passed, %d failed" % (count.passed, count.failed))
    return count.failed != 0


if __name__ == "__main__":
    sys.exit(main())
