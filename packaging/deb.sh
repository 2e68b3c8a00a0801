#!/bin/bash
# `make deb`: Debian packages of what git has, into a directory ($1). Installs what building packages needs, as root.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?usage: packaging/deb.sh DIRECTORY}
version=$(sed -n 's/^#define ISO_VERSION *"\(.*\)"/\1/p' include/isobit/context.h)
[ "$(sed -n '1s/^isobit (\(.*\)-[0-9]*) .*/\1/p' packaging/debian/changelog)" = "$version" ] || {
    echo "packaging/debian/changelog does not begin with version $version" >&2
    exit 1
}
scripts/install-deps.sh
if ! command -v dh >/dev/null || ! command -v dpkg-buildpackage >/dev/null; then
    [ "$(id -u)" = 0 ] || { echo "make deb: please run: sudo apt-get install -y debhelper dpkg-dev" >&2; exit 2; }
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debhelper dpkg-dev >/dev/null
fi

rm -rf "$out" && mkdir -p "$out"
tree=$out/isobit-$version
mkdir "$tree"
git ls-files -z | grep -zv '^\.ci/' | xargs -0 cp --parents -t "$tree"
mv "$tree/packaging/debian" "$tree/debian"
so=${version%%.*}
{
    echo "libisobit.so.$so libisobit$so #MINVER#"
    echo " ISOBIT_$so@ISOBIT_$so $so"
    sed 's/^/ /' tests/symbols
    echo " (symver)ISOBIT_PRIVATE_$version $version" # the program's; its package depends on this very version
} >"$tree/debian/libisobit$so.symbols"
(cd "$tree" && DEB_BUILD_OPTIONS="noautodbgsym parallel=$(nproc) ${DEB_BUILD_OPTIONS:-}" DPKG_GENSYMBOLS_CHECK_LEVEL=4 dpkg-buildpackage -us -uc -b >../build.log 2>&1) || {
    tail -n 40 "$out/build.log" >&2
    exit 1
}
rm -rf "$tree"
ls -l "$out"/*.deb
