#!/usr/bin/env bash
# All that needs a GPU, in one go, or the parts that are named: tests memcheck racecheck bench demo.
# Each part's output goes to build/gpu/ and a line about it to the terminal. A part that fails does
# not stop the others; the exit code tells.
set -uo pipefail
cd "$(dirname "$0")/.."
out=build/gpu
mkdir -p "$out"
failed=0

all="tests memcheck racecheck bench demo"
wanted=" ${*:-$all} "
for name in $wanted; do
    if [[ " $all " != *" $name "* ]]; then
        echo "error: gpu-check has no part $name, but: $all" >&2
        exit 2
    fi
done

part() {
    local name=$1 started=$SECONDS
    shift
    if [[ $name != build && $wanted != *" $name "* ]]; then return; fi
    if "$@" > "$out/$name.txt" 2>&1; then
        echo "✓ $name ($((SECONDS - started)) s)"
    else
        echo "✗ $name ($((SECONDS - started)) s): see $out/$name.txt"
        failed=1
    fi
}

{ nvidia-smi; git rev-parse HEAD; git status --short; } > "$out/machine.txt" 2>&1
part build make build/release/run_tests build/microdualnet
tests=build/release/run_tests
part tests $tests
for tool in memcheck racecheck; do
    part $tool compute-sanitizer --tool $tool --error-exitcode 1 $tests -ts='engine/cuda/*'
done
part bench make bench DEVICE=cuda
part demo make demo DEVICE=cuda
exit $failed
