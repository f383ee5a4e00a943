#!/usr/bin/env bash
# Copies the header-only libraries of this machine into a folder that travels with the tree, for a
# machine without a network: vendor_headers.sh FOLDER HEADER...   The compiler, with its flags, is
# what CXX holds.
set -euo pipefail
folder=$1
shift
mkdir -p "$folder"
for header in "$@"; do
    # The compiler says where it found it: # 1 "/usr/include/CLI/CLI.hpp"
    path=$(printf '#include <%s>\n' "$header" | $CXX -E -x c++ - 2>/dev/null |
        sed -n "s|^# 1 \"\(.*/$header\)\".*|\1|p" | head -1) || true
    if [[ -z $path ]]; then
        echo "error: the compiler finds no <$header>; make setup installs it" >&2
        exit 2
    fi
    # All that lies beside it in the library's own folder.
    library=${header%%/*}
    rm -rf "${folder:?}/$library"
    cp -rL "${path%/"$header"}/$library" "$folder/"
    echo "$folder/$library from ${path%/"$header"}"
done
echo "use them there with: make EXTRA_CXXFLAGS=-I$folder"
