#!/usr/bin/env bash
# Renders a data set, trains the TSM baseline and the whole model, and compares them on people
# neither has seen. `train/demo.sh short` does the same in little, to see that it all works;
# DEVICE=cuda does it on a GPU.
set -euo pipefail
cd "$(dirname "$0")/.."

program=build/microdualnet
out=runs/demo
subjects=160 clips=205
epochs=()  # the config says how many
if [ "${1:-}" = short ]; then
    out=runs/demo-short
    subjects=5 clips=5
    epochs=(--epochs 1)
fi
device=${DEVICE:-cpu}

# What would stop the demo later stops it before anything is deleted.
"$program" bench --device "$device" --repeats 1 > /dev/null
rm -rf "$out"
mkdir -p "$out"
started=$SECONDS

echo "== rendering seated people performing 16 micro-actions"
$program synth --out "$out/data" --subjects $subjects --clips-per-class $clips --seed 1

for model in tsm full; do
    config=configs/demo.json
    [ $model = tsm ] && config=configs/demo-tsm.json
    echo "== training $config"
    $program train --config $config --data "$out/data" --out "$out/$model" "${epochs[@]}" \
        --cache 4096 --device "$device"
    $program eval --weights "$out/$model/best.safetensors" --data "$out/data" --split test \
        --device "$device" --json-file "$out/$model/test.json" > "$out/$model/test.txt"
done

echo
echo "On people that neither model has seen, in percent ($((SECONDS - started)) s in all):"
$program compare --runs "TSM baseline=$out/tsm/test.json,Micro-DualNet=$out/full/test.json"
echo
echo "Per class, with what each body part chose: $out/full/test.txt"
