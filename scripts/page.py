#!/usr/bin/env python3
"""Runs what a page of docs/ shows and compares: `page.py PAGE BUILD [--torch PYTHON] [--torchvision PYTHON] [--folder FOLDER] [--write]`.

A ```console block holds commands behind `$ ` and what they print; where one fails, its exit status follows as `[status N]`. They run in FOLDER, as a
user who is not root where this is root; without FOLDER, in one that has the tree's examples, where isobit is installed. A ```python block is followed
by a ```text block with what it prints; it runs with --torch (and one that imports torchvision with --torchvision), and is left out without. Where
<!-- equal --> stands above a block, its output must be that of the last one before it, character by character: what the text claims."""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- equal -->\n)?```(console|python|text)\n(.*?)```\n", re.S)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--folder")
    parser.add_argument("--torch")
    parser.add_argument("--torchvision")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def console(text, run):
    """The block with what its commands print now."""
    out = []
    for command in re.findall(r"^\$ ((?:.*\\\n)*.*)", text, re.M):
        printed = run(["bash", "-c", command])
        out.append(f"$ {command}\n{printed}")
    return "".join(out)


def only_output(text):
    return re.sub(r"^\$ (?:.*\\\n)*.*\n", "", text, flags=re.M)


def prepare(folder, build):
    """Installs isobit below the folder; the environment in which its programs and libraries are found."""
    (pathlib.Path(folder) / "examples").symlink_to(ROOT / "examples")
    subprocess.run(["make", "-s", "install", f"BUILD={build}", f"PREFIX={folder}/usr"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return dict(os.environ, PATH=f"{folder}/usr/bin:{os.environ['PATH']}", PKG_CONFIG_PATH=f"{folder}/usr/lib/pkgconfig",
                LD_LIBRARY_PATH=f"{folder}/usr/lib", ISOBIT_CACHE="off")


def main():
    options = arguments()
    page, parts, position, code, last = options.page.read_text(), [], 0, None, None
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        if options.folder:
            folder, environment = options.folder, dict(os.environ)
        else:
            environment = prepare(folder, options.build)
        user = {"user": 65534, "group": 65534, "extra_groups": []} if options.folder and os.geteuid() == 0 else {}

        def run(command):
            done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **user)
            return done.stdout + (f"[status {done.returncode}]\n" if done.returncode else "")

        for block in BLOCK.finditer(page):
            equal, kind, text = block[1], block[2], block[3]
            if kind == "python":
                code = text
                continue
            now = text
            if kind == "console":
                now = console(text, run)
            else:
                python = options.torchvision if "torchvision" in code else options.torch
                if python:
                    now = run([os.path.abspath(python), "-W", "ignore", "-c", code])
            where = f"{options.page}, line {page[: block.start()].count(chr(10)) + 1}"
            if now != text and not options.write:
                failed += 1
                print(f"FAIL {where}: expected\n{text}got\n{now}")
            elif equal and only_output(now) != last:
                failed += 1
                print(f"FAIL {where}: the outputs are said to be equal, but are\n{last}and\n{only_output(now)}")
            else:
                passed += 1
            last = only_output(now)
            parts += [page[position : block.start(3)], now]
            position = block.end(3)
    if options.write:
        options.page.write_text("".join(parts) + page[position:])
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
