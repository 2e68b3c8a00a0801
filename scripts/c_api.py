#!/usr/bin/env python3
"""Writes docs/c-api.md from the public headers: every header's own comment, every type, and every function with the comment that stands above it
or above the group that it belongs to (declarations without an empty line between them).

`c_api.py` fails if the file is not up to date, if a function has no comment, or if a comment does not say what a function returns;
`c_api.py --write` writes it."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include" / "isobit"
ORDER = ["context.h", "tensor.h", "nn.h", "run.h", "report.h", "random.h", "random/torch.h", "random/init.h", "random/torch_cuda.h", "random/numpy.h",
         "random/numpy_generator.h", "random/numpy_legacy.h", "random/python.h", "random/mt19937.h", "random/philox.h"]
INTRODUCTION = """`examples/tutorial.c` is the tutorial's experiment in under 100 lines of C, down to the same weights as `examples/tutorial.yaml`; `examples/streams.c` draws PyTorch's, NumPy's and
Python's numbers with nothing but `isobit/random.h`. `make install` puts headers, libraries, the program, its manual pages and completions below `PREFIX`, with files for pkg-config
(`isobit`, `isobit-random`) and CMake (`find_package(isobit)`: `isobit::isobit`, `isobit::static`, `isobit::random`); `make deb` builds Debian packages.
The installed program uses the installed library, and finds it wherever both were moved to together; `build/isobit` is one file that needs none.

"""

# How a comment says what a function of this type returns; the header's own comment may say it for all.
RETURNS = {
    "iso_status": r"ISO_[A-Z]|[Ee]rror",
    "bool": r"[Ff]alse|[Ww]hether|[Tt]rue",
}
ANYTHING = r"."


def comment_text(lines):
    text = "\n".join(lines)
    text = re.sub(r"^\s*/\*+ ?|\s*\*/\s*$", "", text)
    return "\n".join(re.sub(r"^ \* ?", "", line).rstrip() for line in text.split("\n")).strip("\n")


def chunks(text):
    """The header's text in blocks: a comment and the declarations below it, up to an empty line at the top level."""
    depth, comment, block = 0, False, []
    for line in text.split("\n"):
        inside = comment
        comment = ("/*" in line or comment) and "*/" not in line.rsplit("/*", 1)[-1]
        if not line.strip() and depth == 0 and not inside:
            if block:
                yield block
            block = []
            continue
        block.append(line)
        code = re.sub(r"/\*.*?\*/|//.*", "", line)
        if not inside and not line.lstrip().startswith("#"):
            depth += code.count("{") - code.count("}")
    if block:
        yield block


def split_block(block):
    """A block as pairs of a comment and the code lines below it."""
    pairs, note, code, comment = [], [], [], False
    for line in block:
        starts = line.startswith("/*")
        if starts or comment:
            if starts and (code or note):
                pairs.append((note, code))
                note, code = [], []
            note.append(line)
            comment = "*/" not in line
        else:
            code.append(line)
    pairs.append((note, code))
    return pairs


def functions(code):
    """(result type, name, declaration) of what is exported, of inline functions too."""
    text = "\n".join(code)
    for match in re.finditer(r"(?:ISO_API|static inline) ([^;{(]*?[ *])(iso_\w+)(\([^;{]*?\))\s*[;{]", text, re.S):
        yield match[1].strip(), match[2], re.sub(r"\s+", " ", f"{match[1]}{match[2]}{match[3]}")


def markdown(name, problems):
    text = (INCLUDE / name).read_text()
    # Guards and what is only for the macros themselves (names that end in an underscore) are no part of the interface.
    text = re.sub(r"^#define (ISOBIT_\w+_H$|\w+_\().*?[^\\]$", "", text, flags=re.M | re.S)
    text = re.sub(r"^#(ifndef|endif|ifdef|include|else|elif|if)\b.*$", "", text, flags=re.M)
    text = re.sub(r'^extern "C" \{$|^\}$(?=\s*\Z)', "", text, flags=re.M)
    blocks = list(chunks(text))
    head = comment_text(blocks[0])
    title, _, rest = head.partition(":")
    out = [f"## {title}", "", ""]
    out[-1] = rest.strip()
    if "\n    " in out[-1]:
        out[-1] = re.sub(r"((?:^    .*\n?|^\n(?=    ))+)", lambda m: "\n```c\n" + re.sub(r"^    ", "", m[1].strip("\n"), flags=re.M) + "\n```\n", out[-1], flags=re.M)
    for block in blocks[1:]:
        for note, code in split_block(block):
            words = re.sub(r"(?<![\w*`/])\*(?=\w)", r"\\*", comment_text(note))
            section = re.fullmatch(r"---- (.*) ----", words)
            if section:
                out += ["", f"### {section[1]}"]
                continue
            code = [line for line in code if line.strip()]
            if not code:
                if words:
                    out += ["", words]
                continue
            for result, function, _ in functions(code):
                if not words:
                    problems.append(f"include/isobit/{name}: {function} has no comment")
                elif result != "void" and not re.search(RETURNS.get(result, ANYTHING), words + head):
                    problems.append(f"include/isobit/{name}: the comment of {function} does not say when its {result} is what")
            shown = re.sub(r"^ISO_API ([^;]*;)", lambda m: m[1].replace("\n        ", "\n"), "\n".join(code), flags=re.M)
            shown = re.sub(r"[ \t]+\\$", " \\\\", shown, flags=re.M)
            if words:
                out += ["", words]
            out += ["", "```c", shown, "```"]
    return "\n".join(out)


def main():
    problems = []
    every = sorted(str(path.relative_to(INCLUDE)) for path in INCLUDE.rglob("*.h"))
    for missing in set(every) - set(ORDER) - {"api.h", "isobit.h"}:
        problems.append(f"include/isobit/{missing} is not in scripts/c_api.py")
    text = "# The C interface\n\nWritten by `scripts/c_api.py` from the headers in `include/isobit`. `#include <isobit/isobit.h>` has all of it.\n\n"
    text += INTRODUCTION
    text += "\n\n".join(markdown(name, problems) for name in ORDER) + "\n"
    text = re.sub(r"\n{3,}", "\n\n", text)
    path = ROOT / "docs" / "c-api.md"
    if "--write" in sys.argv[1:]:
        path.write_text(text)
    elif not path.exists() or path.read_text() != text:
        problems.append("docs/c-api.md is not what the headers say: scripts/c_api.py --write")
    for problem in problems:
        print("FAIL", problem)
    count = len(re.findall(r"ISO_API ", "".join((INCLUDE / name).read_text() for name in every)))
    print(f"{count + 1 - len(problems)} passed, {len(problems)} failed")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
