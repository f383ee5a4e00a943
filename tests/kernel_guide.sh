#!/usr/bin/env bash
# Follows "Break it" of docs/cuda_without_gpu.md: runs each command on a copy of the kernel, builds
# the tests of it, and checks that they fail with the message that the page shows. There, … stands
# for anything. `make test` says how to build (guide_build.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/guide_build.sh

guide=$GUIDE_BUILD/kernel_guide
rm -rf "$guide"
mkdir -p "$guide"

# The blocks of the section by turns: a command and what comes out, as fault1, said1, fault2, …
awk -v out="$guide/" '
    /^## / { inside = /^## Break it/ }
    !inside { next }
    /^```/ { block = !block; if (block) { kind = /^```sh/ ? "fault" : "said"; faults += kind == "fault" }; next }
    block { print > (out kind faults) }
' docs/cuda_without_gpu.md
count=$(find "$guide" -name 'fault*' | wc -l)
[ "$count" = "$(find "$guide" -name 'said*' | wc -l)" ] || { echo "a fault of the page shows no message"; exit 1; }

test=tests/engine/cuda/attention
compile "$guide/test" $test.cpp $test.o "${emulated[@]}"
for fault in $(seq "$count"); do
    folder=$guide/$fault
    mkdir -p "$folder/engine/cuda" "$folder/$(dirname $test)"
    cp engine/cuda/attention.cu "$folder/engine/cuda/"
    cp "$guide/test/$test.o" "$folder/$test.o"
    (cd "$folder" && . "../fault$fault")
    if cmp -s engine/cuda/attention.cu "$folder/engine/cuda/attention.cu"; then
        echo "fault $fault of the page changes nothing"
        exit 1
    fi
    compile "$folder" engine/cuda/attention.cu cuda_emulation/attention.o "${emulated[@]}" -x c++
    link_tests "$folder"
    if said=$("$folder/run_tests" -ts=engine/cuda/attention 2>&1); then
        echo "fault $fault of the page is not found"
        exit 1
    fi
    while IFS= read -r line; do
        pattern=*$(sed 's/[][*?\\]/\\&/g; s/…/*/g' <<< "$line")*
        # shellcheck disable=SC2053
        [[ $said == $pattern ]] && continue
        printf 'fault %s does not say: %s\nbut:\n%s\n' "$fault" "$line" "$said"
        exit 1
    done < "$guide/said$fault"
    rm -r "$folder"
done
echo "$count faults are found"
