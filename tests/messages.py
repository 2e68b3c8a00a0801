#!/usr/bin/env python3
"""Every message that src/ can print has its cause and cure in docs/troubleshooting.md, or stands below with the reason why it has none.

A message is covered by a line of a console block there, or by a code span of three words or more such as `... must be between ...`, whose
parts it has in that order; and what the first column of a table quotes is somewhere in src/. A text that is only passed on (`"%s: %s"`) is no
message; the function that is given it is one of CALLS."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/troubleshooting.md"
CALLS = re.compile(r"\b(iso_\w*fail(?:_at)?|iso_verify_found|iso_module_bad_input|\w*_error|creation_failed|line_is_bad|fail_at|bad|damaged|"
                   r"refuse)\(")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
WANTED = re.compile(r"%[-+ #0-9.*]*(?:hh|h|ll|l|z|j)?[a-zA-Z%]")  # what printf puts something else for
ADDED = re.compile(r"^[,;']|[^:] $")  # `condition ? "; did you mean '" : ""`: no message of its own

# File, a part of the message, and why no user of the program needs a cure.
C_ONLY = "the program never asks for it: a mistake of a program in C, which the header's comment forbids"
EXEMPT = [
    ("src/core/tensor.c", "a tensor of %d dimensions", C_ONLY),
    ("src/core/tensor.c", "of a tensor is %lld", C_ONLY),
    ("src/data/loader.c", "RandomChoice draws from Python's random, which is not given", C_ONLY),
    ("src/data/loader.c", "cannot skip %lld batches", C_ONLY),
    ("src/data/loader.c", "no epoch has begun", C_ONLY),
    ("src/nn/module.c", "micro_batch is %lld", C_ONLY),
    ("src/nn/step.c", "the input has shape", C_ONLY),
    ("src/nn/step.c", "the target has shape", C_ONLY),
    ("src/nn/step.c", "target[%lld] is class", C_ONLY),
    ("src/nn/step.c", "the output tensor has shape", C_ONLY),
    ("src/audit/verify_steps.c", "%s/run.ledger, %s", "only the place, in front of what the ledger says of the line"),
]


def source(path):
    """Without comments and without the quote as a character, so that what stands between two quotes is a string."""
    text = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), path.read_text(), flags=re.S)
    return re.sub(r"'\\?\"'", "0", text)


def arguments(text, start):
    """What stands between the bracket at `start` and its partner."""
    depth, at, end = 0, start, len(text)
    while at < end:
        if text[at] == '"':
            at = STRING.match(text, at).end()
            continue
        depth += (text[at] == "(") - (text[at] == ")")
        at += 1
        if depth == 0:
            break
    return text[start + 1 : at - 1]


def pieces(code):
    """The texts in it: literals that stand side by side are one, and what is chosen by ? : are several."""
    found, end = [], 0
    for match in STRING.finditer(code):
        if found and code[end : match.start()].isspace():
            found[-1] += match[1]
        else:
            found.append(match[1])
        end = match.end()
    return [text.replace('\\"', '"') for text in found]


def letters(text):
    return sum(c.isalpha() for c in text)


def messages():
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        text = source(path)
        for match in CALLS.finditer(text):
            for piece in pieces(arguments(text, match.end() - 1)):
                parts = WANTED.split(piece)
                if letters("".join(parts)) >= 8 and " " in piece.strip() and not ADDED.search(piece):
                    yield path.relative_to(ROOT), text.count("\n", 0, match.start()) + 1, piece, parts


def covers():
    """Lines, and the parts of spans: the parts of a message are looked for in a line, those of a span in a message."""
    page = PAGE.read_text()
    lines = [line for block in re.findall(r"```console\n(.*?)```", page, re.S) for line in block.splitlines() if not line.startswith("$")]
    prose = re.sub(r"\s+", " ", re.sub(r"```.*?```", "", page, flags=re.S))
    quoted = "".join(re.findall(r"^\| (`.*?) \|", page, re.M))
    spans = {span: [part.strip(" :;,") for part in span.split("...") if part.strip(" :;,")]
             for span in re.findall(r"`([^`]+)`", prose) if len(span.split()) >= 3 and letters(span) >= 6}
    return lines, spans, [span for span in spans if f"`{span}`" in quoted]


def in_order(parts, text):
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def main():
    lines, spans, quoted = covers()
    used, passed, failed = set(), 0, 0
    for path, number, piece, parts in messages():
        exempt = [i for i, (file, part, _) in enumerate(EXEMPT) if str(path).startswith(file) and part in piece]
        used.update(exempt)
        if exempt or any(in_order(span, piece) for span in spans.values()) or any(in_order(parts, line) for line in lines):
            passed += 1
        else:
            failed += 1
            print(f"FAIL {path}:{number}: {PAGE.name} has no cure for: {piece}")
    said = [piece for path in (ROOT / "src").rglob("*.[ch]") for piece in pieces(source(path))]
    for span in quoted:
        if not any(in_order(spans[span], piece) for piece in said):
            failed += 1
            print(f"FAIL {PAGE.name} explains what nothing says: {span}")
    for i in set(range(len(EXEMPT))) - used:
        failed += 1
        print(f"FAIL {sys.argv[0]}: no message is '{EXEMPT[i][1]}' in {EXEMPT[i][0]} any more")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
