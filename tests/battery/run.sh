#!/bin/bash
# tests/battery/run.sh BUILD [small|crush|big] [elements|samples|steps]: the native stream under TestU01, which Debian packages in its
# section non-free; installed from there if it is missing. Ends in `N passed, N failed`.
set -euo pipefail
build=$1
shift
if ! [ -e /usr/include/bbattery.h ] && ! find /usr/include -name bbattery.h 2>/dev/null | grep -q .; then
    list=$(mktemp --suffix=.list)
    trap 'rm -f "$list"' EXIT
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | awk '!/security|updates/ && NF == 2 {print "deb [trusted=yes] " $1 " " $2 " main non-free"; exit}' >"$list"
    apt-get -qq -o Dir::Etc::SourceList="$list" -o Dir::Etc::SourceParts=/dev/null update
    apt-get -qq -y -o Dir::Etc::SourceList="$list" -o Dir::Etc::SourceParts=/dev/null install libtestu01-0-dev >/dev/null
    apt-get -qq update
fi
include=$(dirname "$(find /usr/include -name bbattery.h | head -n 1)")
"${CC:-cc}" -std=c11 -O2 -Iinclude -I"$include" tests/battery/testu01.c "$build/libisobit-random.a" -ltestu01 -lprobdist -lmylib -lm -o "$build/testu01" 2>/dev/null ||
    "${CC:-cc}" -std=c11 -O2 -Iinclude -I"$include" tests/battery/testu01.c "$build/libisobit-random.a" -ltestu01 -lm -o "$build/testu01"
"$build/testu01" "$@" | grep -vE '^ *$' | tail -n 40
