#!/usr/bin/env bash
# Grades the files of one student. `make grade` calls it, with what it has built in the variables
# LESSON_CXX, LESSON_GPU_FLAGS, LESSON_LDFLAGS, LESSON_LIBRARY, LESSON_CHECKS and LESSON_RUNNER.
#
#   grade.sh --seed N --visibility V --only 'LESSON …' SUBMISSION OUT
#
# Of the submission, only NN-name/exercise.cpp and NN-name.cpp are taken. They are compiled against
# this repository's headers in a folder of their own, which holds no solutions.
set -euo pipefail
seed=1 visibility=visible only=
while [[ ${1:-} == --* ]]; do
    case $1 in
    --seed) seed=$2 ;;
    --visibility) visibility=$2 ;;
    --only) only=$2 ;;
    *) echo "grade.sh: unknown option $1" >&2; exit 2 ;;
    esac
    shift 2
done
submission=${1:-} out=${2:-}
repository=$(cd "$(dirname "$0")/../../.." && pwd)

fail() { printf 'error: %s\nhint: %s\n' "$1" "$2" >&2; exit 2; }
[ -n "$submission" ] || fail "SUBMISSION is not given" "Run: make grade SUBMISSION=DIR [OUT=DIR] [N=LESSON]"
[ -d "$submission" ] || fail "SUBMISSION=$submission is no folder" "It holds NN-name/exercise.cpp or NN-name.cpp."
submission=$(cd "$submission" && pwd -P)
out=${out:-$PWD/build/grade}
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
case "$out/" in "$submission"/*) fail "OUT=$out lies in the submission" "Name another folder." ;; esac
rm -f "$out/results.xml" "$out/results.json"

# A change of the checks that is not committed is easily made by trying a solution out.
if git -C "$repository" rev-parse --git-dir >/dev/null 2>&1 &&
    [ -n "$(git -C "$repository" status --porcelain -- docs/lessons/harness 'docs/lessons/*/check.cpp' 2>/dev/null)" ]; then
    echo "warning: the checks or the harness differ from the last commit (git status docs/lessons)" >&2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source" "$work/programs"
(cd "$repository" && find engine model docs/lessons tests/cuda_emulation -name '*.h' -print0 | tar --null -cf - -T -) |
    tar -xf - -C "$work/source"

# The compiler is limited too: a few lines can keep it busy for hours.
compile() { # LESSON: writes programs/LESSON, says what does not compile
    (
        cd "$work/source"
        ulimit -t 120 -c 0 -f 200000
        # A sanitizer reserves terabytes of addresses.
        [[ $LESSON_CXX == *-fsanitize=* ]] || ulimit -v 4000000
        timeout -k 5 300 "$repository/docs/lessons/harness/build_exercise.sh" "docs/lessons/$1/exercise.cpp" \
            "$repository/docs/lessons/$1/check.cpp" "$LESSON_CHECKS/$1/check.o" "$work/programs/$1" \
            </dev/null 2>&1
    )
}

# Why a file is not taken; nothing if it is.
refused() {
    if [ -L "$1" ]; then echo "is a symbolic link"
    elif [ ! -f "$1" ]; then echo "is no regular file"
    elif [ "$(stat -c %s "$1")" -gt 1048576 ]; then echo "is larger than 1 MiB"
    fi
}

arguments=()
for folder in "$repository"/docs/lessons/[0-9]*/check.cpp; do
    folder=${folder%/check.cpp} lesson=${folder##*/}
    [ -z "$only" ] || [[ " $only " == *" $lesson "* ]] || continue
    log=$work/programs/$lesson.log
    mkdir -p "$work/source/docs/lessons/$lesson"
    found=
    for name in "$lesson/exercise.cpp" "$lesson.cpp"; do
        [ -e "$submission/$name" ] || [ -L "$submission/$name" ] || continue
        found=$name
        break
    done
    if [ -z "$found" ]; then
        echo "Nothing was submitted: there is neither $lesson/exercise.cpp nor $lesson.cpp." > "$log"
    else
        why=$(refused "$submission/$found")
        # A folder that is a link leads out of the submission as well.
        [ -n "$why" ] || [ ! -L "$submission/$lesson" ] || [ "$found" = "$lesson.cpp" ] || why="lies behind a symbolic link"
        if [ -n "$why" ]; then
            echo "$found $why: it was not read. Submit the file itself." > "$log"
        else
            cp -- "$submission/$found" "$work/source/docs/lessons/$lesson/exercise.cpp"
            if compile "$lesson" > "$log"; then
                arguments+=("$folder" run "$work/programs/$lesson")
                continue
            fi
            [ -s "$log" ] || echo "The compiler was stopped: it took too much time or memory." > "$log"
        fi
    fi
    arguments+=("$folder" broken "$log")
done

# Where the code writes files, it does so in an empty folder that is removed.
mkdir "$work/empty"
cd "$work/empty"
code=0
"$LESSON_RUNNER" --seed "$seed" --visibility "$visibility" --junit "$work/results.xml" \
    --gradescope "$work/results.json" "${arguments[@]}" || code=$?
[ "$code" -le 1 ] || fail "the submission was not graded (exit code $code)" "The message above says why."
cp "$work/results.xml" "$work/results.json" "$out/"
echo "$out/results.xml and $out/results.json have these results."
