#!/bin/bash
# The Debian packages, built by `make deb`, in a new Debian that has nothing but its smallest set of packages: they install with what they depend on,
# the program trains as a user with the digest of this build, a C program is built against the library both ways, and nothing is left after
# purging. $1: build directory. As root; installs mmdebstrap.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
build=${1:-build}
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
command -v mmdebstrap >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap; } >/dev/null
. /etc/os-release

make --no-print-directory -s deb BUILD="$build" || exit 1
cp "$build"/deb/*.deb "$work"
"$build/isobit" info --selftest --isa scalar | sed -n 's/^selftest *//p' >"$work/selftest.digest"
"$build/isobit" train examples/tutorial.yaml --out "$work/run" --quiet --set epochs=1 --set data.train=images/test | tail -n 1 >"$work/train.digest"
rm -rf "$work/run"
cat >"$work/user.c" <<'C'
#include <isobit/isobit.h>
#include <stdio.h>
int main(void) {
    iso_context *ctx;
    uint8_t digest[ISO_DIGEST_SIZE];
    if (iso_context_new(&ctx, NULL) || iso_selftest(ctx, digest))
        return 1;
    for (int i = 0; i < ISO_DIGEST_SIZE; i++)
        printf("%02x", digest[i]);
    printf("\n");
    iso_context_free(ctx);
    return 0;
}
C
cat >"$work/inside.sh" <<'SH'
cd /tmp/isobit || exit 2
exec >report 2>&1
passed=0 failed=0
check() { # $1: what, then the command
    local what=$1
    shift
    if "$@" >log 2>&1; then passed=$((passed + 1)); echo "ok   $what"; else failed=$((failed + 1)); echo "FAIL $what"; tail -n 20 log; fi
}
export DEBIAN_FRONTEND=noninteractive
install="apt-get install -y -qq --no-install-recommends"
version=$(dpkg-deb -f ./isobit_*.deb Version)
check "isobit depends on the library of its own version" sh -c "dpkg-deb -f ./isobit_*.deb Depends | grep -qF 'libisobit0 (= $version)'"
check "isobit installs with what it depends on" $install ./isobit_*.deb ./libisobit0_*.deb
check "the program uses the library" sh -c 'ldd /usr/bin/isobit | grep -q "libisobit.so.0 => /"'
size=$(cat /usr/bin/isobit /usr/lib/*/libisobit.so.*.*.* | wc -c)
check "together they are $size bytes: expected less than 2000000" [ "$size" -gt 100000 -a "$size" -lt 2000000 ]
check "the self-test has the digest of every machine" isobit info --selftest
check "it trains as a user, to the digest of this build" setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent sh -c '
    here=$(mktemp -d) && cd $here && isobit train /usr/share/doc/isobit/examples/tutorial.yaml --quiet --set epochs=1 --set data.train=images/test >out && tail -n 1 out | cmp - /tmp/isobit/train.digest'
check "manual pages and completions are there" sh -c 'zcat /usr/share/man/man1/isobit-train.1.gz | grep -q "^.SH EXAMPLES" && [ -s /usr/share/bash-completion/completions/isobit ] &&
    [ -s /usr/share/zsh/vendor-completions/_isobit ] && [ -s /usr/share/fish/vendor_completions.d/isobit.fish ]'
check "libisobit-dev installs with what it depends on" $install ./libisobit-dev_*.deb ./libisobit0_*.deb gcc libc6-dev pkg-config
check "a program against the shared library" sh -c 'gcc user.c -o shared $(pkg-config --cflags --libs isobit) && ./shared | cmp - selftest.digest && ldd shared | grep -q libisobit.so.0'
check "a program against the static library" sh -c 'gcc user.c -o static $(pkg-config --cflags isobit) -Wl,-Bstatic -lisobit -Wl,-Bdynamic $(pkg-config --static --libs-only-l isobit | sed "s/-lisobit//") &&
    ./static | cmp - selftest.digest && ! ldd static | grep -q libisobit'
check "the installed program has no RUNPATH" sh -c 'readelf -d /usr/bin/isobit | grep -q NEEDED.*libisobit && ! readelf -d /usr/bin/isobit | grep -E "RUNPATH|RPATH"'
check "they are purged" apt-get purge -y -qq isobit libisobit0 libisobit-dev
check "nothing is left" sh -c '[ -z "$(find / -xdev -iname "*isobit*" ! -path "/tmp/*" ! -path "/proc/*" ! -path "/var/lib/apt/*" ! -path "/var/cache/apt/*")" ]'
echo "$passed passed, $failed failed"
SH
# Whatever the machine gets its packages from is good enough for the new root.
sources=$(find /etc/apt/sources.list /etc/apt/sources.list.d -type f \( -name '*.list' -o -name '*.sources' \) -size +0 2>/dev/null)
mkdir "$work/isobit" && mv "$work"/*.deb "$work"/*.digest "$work/user.c" "$work/inside.sh" "$work/isobit"
mmdebstrap --quiet --variant=minbase --customize-hook="copy-in $work/isobit /tmp" --customize-hook='chroot "$1" bash /tmp/isobit/inside.sh' \
    --customize-hook="copy-out /tmp/isobit/report $work" "$VERSION_CODENAME" /dev/null $sources 2>"$work/log"
status=$?
[ -s "$work/report" ] || { tail -n 20 "$work/log"; echo "FAIL a new Debian (status $status)"; echo "0 passed, 1 failed"; exit 1; }
cat "$work/report"
grep -q ' 0 failed' "$work/report"
