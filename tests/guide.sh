#!/usr/bin/env bash
# Follows CONTRIBUTING.md's "Adding an op": writes the six code blocks where the text says, builds
# what they change, and runs the op's test. `make test` says how (guide_build.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/guide_build.sh

guide=$GUIDE_BUILD/guide
rm -rf "$guide"
mkdir -p "$guide"

# A step begins `**N.** Add to `FILE`, after `LINE`` (or before) or `**N.** Write `FILE``; the block
# that follows is what it adds. Prints FILE, where, LINE and the block's own file.
awk -v out="$guide/step" '
    /^## / { inside = /^## Adding an op/ }
    !inside { next }
    /^\*\*[0-9]+\.\*\* / {
        split($0, part, "`")
        number = $1; gsub(/[^0-9]/, "", number)
        where = "new"
        if ($0 ~ /Add to /) where = part[3] ~ /before/ ? "before" : "after"
        print part[2] "|" where "|" part[4] "|" out number
    }
    /^```/ { block = !block; next }
    block { print > (out number) }
' CONTRIBUTING.md > "$guide/steps"
[ "$(wc -l < "$guide/steps")" = 6 ] || { echo "guide: 'Adding an op' in CONTRIBUTING.md must have six steps"; exit 1; }

while IFS='|' read -r file where line block; do
    mkdir -p "$guide/$(dirname "$file")"
    if [ "$where" = new ]; then
        cp "$block" "$guide/$file"
        continue
    fi
    awk -v line="$line" -v where="$where" -v block="$block" '
        function insert() { while ((getline text < block) > 0) print text; done = 1 }
        !done && index($0, line) { if (where == "before") insert(); print; if (!done) insert(); next }
        { print }
        END { if (!done) { print "guide: " FILENAME " has no line with: " line > "/dev/stderr"; exit 1 } }
    ' "$file" > "$guide/$file"
done < "$guide/steps"

# What the new list changes: the places that give a class of kernels its table of functions, which
# grows at its end, and the profiler. Everything else stays as it was built.
compile "$guide" engine/ops/softsign.cpp engine/ops/softsign.o
compile "$guide" engine/cpu/softsign.cpp engine/cpu/softsign.o
compile "$guide" engine/cuda/softsign.cu cuda_emulation/softsign.o "${emulated[@]}" -x c++
compile "$guide" tests/engine/ops/softsign.cpp tests/engine/ops/softsign.o "${emulated[@]}"
compile "$guide" engine/cpu/memory.cpp engine/cpu/memory.o
compile "$guide" engine/cpu/cpu_backend.cpp engine/cpu/cpu_backend.o
compile "$guide" engine/cuda/cuda_backend.cu cuda_emulation/cuda_backend.o "${emulated[@]}" -x c++
compile "$guide" engine/profile.cpp engine/profile.o
link_tests "$guide"
"$guide/run_tests" -ts=engine/ops/softsign
