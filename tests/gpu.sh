#!/usr/bin/env bash
# All that needs a GPU, in the order of its worth, or the parts that are named: tests bench memcheck
# racecheck demo. Each part's output goes to build/gpu/, and a line about it to the terminal and to
# build/gpu/summary.txt as soon as it is done. A part that fails does not stop the others; the exit
# code tells.
#
# MINUTES=9: no part runs longer than what is left of so much time, which the build takes from too.
# Parts for which less than half a minute is left are left out, and the last line names them.
set -uo pipefail
cd "$(dirname "$0")/.."
out=build/gpu
mkdir -p "$out"
failed=0
left_out=
least=30  # seconds

all="tests bench memcheck racecheck demo"
wanted=" ${*:-$all} "
for name in $wanted; do
    if [[ " $all " != *" $name "* ]]; then
        echo "error: gpu-check has no part $name; it has: $all" >&2
        exit 2
    fi
done
minutes=${MINUTES:-}
if [[ ! $minutes =~ ^[0-9]*$ ]]; then
    echo "error: MINUTES=$minutes: give a whole number of minutes, or none for as long as it takes" >&2
    exit 2
fi

running=
trap 'kill $running 2>/dev/null; exit 130' INT TERM

say() { echo "$1" | tee -a "$out/summary.txt"; }

# Seconds that a part may take, which would itself take up to $1 minutes.
seconds_for() {
    local seconds=$(($1 * 60)) left
    if [[ -n $minutes ]]; then
        left=$((minutes * 60 - SECONDS))
        seconds=$((left < seconds ? left : seconds))
    fi
    echo $seconds
}

part() {
    local name=$1 started=$SECONDS seconds
    seconds=$(seconds_for "$2")
    shift 2
    if [[ $name != build && $wanted != *" $name "* ]]; then return; fi
    if ((seconds < least)); then
        left_out+=" $name"
        return
    fi
    # In the background, so that an interrupt, which timeout keeps from the part, is noticed at once.
    timeout -k 30 "$seconds" "$@" > "$out/$name.txt" 2>&1 &
    running=$!
    wait $running
    local code=$?
    if [[ $code = 0 ]]; then
        say "✓ $name ($((SECONDS - started)) s)"
    elif [[ $code = 124 || $code = 137 ]]; then
        say "✗ $name: stopped after $((SECONDS - started)) s; what it said is in $out/$name.txt"
        failed=1
    else
        say "✗ $name ($((SECONDS - started)) s): see $out/$name.txt"
        failed=1
    fi
}

: > "$out/summary.txt"
{ nvidia-smi; git rev-parse HEAD; git status --short; } > "$out/machine.txt" 2>&1
part build 30 make build/release/run_tests build/microdualnet
tests=build/release/run_tests
if [[ -n $left_out ]]; then
    say "left out for want of time: all"
    exit 1
fi
if [[ $failed = 1 ]]; then exit 1; fi
# Without a GPU the tests are those of the emulation, and would say nothing here.
if [[ $(ldd $tests) != *libcublas* ]]; then
    echo "error: no GPU: $tests was built for the emulated one (make cuda-report says more)" >&2
    exit 2
fi
part tests 60 $tests
part bench 60 make bench DEVICE=cuda
# Of the engine's kernels, not of cuBLAS's, and of its own CUDA calls, which it checks itself, not
# those that the runtime tries and does without. Every tensor is an allocation of its own, so that
# its end is seen.
for tool in memcheck racecheck; do
    MDN_EXACT_ALLOCATIONS=1 part $tool 60 compute-sanitizer --tool $tool --error-exitcode 1 \
        --kernel-regex kns=_ZN3mdn $([[ $tool = memcheck ]] && echo --report-api-errors no) \
        $tests -ts='engine/cuda/*'
done
part demo 60 make demo DEVICE=cuda
if [[ -n $left_out ]]; then say "left out for want of time:$left_out"; fi
exit $failed
