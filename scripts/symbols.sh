#!/bin/bash
# Compares what the shared library exports with the list of public functions and of the version that brought each, and what it exports for the
# program alone (src/core/private.h) with what the program uses of that: `symbols.sh LIBRARY PROGRAM LIST`.
# With --write new functions are added to LIST under the present version. One that is gone or another symbol version breaks programs that
# were linked before; whoever means that raises the first number of ISO_VERSION, and the soname with it, and deletes the line.
set -euo pipefail
cd "$(dirname "$0")/.."
library=$1 program=$2 list=$3 write=${4:-}
version=$(sed -n 's/^#define ISO_VERSION *"\(.*\)"/\1/p' include/isobit/context.h)
all=$(nm -D --defined-only "$library" | awk '$2 != "A" {print $3}' | sed 's/@@/@/' | LC_ALL=C sort)
exported=$(grep -v @ISOBIT_PRIVATE_ <<<"$all")
private=$(grep @ISOBIT_PRIVATE_ <<<"$all" || true)
used=$(nm -D --undefined-only "$program" | grep -o 'iso_[a-z0-9_]*@ISOBIT_PRIVATE_.*' | LC_ALL=C sort || true)
for_program=$(scripts/private_symbols.sh | sed "s/\$/@ISOBIT_PRIVATE_$version/" | LC_ALL=C sort)
declared=$(scripts/public_functions.sh | sed "s/\$/@ISOBIT_${version%%.*}/" | LC_ALL=C sort)
status=0
report() { # $1: what, $2: names
    [ -z "$2" ] || { printf '%s:\n%s\n' "$1" "$(sed 's/^/    /' <<<"$2")" && status=1; }
}
export LC_ALL=C
report "exported, but not in the public headers" "$(comm -23 <(echo "$exported") <(echo "$declared"))"
report "in the public headers, but not exported (is it defined?)" "$(comm -13 <(echo "$exported") <(echo "$declared"))"
report "exported for the program, but not marked so (ISO_FOR_PROGRAM)" "$(comm -23 <(echo "$private") <(echo "$for_program"))"
report "marked for the program, but not exported" "$(comm -13 <(echo "$private") <(echo "$for_program"))"
report "marked for the program, which does not use it" "$(comm -13 <(echo "$used") <(echo "$for_program"))"
new=$(comm -23 <(echo "$exported") <(cut -d ' ' -f 1 "$list"))
if [ "$write" = --write ]; then
    { cat "$list"; [ -z "$new" ] || sed "s/\$/ $version/" <<<"$new"; } | sort >"$list.part" && mv "$list.part" "$list"
else
    report "new, not yet in $list (make symbols)" "$new"
fi
report "in $list, but no longer exported" "$(comm -13 <(echo "$exported") <(cut -d ' ' -f 1 "$list"))"
exit $status
