#!/usr/bin/env bash
# Restores the exercise of a lesson: reset.sh 05-temporal-shift. Keeps what was there as
# exercise.cpp.kept-1, -2, …
set -eu
cd "$(dirname "$0")/.."
exercise=$1/exercise.cpp unsolved=unsolved/$1.cpp
if cmp -s "$exercise" "$unsolved"; then
    echo "docs/lessons/$exercise is as it was handed out."
    exit 0
fi
if [ -e "$exercise" ]; then
    number=1
    while [ -e "$exercise.kept-$number" ]; do number=$((number + 1)); done
    cp -p "$exercise" "$exercise.kept-$number"
    echo "docs/lessons/$exercise.kept-$number has your code."
fi
cp "$unsolved" "$exercise"
echo "docs/lessons/$exercise is as it was handed out again."
