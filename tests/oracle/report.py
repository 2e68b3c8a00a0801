#!/usr/bin/env python3
"""The page of `isobit report` in headless Chromium: its numbers beside the run's own files, its structure, its layout.

    tests/oracle/report.py [--build build] [--chromium chromium] [--shots DIR]

The runs are read by this script itself (ledger, metrics.jsonl, checkpoints; digests by b3sum); the page as Chromium shows it. --shots keeps pictures. The
last line reads `N passed, N failed`."""
import argparse
import html
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from html.parser import HTMLParser

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VOID = {"meta", "link", "br", "path", "img", "input"}
passed = failed = 0


def check(ok, *what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAIL", *what)
    return ok


# ---- The page ----

class Node:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children, self.text = tag, dict(attributes), parent, [], ""

    def all(self, tag=None, **attributes):
        for child in self.children:
            if (tag is None or child.tag == tag) and all(child.attributes.get(k.replace("_", "-").rstrip("-")) == v for k, v in attributes.items()):
                yield child
            yield from child.all(tag, **attributes)

    def one(self, tag=None, **attributes):
        return next(self.all(tag, **attributes), None)

    def words(self):
        return self.text + "".join(c.words() + c.tail for c in self.children)

    tail = ""


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("", {}, None)
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        node = Node(tag, attributes, self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        while self.at.tag != tag:
            self.at = self.at.parent
        self.at = self.at.parent

    def handle_data(self, data):
        if self.at.children:
            self.at.children[-1].tail += data
        else:
            self.at.text += data


class Browser:
    def __init__(self, program, work):
        self.program, self.work = program, work

    def run(self, path, *arguments):
        command = [self.program, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + os.path.join(self.work, "profile"),
                   "--virtual-time-budget=3000", *arguments, "file://" + path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise SystemExit("%s\n%s" % (" ".join(command), done.stderr[-2000:]))
        return done.stdout

    def dom(self, path):
        return self.run(path, "--dump-dom")

    def layout(self, path, width):
        """Widths and sizes as they come out in a frame of that width. The script for it stands outside of the page."""
        with open(path, encoding="utf-8") as f:
            text = re.sub("<meta http-equiv=[^>]*>", "", f.read())
        frame = os.path.join(self.work, "frame.html")
        script = """onload = () => { const d = document.querySelector('iframe').contentDocument, w = d.defaultView;
            for (const e of d.querySelectorAll('details')) e.open = true;
            let least = 99; const walk = d.createTreeWalker(d.body, 4);
            while (walk.nextNode()) if (walk.currentNode.data.trim()) least = Math.min(least, parseFloat(w.getComputedStyle(walk.currentNode.parentNode).fontSize));
            const boxes = [...d.querySelectorAll('.frame svg')].map(e => e.getBoundingClientRect().width);
            const out = [...d.querySelectorAll('.frame span.x, .frame span.y')].filter(e => { const b = e.getBoundingClientRect(); return b.left < 0 || b.right > w.innerWidth; }).length;
            document.body.textContent = JSON.stringify({width: d.documentElement.scrollWidth, least, boxes, out}); }"""
        with open(frame, "w", encoding="utf-8") as f:
            f.write("<!doctype html><body><iframe style='width:%dpx;height:900px;border:0' srcdoc=\"%s\"></iframe><script>%s</script>"
                    % (width, html.escape(text), script))
        return json.loads(re.search(r"\{.*\}", html.unescape(self.run(frame, "--dump-dom", "--window-size=1400,1000")))[0])


# ---- The run ----

def f32(hexes):
    return struct.unpack(">f", bytes.fromhex(hexes))[0]


def bits(value):
    return struct.pack(">f", float(value)).hex()


def ledger(run):
    with open(os.path.join(run, "run.ledger")) as f:
        return [json.loads(line) for line in f]


def head(run):
    with open(os.path.join(run, "run.ledger"), "rb") as f:
        last = f.read().rstrip(b"\n").split(b"\n")[-1]
    return subprocess.run(["b3sum", "--no-names"], input=last, capture_output=True, check=True).stdout.decode().strip()


def metrics(run):
    with open(os.path.join(run, "metrics.jsonl")) as f:
        return [json.loads(line) for line in f]


def tensor(run, step, name):
    with open(os.path.join(run, "checkpoint-%06d.safetensors" % step), "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    first, end = json.loads(data[8:8 + size])[name]["data_offsets"]
    return ["%08x" % word for word in struct.unpack("<%dI" % ((end - first) // 4), data[8 + size + first:8 + size + end])]


# ---- Numbers ----

def rows(page, table, curve, run="A"):
    """[(step, text)] of a curve's table."""
    node = page.root.one("table", id="table-" + table)
    return [(int(r.one("th").words()), list(r.all("td"))[-1].words()) for r in node.all("tr", data_curve=curve, data_run=run)] if node else []


def check_numbers(page, run, letter="A"):
    lines, told = ledger(run), metrics(run)
    steps = [line for line in lines if line["kind"] == "step"]
    evals = [line for line in lines if line["kind"] == "eval"]
    measured = [m for m in told if m["kind"] == "step" and m["step"] <= (steps[-1]["step"] if steps else 0)]
    same = lambda found, expected: [(s, bits(v)) for s, v in found] == expected
    check(same(rows(page, "loss", "train", letter), [(s["step"], s["loss"]) for s in steps]), run, "loss")
    check(same(rows(page, "loss", "test", letter), [(e["step"], e["loss"]) for e in evals]), run, "test loss")
    check([(s, float(v)) for s, v in rows(page, "lr", "lr", letter)] == [(s["step"], struct.unpack(">d", bytes.fromhex(s["lr"]))[0]) for s in steps], run, "lr")
    check([(s, float(v)) for s, v in rows(page, "accuracy", "test", letter)] == [(e["step"], float("%.6g" % (100 * e["correct"] / e["count"]))) for e in evals],
          run, "accuracy")
    check(same(rows(page, "norm", "norm", letter), [(m["step"], bits(m["gradient_norm"])) for m in measured]), run, "gradient norm")
    speeds = [(m["step"], m["images"] / m["seconds"]) for m in measured]
    found = rows(page, "throughput", "throughput", letter)
    check(len(found) == len(speeds) and all(s == t and abs(float(v) / w - 1) < 1e-4 for (s, v), (t, w) in zip(found, speeds)), run, "throughput")


def check_record(page, run):
    lines = ledger(run)
    codes = [code.words() for code in page.root.all("code")]
    steps = [line for line in lines if line["kind"] == "step"]
    expected = [head(run), lines[0]["model"], lines[0]["train"]["pixels"]] + ([lines[0]["test"]["pixels"]] if "test" in lines[0] else [])
    expected += [s["state"] for s in steps if "state" in s][-1:]
    check(all(digest in codes for digest in expected), run, "digests")
    table = page.root.one("table", class_="checkpoints")
    found = [(int(r.one("th").words()), r.one("td").words(), r.one("code").words()) for r in table.one("tbody").all("tr")]
    check(found == [(c["step"], c["file"], c["digest"]) for c in lines if c["kind"] == "ckpt"], run, "checkpoints")
    ends = [s for i, s in enumerate(steps) if "state" in s and (i + 1 == len(steps) or steps[i + 1]["epoch"] != s["epoch"])]
    found = [(int(r.one("th").words()), r.one("code").words()) for r in page.root.one("table", class_="states").one("tbody").all("tr")]
    check(found == [(s["step"], s["state"]) for s in ends][::-1], run, "state roots")
    with open(os.path.join(run, "run.env")) as f:
        starts = [json.loads(line) for line in f]
    found = [[cell.words() for cell in r.all() if cell.tag in ("th", "td")] for r in page.root.one("table", class_="starts").one("tbody").all("tr")]
    check([row[:5] for row in found] == [[s["started"], s["host"], s["cpu"], s["isa"], str(s["threads"])] for s in starts], run, "environment")
    check(page.root.one("pre").words() == lines[0]["recipe"], run, "recipe")


def check_gradients(page, run):
    expected = [m for m in metrics(run) if m["kind"] == "gradients"]
    table = page.root.one("table", class_="gradients")
    found = {r.one("th").words(): [c.words() for c in r.all("td")] for r in table.one("tbody").all("tr")}
    check(found == {name: ["%.4g" % m["norms"][name] for m in expected] for name in expected[0]["norms"]}, run, "norms by parameter")
    for m in expected:
        total = sum(v * v for v in m["norms"].values()) ** 0.5
        step = next(s for s in metrics(run) if s["kind"] == "step" and s["step"] == m["step"])
        check(abs(total / step["gradient_norm"] - 1) < 1e-6, run, "norms of step %d" % m["step"])


def ulp(a, b):
    order = lambda word: -(word & 0x7fffffff) if word >> 31 else word
    return abs(order(int(a, 16)) - order(int(b, 16)))


def check_window(page, a, b, step, name):
    """Around the first difference in two checkpoints."""
    x, y = tensor(a, step, name), tensor(b, step, name)
    first = next(i for i in range(len(x)) if x[i] != y[i])
    found = list(page.root.one("table", id="table-window").one("tbody").all("tr"))
    elements = [int(r.attributes["data-element"]) for r in found]
    check(first in elements and len(elements) == len(set(elements)) > 1, "the window has the first difference")
    for r, i in zip(found, elements):
        cells = [c.words() for c in r.all("td")]
        check([c[-9:-1] for c in cells[:2]] == [x[i], y[i]] and bits(cells[0].split()[0]) == x[i] and int(cells[2]) == ulp(x[i], y[i]), "window", i, cells)
    cells = list(page.root.one("div", class_="heat").all("b"))
    check(len(cells) == len(elements) and [c.words() for c in cells] == [str(ulp(x[i], y[i]).bit_length()) if x[i] != y[i] else "" for i in elements], "picture")
    check([i for c, i in zip(cells, elements) if c.attributes["class"].endswith(" first")] == [first], "the frame")


# ---- Structure ----

def check_self_contained(page, text, where):
    for node in page.root.all():
        for name, value in node.attributes.items():
            if name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href"):
                check(value.startswith("#") or value == "data:,", where, node.tag, name, value)
            check(not name.startswith("on"), where, node.tag, name)
    check(page.root.one("script") is None and not re.search(r"url\(|@import|https?://", text), where, "references")
    policy = page.root.one("meta", http_equiv="Content-Security-Policy")
    check(policy and policy.attributes["content"].startswith("default-src 'none'"), where, "policy")


def check_structure(page, where):
    root = page.root
    ids = [n.attributes["id"] for n in root.all() if "id" in n.attributes]
    check(len(ids) == len(set(ids)), where, "ids")
    check(root.one("html").attributes.get("lang") == "en" and root.one("title").words(), where, "language and title")
    for landmark in ("main", "header", "footer", "nav"):
        check(len(list(root.all(landmark))) == 1, where, landmark)
    levels = [int(n.tag[1]) for n in root.all() if re.fullmatch("h[1-6]", n.tag)]
    check(levels[0] == 1 and levels.count(1) == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:])), where, "headings", levels)
    for n in root.all():
        label = n.attributes.get("aria-labelledby")
        check(not label or label in ids, where, "label", label)
        if n.attributes.get("role") in ("img", "region"):
            check(n.attributes.get("aria-label"), where, n.tag, n.attributes)
        if n.attributes.get("role") == "region":
            check(n.attributes.get("tabindex") == "0", where, "scrolls without a keyboard")
        if n.tag == "a":
            check(n.attributes["href"][1:] in ids, where, n.attributes["href"])
        if n.tag == "th":
            check("scope" in n.attributes, where, "th without scope")
        if n.tag == "svg":
            check(n.attributes.get("aria-hidden") == "true", where, "svg that is read out")
    for figure in root.all("figure"):
        check(figure.one("table") or figure.one("p", class_="empty"), where, "figure without a table", figure.attributes["id"])


def luminance(colour):
    colour = colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    return sum(w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for w, c in zip((0.2126, 0.7152, 0.0722), parts))


def check_contrast(page):
    style = page.root.one("style").words()
    for scheme, block in (("light", style), ("dark", style[style.index("prefers-color-scheme:dark"):])):
        colours = dict(re.findall(r"--([a-z0-9]+):(#[0-9a-f]+)", block[:block.index("}")]))
        pairs = [(text, ground, 4.5) for text in ("text", "quiet", "a", "good", "bad", "wait") for ground in ("ground", "card")]
        pairs += [("b", "ground", 4.5), ("focus", "ground", 3)] + [("t%d" % i, "h%d" % i, 4.5) for i in range(1, 6)]
        for text, ground, least in pairs:
            high, low = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
            check((high + 0.05) / (low + 0.05) >= least, scheme, text, "on", ground, "%.2f" % ((high + 0.05) / (low + 0.05)))


# ---- The whole ----

def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--chromium", default="chromium")
    p.add_argument("--shots")
    o = p.parse_args()
    isobit = os.path.abspath(os.path.join(o.build, "isobit"))
    with tempfile.TemporaryDirectory() as work:
        browser = Browser(o.chromium, work)
        path = lambda name: os.path.join(work, name)

        def train(name, *more, ok=(0,)):
            done = subprocess.run([isobit, "train", os.path.join(ROOT, "examples/tutorial.yaml"), "--out", path(name), "--quiet", "--set", "epochs=2", *more],
                                  capture_output=True, text=True)
            if done.returncode not in ok:
                raise SystemExit(done.stderr)

        def report(name, *runs):
            file = path(name + ".html")
            subprocess.run([isobit, "report", *(path(r) for r in runs), "--out", file], check=True, stdout=subprocess.DEVNULL)
            text = browser.dom(file)
            page = Page(text)
            check_self_contained(page, text, name)
            check_structure(page, name)
            if o.shots:
                os.makedirs(o.shots, exist_ok=True)
                for kind, width, more in (("light", 1200, ()), ("dark", 1200, ("--blink-settings=preferredColorScheme=0",)), ("narrow", 500, ())):
                    browser.run(file, "--screenshot=" + os.path.join(o.shots, "%s-%s.png" % (name, kind)), "--hide-scrollbars",
                                "--window-size=%d,2200" % width, *more)
            return page, file

        train("a")
        page, file = report("one", "a")
        check_numbers(page, path("a"))
        check_record(page, path("a"))
        check_gradients(page, path("a"))
        check_contrast(page)
        check(page.root.one("span", class_="state good").words() == "finished", "state")
        tiles = {d.one("dt").words(): d.one("dd").text for d in page.root.one("dl", id="summary").all("div")}
        last = [line for line in ledger(path("a")) if line["kind"] == "eval"][-1]
        check(tiles["Test accuracy"] == "%.2f %%" % (100 * last["correct"] / last["count"]) and tiles["Steps"] == "48", tiles)
        for width in (320, 360, 800, 1200):
            layout = browser.layout(file, width)
            check(layout["width"] <= width and layout["least"] >= 10.5 and layout["out"] == 0 and min(layout["boxes"]) >= 200, "layout at", width, layout)

        train("seed", "--set", "seed=124")
        page, file = report("two", "a", "seed")
        for letter, run in (("A", "a"), ("B", "seed")):
            check_numbers(page, path(run), letter)
        check_window(page, path("a"), path("seed"), 0, "0.weight")
        check("Cause: seed: 123 in A, 124 in B." in page.root.one("div", class_="verdict").words(), "verdict")
        check(browser.layout(file, 360)["width"] <= 360, "two runs at 360")

        train("lr", "--set", "optimizer=SGD(lr=0.02, momentum=0.9)")
        page, _ = report("lr", "a", "lr")
        found = json.loads(subprocess.run([isobit, "diff", path("a"), path("lr"), "--json"], capture_output=True, text=True).stdout)
        entries = {d.one("dt").words(): d.one("dd").words() for d in page.root.one("dl", id="difference").all("div")}
        check(entries["First step that differs"] == str(found["step"]) and entries["Operation"] == found["op"] and entries["Tensor"] == found["tensor"] and
              entries["Distance"] == "%d ULP" % found["ulp"] and found["bits_a"] in entries["Value in A"] and found["bits_b"] in entries["Value in B"] and
              entries["Tensors that differ"] == "%d of %d" % (found["differing"], found["tensors"]), entries, found)

        train("again", "--threads", "1")
        page, _ = report("equal", "a", "again")
        check("The runs are equal." in page.root.words() and page.root.one("table", id="table-window") is None, "equal runs")

        train("nan", "--set", "optimizer=SGD(lr=1e20)", ok=(4,))
        page, _ = report("nan", "nan")
        stop = ledger(path("nan"))[-1]
        check(stop["kind"] == "nan-stop" and page.root.one("span", class_="state bad").words() ==
              "stopped by a NaN in step %d: %s, element %d" % (stop["step"], stop["tensor"], stop["index"]), "a run that a NaN stopped")
        check_record(page, path("nan"))

        # Killed behind step 30 and resumed; killed behind its first checkpoint; a run of one step.
        shutil.copytree(path("a"), path("killed"))
        lines = open(os.path.join(path("a"), "run.ledger")).readlines()
        for name, kept in (("killed", 34), ("zero", 2), ("step", 3)):
            shutil.copytree(path("a"), path(name), dirs_exist_ok=True)
            with open(os.path.join(path(name), "run.ledger"), "w") as f:
                f.writelines(lines[:kept])
        subprocess.run([isobit, "train", "--out", path("killed"), "--resume", "--quiet"], check=True, stdout=subprocess.DEVNULL)
        page, _ = report("killed", "killed")
        check_numbers(page, path("killed"))
        check_record(page, path("killed"))
        check(page.root.one("table", class_="starts").one("caption").words().startswith("2 starts"), "two starts")
        page, _ = report("zero", "zero")
        check(page.root.one("span", class_="state wait").words() == "unfinished: 0 of 48 steps" and len(list(page.root.all("p", class_="empty"))) > 0, "no step")
        page, _ = report("step", "step")
        check(len(rows(page, "loss", "train")) == 1 and page.root.one("figure", id="plot-loss").one("path", class_="dots a"), "one step")
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
