#!/usr/bin/env bash
# Renders a data set, trains the TSM baseline and the whole model, and compares them on people
# neither has seen. `train/demo.sh --help` explains.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'END'
Usage: [DEVICE=cpu|cuda] train/demo.sh [short]

Renders seated people who perform 16 micro-actions, trains the TSM baseline and Micro-DualNet, and
tests both on people whom neither has seen. `make demo` builds the program first.

  short          5 people and one epoch, in a minute: shows only that everything runs
  DEVICE=cuda    trains and tests on the GPU (default: cpu)

The demo first says how long it will take on this machine. It needs 1.3 GB of disk and 256 MiB of
memory. To keep decoded frames, it takes half of the memory that is available, at most 4 GiB more.
The results are in runs/demo (runs/demo-short): `data`, report.html with both models and, for each,
checkpoints, a log, a report.html of its own and test.txt. A second run removes the models of the
first. It uses the rendered data again if the same program rendered them and nobody has changed them
since. One demo runs at a time. Ctrl-C stops it (exit code 130): the next run begins anew, with the
rendered data if they are whole.
END
}

fail() { # MESSAGE [HINT]
    echo "error: $1" >&2
    [ $# -lt 2 ] || echo "hint: $2" >&2
    exit 2
}

program=build/microdualnet
device=${DEVICE:-cpu}
out=runs/demo
subjects=160 clips=205 disk=1300 # MiB
epochs=() # the config says how many
case "$*" in
"") ;;
-h | --help)
    usage
    exit
    ;;
short)
    out=runs/demo-short
    subjects=5 clips=5 disk=100
    epochs=(--epochs 1)
    ;;
*) fail "train/demo.sh has no argument '$*'; it has only: short" "train/demo.sh --help explains" ;;
esac
case $device in
cpu | cuda) ;;
*) fail "DEVICE=$device: DEVICE must be one of: cpu cuda" ;;
esac
[ -x "$program" ] || fail "there is no $program" "make builds it; make demo does that first"

# The program runs in the background, so that a signal is noticed at once; it ends with the script.
child='' measured='' holds_lock=''
removed=$out.removed
clean_up() {
    [ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null || true
    [ -z "$measured" ] || rm -rf "$measured"
    [ -z "$holds_lock" ] || rm -rf "$removed"
}
trap clean_up EXIT
trap 'echo "demo: stopped; the next run uses the rendered data again if they are complete" >&2; exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
run() {
    "$program" "$@" &
    child=$!
    wait "$child"
    child=''
}

# ---- What it takes: checked and said before anything is deleted.

mkdir -p runs
# Two demos would remove each other's results. What this one starts holds the lock as well; it may
# still be ending when the next begins.
if command -v flock >/dev/null; then
    exec {lock}<>runs/demo.lock
    conflict=0
    flock -w 2 -E 75 "$lock" || conflict=$?
    [ "$conflict" != 75 ] || fail "another demo runs: $(cat runs/demo.lock)" "wait until it is done"
    [ "$conflict" = 0 ] || echo "note: no lock can be had in runs/: take care that no other demo runs there" >&2
    echo "process $$ on $(uname -n)" >runs/demo.lock
fi
holds_lock=yes
# What is removed gets another name first, so that nothing half-removed has its own.
remove() {
    mkdir -p "$removed"
    mv -- "$@" "$removed/"
    rm -rf "$removed"
}
rm -rf "$removed" runs/demo-measured  # of a demo that was killed
# The same program with the same settings renders the same data. The second line tells whether they
# are still as they were rendered.
settings="--subjects $subjects --clips-per-class $clips --seed 1"
made_by="$(sha256sum < "$program") $settings"
files_of() { find "$1/" -type f -printf '%P %s %T@\n' | LC_ALL=C sort | sha256sum; }
rendered=no
if [ -d "$out/data" ] && [ -f "$out/data.made-by" ] &&
    [ "$(cat "$out/data.made-by")" = "$made_by"$'\n'"$(files_of "$out/data")" ]; then
    rendered=yes
    disk=100
fi

mebibytes_free=$(df -Pk runs | awk 'NR == 2 { print int($4 / 1024) }') || fail "df does not say how much disk is free in runs/"
# What the previous run holds, and this one will not keep, is free as well.
if [ "$rendered" = no ] && [ -d "$out" ]; then
    mebibytes_free=$((mebibytes_free + $(du -sk "$out" | awk '{ print int($1 / 1024) }')))
fi
[ "$mebibytes_free" -ge "$disk" ] ||
    fail "the demo needs $disk MiB of disk in runs/, but $mebibytes_free MiB are free" \
        "make room, or make runs/ a link to a folder where there is more"

# Memory that this process may use: of the machine, or of the container it runs in.
memory=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
memory=${memory:-1024}
for group in /sys/fs/cgroup /sys/fs/cgroup/memory; do
    for pair in memory.max:memory.current memory.limit_in_bytes:memory.usage_in_bytes; do
        limit=$(cat "$group/${pair%:*}" 2>/dev/null || echo max)
        # No limit reads as "max", or as a number beyond any machine.
        case $limit in max | ????????????????*) continue ;; esac
        used=$(cat "$group/${pair#*:}" 2>/dev/null || echo 0)
        # Of files read before: given up when memory is needed.
        files=$(awk '$1 ~ /^(total_)?inactive_file$/ { n = $2 } END { print n + 0 }' "$group/memory.stat" 2>/dev/null || echo 0)
        limit=$(((limit - used + files) / 1048576))
        [ "$limit" -ge "$memory" ] || memory=$limit
    done
done
# Half of what there is beside the program's own, but no more than all frames take.
cache=$(((memory - 256) / 2))
[ "$cache" -le 4096 ] || cache=4096
[ "$cache" -ge 0 ] || cache=0

# Milliseconds, of a clock that nobody sets.
now() {
    local up
    read -r up _ </proc/uptime
    echo $((${up/./} * 10))
}
# The fastest epoch: the others waited for something else that runs on this machine.
epoch_ms() {
    sed -n 's/.*"kind":"epoch".*"train_seconds":\([0-9.]*\).*/\1/p' "$1/log.jsonl" | sort -g |
        awk 'NR == 1 { print int(1000 * $1) }'
}

# The same in little, with each part timed: rendering per clip, and each model's training per clip.
# This also stops here whatever would stop the demo later.
if [ "$out" = runs/demo ]; then
    echo "measuring how fast this machine is ..."
    measured=runs/demo-measured
    started=$(now)
    run synth --out "$measured/data" --subjects 5 --clips-per-class 5 > /dev/null
    rendering=$(($(now) - started)) # 80 clips
    training=0 # 48 clips by each model
    for model in tsm full; do
        config=configs/demo.json
        [ $model = tsm ] && config=configs/demo-tsm.json
        run train --config $config --data "$measured/data" --out "$measured/$model" --epochs 3 \
            --device "$device" --cache 0 > /dev/null
        training=$((training + $(epoch_ms "$measured/$model")))
    done
    rm -rf "$measured"
    measured=''
    # 3280 clips to render, 1968 to train on for 12 epochs, 1312 to validate and test on at about a
    # third of the time.
    [ $rendered = no ] || rendering=0
    seconds=$(((rendering * 3280 / 80 + training * (1968 * 12 + 1312 / 3) / 48) / 1000))
    time="$((seconds * 85 / 6000)) to $((seconds * 115 / 6000 + 1)) minutes on this machine, as busy as it is now"
else
    run bench --device "$device" --repeats 1 > /dev/null
    time="about a minute"
fi
echo "The demo takes $time, $disk MiB of disk ($mebibytes_free free)"
echo "and up to $((cache + 256)) MiB of memory ($memory free), $cache of them to keep decoded frames in."

# ---- The demo itself.

if [ -e "$out" ]; then
    if [ $rendered = yes ]; then
        echo "removing the previous $out, except for the data it rendered"
        for old in "$out"/*; do
            case ${old##*/} in data | data.made-by) ;; *) remove "$old" ;; esac
        done
    else
        echo "removing the previous $out"
        remove "$out"
    fi
fi
mkdir -p "$out"
started=$(now)

if [ $rendered = yes ]; then
    echo "== 1/5 using the data rendered before"
else
    echo "== 1/5 rendering seated people performing 16 micro-actions"
    # shellcheck disable=SC2086
    run synth --out "$out/data" $settings
    printf '%s\n%s\n' "$made_by" "$(files_of "$out/data")" > "$out/data.made-by.new"
    mv "$out/data.made-by.new" "$out/data.made-by"
fi

step=1
for model in tsm full; do
    config=configs/demo.json
    [ $model = tsm ] && config=configs/demo-tsm.json
    echo "== $((++step))/5 training $config"
    run train --config $config --data "$out/data" --out "$out/$model" "${epochs[@]}" \
        --cache $cache --device "$device"
    echo "== $((++step))/5 testing it on people it has never seen"
    run eval --weights "$out/$model/best.safetensors" --data "$out/data" --split test \
        --device "$device" --json-file "$out/$model/test.json" > "$out/$model/test.txt"
    run report "$out/$model" > /dev/null
done
run report "$out/tsm" "$out/full" --out "$out/report.html" > /dev/null

echo
echo "On people that neither model has seen, in percent ($((($(now) - started) / 1000)) s in all):"
run compare --runs "TSM baseline=$out/tsm/test.json,Micro-DualNet=$out/full/test.json"
echo
if [ "$out" = runs/demo ]; then
    echo "Other runs reached 45 to 66 % Top-1 (baseline) and 89 to 94 % (Micro-DualNet): docs/benchmarks.md"
else
    echo "One epoch shows only that everything runs: these figures say nothing about the models."
fi
echo "Per class, in text: $out/full/test.txt"
echo "What the models confuse, where they look, and which path each body part chose, as a page:"
echo "  $out/report.html"
