#!/usr/bin/env bash
# Trains the twin of the demo's model: the same recipe and data, without the MAC loss. Where a training
# was stopped, it is continued; of one that is complete, nothing is left to train, and its files stay as
# they are. best.safetensors alone does not tell the two apart: it is there from the first epoch on.
#
#   train/playground/train_twin.sh DATASET DEMO_WEIGHTS OUT
set -euo pipefail
cd "$(dirname "$0")/../.."

data=$1 model=$2 out=$3
twin=
for state in last next best; do # the newest of them
    file=$out/$state.safetensors
    [ ! -f "$file" ] || [ "$twin" -nt "$file" ] || twin=$file
done
if [ -n "$twin" ] && [ "$model" -nt "$twin" ]; then
    echo "playground: the demo was trained again: its twin in $out is removed"
    rm -rf "$out"
    twin=
fi
mkdir -p "$(dirname "$out")"
if [ -n "$twin" ]; then
    echo "playground: the twin without MAC is in $out"
    build/microdualnet train --out "$out" --data "$data" --resume
else
    echo "playground: training the twin without MAC, in $out (half of the time that the demo took)"
    build/microdualnet train --config configs/demo-no-mac.json --data "$data" --out "$out"
fi
