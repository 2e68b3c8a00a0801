#!/usr/bin/env python3
"""Keeps what docs/ quotes from the program true. A block

    <!-- isobit help --markdown layers -->
    ...
    <!-- end -->

holds what that command prints. `docs.py BUILD` names the blocks that are not up to date and fails; `docs.py BUILD --write` writes them."""

import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"<!-- (isobit [^\n]*?) -->\n.*?<!-- end -->", re.S)


def main():
    build, write = pathlib.Path(sys.argv[1]).resolve(), "--write" in sys.argv[2:]
    passed = failed = 0
    for path in sorted((ROOT / "docs").glob("*.md")):
        text = path.read_text()

        def fill(match):
            words = shlex.split(match[1])
            done = subprocess.run([build / words[0]] + words[1:], capture_output=True, text=True, check=True)
            return f"<!-- {match[1]} -->\n{done.stdout}<!-- end -->"

        for match in BLOCK.finditer(text):
            if fill(match) == match[0]:
                passed += 1
            elif not write:
                failed += 1
                print(f"FAIL {path.relative_to(ROOT)}: `{match[1]}` prints something else now; scripts/docs.py {sys.argv[1]} --write")
        if write:
            path.write_text(BLOCK.sub(fill, text))
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
