#!/usr/bin/env bash
# Prints those of the given test files that a run of some suites needs: the files of these suites, and
# the files without a suite, which the others share. Suite tests/runner runs others, so it needs all.
# If a pattern fits no suite, ends with exit code 2 and says which suites there are.
#
#   tests/named_by.sh 'data/*,train/stop' FILE...
set -f
shopt -s nocasematch  # as the test runner compares names
files=
IFS=, read -r -a patterns <<< "$1"
shift
suites=$(grep -o 'TEST_SUITE("[^"]*"' -- "$@" /dev/null | sed 's/:TEST_SUITE("/ /; s/"$//')

fits_none() {  # PATTERN
    local names=$(cut -d' ' -f2 <<< "$suites" | sort -u) room=${1%%/*} of_room= below=
    for name in $names; do
        [[ $name == "$room"/* ]] && of_room+=" $name"
        [[ $name == "$1"/* ]] && below="$1/*"
    done
    echo "error: TESTS: no suite is called '$1'" >&2
    if [[ $1 == *[[:space:]]* ]]; then
        echo "hint: put commas between the patterns, and no blanks" >&2
    elif [ -n "$below" ]; then
        echo "hint: did you mean '$below'?" >&2
    elif [ -n "$of_room" ]; then
        echo "hint: the suites of $room/:$of_room" >&2
    else
        echo "hint: suites lie in these rooms: $(sed 's|/.*|/*|' <<< "$names" | sort -u | xargs)" >&2
    fi
    exit 2
}

for pattern in "${patterns[@]}"; do
    found=
    while read -r file suite; do
        [[ $suite != $pattern ]] || found+=" $file"
        [[ $suite != $pattern || $suite != tests/runner ]] || { echo "$@"; exit; }
    done <<< "$suites"
    [ -n "$found" ] || fits_none "$pattern"
    files+=$found
done
{ tr ' ' '\n' <<< "$files"; grep -L 'TEST_SUITE(' -- "$@"; } | sort -u | xargs
