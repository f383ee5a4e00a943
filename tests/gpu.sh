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
        echo "error: gpu-check has no part $name; it has: $all" >&2
        exit 2
    fi
done

running=
trap 'kill $running 2>/dev/null; exit 130' INT TERM

part() {
    local name=$1 minutes=$2 started=$SECONDS
    shift 2
    if [[ $name != build && $wanted != *" $name "* ]]; then return; fi
    # In the background, so that an interrupt, which timeout keeps from the part, is noticed at once.
    timeout -k 30 "${minutes}m" "$@" > "$out/$name.txt" 2>&1 &
    running=$!
    if wait $running; then
        echo "✓ $name ($((SECONDS - started)) s)"
    else
        echo "✗ $name ($((SECONDS - started)) s): see $out/$name.txt"
        failed=1
    fi
}

{ nvidia-smi; git rev-parse HEAD; git status --short; } > "$out/machine.txt" 2>&1
part build 30 make build/release/run_tests build/microdualnet
if [[ $failed = 1 ]]; then exit 1; fi
tests=build/release/run_tests
# Without a GPU the tests are those of the emulation, and would say nothing here.
if [[ $(ldd $tests) != *libcublas* ]]; then
    echo "error: no GPU: $tests was built for the emulated one (make cuda-report says more)" >&2
    exit 2
fi
part tests 60 $tests
# Of the engine's kernels, not of cuBLAS's, and of its own CUDA calls, which it checks itself, not
# those that the runtime tries and does without. Every tensor is an allocation of its own, so that
# its end is seen.
for tool in memcheck racecheck; do
    MDN_EXACT_ALLOCATIONS=1 part $tool 60 compute-sanitizer --tool $tool --error-exitcode 1 \
        --kernel-regex kns=_ZN3mdn $([[ $tool = memcheck ]] && echo --report-api-errors no) \
        $tests -ts='engine/cuda/*'
done
part bench 60 make bench DEVICE=cuda
part demo 60 make demo DEVICE=cuda
exit $failed
