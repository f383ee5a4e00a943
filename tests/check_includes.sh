#!/usr/bin/env bash
# Fails where an include runs the wrong way: engine ← model ← train and engine ← data ← train, the
# lessons in docs/ may use all of them and the emulated GPU, nothing but train/main.cpp knows the
# commands, and rooms that are neighbours form no circle. (A room and the one that holds it may include
# each other.)
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
say() { echo "check: $1" >&2; failed=1; }

declare -A may=([engine]="engine" [model]="engine model" [data]="engine data"
                [train]="engine model data train" [docs]="docs engine model data train tests")
rooms=()
while IFS=: read -r file include; do
    include=${include#*\"} include=${include%%\"*}
    from=${file%/*} to=${include%/*}
    [ "$from" != "$to" ] || continue
    [[ " ${may[${from%%/*}]} " == *" ${to%%/*} "* ]] ||
        say "$file includes $include: ${from%%/*}/ may include ${may[${from%%/*}]} only"
    if [ "$to" = train/commands ] && [ "$file" != train/main.cpp ]; then
        say "$file includes $include: only train/main.cpp may know the commands"
    fi
    [[ "$from/" == "$to/"* || "$to/" == "$from/"* ]] || rooms+=("$from $to")
done < <(grep -r --include='*.h' --include='*.cpp' --include='*.cu' '^#include "' engine model data train docs)

circle=$(printf '%s\n' "${rooms[@]}" | sort -u | { tsort 2>&1 >/dev/null || true; } |
    sed -n 's/^tsort: \([a-z/_]*\)$/\1/p')
[ -z "$circle" ] || say "these rooms include each other in a circle: $(echo $circle)"
exit $failed
