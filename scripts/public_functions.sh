#!/bin/sh
# The names of the functions that the public headers declare, sorted: what the compiler sees behind ISO_API.
set -eu
cd "$(dirname "$0")/.."
"${CC:-cc}" -E -P -x c -DISO_API=ISO_API_HERE -Iinclude include/isobit/isobit.h | tr '\n' ' ' | tr ';{}' '\n\n\n' |
    sed -n 's/.*ISO_API_HERE [^(]*[ *]\(iso_[a-z0-9_]*\)(.*/\1/p' | LC_ALL=C sort
