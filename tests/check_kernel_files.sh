#!/usr/bin/env bash
# Fails where an op does not lead to its kernels. An op in engine/ops/OP.cpp has its kernels in
# engine/cpu/OP.cpp and engine/cuda/OP.cu, or the first comment of engine/ops/OP.cpp names the files.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
say() { echo "check: $1" >&2; failed=1; }

for file in engine/ops/*.cpp; do
    op=$(basename "$file" .cpp)
    # The first comment ends at the first line that does not begin with //.
    named=$(sed -n '/^\/\//!q; p' "$file" | grep -oE 'engine/[a-z0-9_/]+\.(cpp|cu)' || true)
    for path in $named; do
        [ -e "$path" ] || say "the first comment of $file names $path, which does not exist"
    done
    if [ -z "$named" ]; then
        for path in "engine/cpu/$op.cpp" "engine/cuda/$op.cu"; do
            [ -e "$path" ] ||
                say "there is no $path: name the op's kernel files in the first comment of $file"
        done
    fi
done
exit $failed
