#!/usr/bin/env bash
# Copies the repository for students: handout.sh OUT. What git tracks, without the solutions and the
# planted wrong answers, and with every exercise unsolved.
set -euo pipefail
out=${1:-}
cd "$(dirname "$0")/../../.."
fail() { printf 'error: %s\nhint: %s\n' "$1" "$2" >&2; exit 2; }
[ -n "$out" ] || fail "OUT is not given" "Run: make handout OUT=DIR"
[ ! -e "$out" ] || [ -z "$(ls -A "$out")" ] || fail "OUT=$out is not empty" "Name a new folder."
git rev-parse --git-dir >/dev/null 2>&1 || fail "this is no git repository" "Clone the repository: git says which files belong to it."

mkdir -p "$out"
out=$(cd "$out" && pwd -P)
git ls-files -z -- . ':(exclude)tests/lessons/solutions' ':(exclude)tests/lessons/wrong' |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] && [ ! -L "$file" ] || printf '%s\0' "$file"; done |
    tar --null -cf - -T - | tar -xf - -C "$out"
for unsolved in "$out"/docs/lessons/unsolved/*.cpp; do
    lesson=$(basename "$unsolved" .cpp)
    cmp -s "$unsolved" "$out/docs/lessons/$lesson/exercise.cpp" ||
        cp "$unsolved" "$out/docs/lessons/$lesson/exercise.cpp"
done
echo "$out is the repository without solutions. Its history is not in it: git init makes a new one."
