#!/bin/sh
# The names that the shared library exports for the program alone (src/core/private.h), sorted.
set -eu
cd "$(dirname "$0")/.."
sed -n 's/.*ISO_FOR_PROGRAM [^(;[]*[ *]\(iso_[a-z0-9_]*\)[(;[].*/\1/p' src/*/*.h | LC_ALL=C sort
