#!/usr/bin/env bash
# Trains the twin of the demo's model: the same recipe and data, without the MAC loss. Does nothing where
# it is there already; goes on where a training was stopped.
set -euo pipefail
cd "$(dirname "$0")/../.."

data=$1 model=$2 out=$3
if [ -f "$out/best.safetensors" ] && [ ! "$model" -nt "$out/best.safetensors" ]; then
    exit
fi
if [ -d "$out" ] && [ "$model" -nt "$out" ]; then
    echo "playground: the demo was trained again: its twin in $out is removed"
    rm -rf "$out"
fi
mkdir -p "$(dirname "$out")"
if [ -f "$out/last.safetensors" ]; then
    echo "playground: going on with the twin without MAC, in $out"
    build/microdualnet train --out "$out" --resume
else
    echo "playground: training the twin without MAC, in $out (half of the time that the demo took)"
    build/microdualnet train --config configs/demo-no-mac.json --data "$data" --out "$out"
fi
