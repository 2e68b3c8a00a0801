#!/bin/bash
# `make install` into a directory, and a program outside of the tree built through pkg-config against it.
set -uo pipefail
build=${1:-build}
passed=0 failed=0
check() { # $1: what, then the command
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1)); echo "ok   $what"
    else
        failed=$((failed + 1)); echo "FAIL $what"; cat "$work/log"
    fi
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check "make install" make --no-print-directory -s BUILD="$build" PREFIX="$work/usr" install
cat >"$work/user.c" <<'C'
#include <isobit/isobit.h>
#include <stdio.h>
int main(void) {
    iso_context *ctx;
    if (iso_context_new(&ctx, NULL))
        return 1;
    iso_torch_manual_seed(iso_generator(ctx), 0);
    float x[4];
    iso_torch_uniform(iso_generator(ctx), x, 4, 0, 1);
    printf("%.4f\n", (double)x[0]);
    iso_context_free(ctx);
    return 0;
}
C
cat >"$work/streams.c" <<'C'
#include <isobit/random.h>
#include <stdio.h>
int main(void) {
    iso_torch_generator torch = {0};
    iso_py_random python = {0};
    float x[20];
    iso_torch_manual_seed(&torch, 0);
    iso_torch_normal(&torch, x, 20, 0, 1);
    iso_py_seed(&python, 91);
    printf("%.4f %.8f\n", (double)x[0], iso_py_random_one(&python));
    return 0;
}
C
export PKG_CONFIG_PATH=$work/usr/lib/pkgconfig
sed -i "s|^prefix=.*|prefix=$work/usr|" "$PKG_CONFIG_PATH/isobit.pc" 2>/dev/null
sed -i "s|^prefix=.*|prefix=$work/usr|" "$PKG_CONFIG_PATH/isobit-random.pc" 2>/dev/null
check "random.h alone" bash -c "${CC:-cc} -std=c11 $work/streams.c -o $work/streams \$(pkg-config --cflags --libs isobit-random) && [ \"\$($work/streams)\" = '-1.1258 0.08352052' ]"
check "build against the shared library" bash -c "${CC:-cc} -std=c11 $work/user.c -o $work/shared \$(pkg-config --cflags --libs isobit)"
check "build against the static library" bash -c "${CC:-cc} -std=c11 $work/user.c -o $work/static \$(pkg-config --cflags isobit) $work/usr/lib/libisobit.a \$(pkg-config --static --libs-only-l isobit | sed 's/-lisobit//')"
check "torch.rand's first number, shared" bash -c "[ \"\$(LD_LIBRARY_PATH=$work/usr/lib $work/shared)\" = 0.4963 ]"
check "torch.rand's first number, static" bash -c "[ \"\$($work/static)\" = 0.4963 ]"
check "only public symbols are exported" bash -c "! nm -D --defined-only $work/usr/lib/libisobit.so | awk '\$2 == \"T\" || \$2 == \"D\" || \$2 == \"B\" || \$2 == \"R\" {print \$3}' | grep -v '^iso_'"
check "no internal name is exported" bash -c "! nm -D --defined-only $work/usr/lib/libisobit.so | grep -E 'iso_(ref|cpu|graph|plan)_'"
check "a header is C++ too" bash -c "command -v g++ >/dev/null || exit 0; echo '#include <isobit/isobit.h>' | g++ -x c++ -std=c++17 -fsyntax-only -I$work/usr/include -"
check "make uninstall leaves nothing" bash -c "make --no-print-directory -s BUILD=$build PREFIX=$work/usr uninstall && [ -z \"\$(find $work/usr -type f)\" ]"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
