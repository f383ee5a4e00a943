#!/usr/bin/env bash
# Prints those of the given test files that a run of some suites needs: the files of these suites, and
# the files without a suite, which the others share. If a pattern fits no suite, prints all files: the
# test runner then says so, and names what is near. Suite tests/runner runs others, so it needs all.
#
#   tests/named_by.sh 'data/*,train/stop' FILE...
set -f
files=
IFS=, read -r -a patterns <<< "$1"
shift
suites=$(grep -o 'TEST_SUITE("[^"]*"' -- "$@" /dev/null | sed 's/:TEST_SUITE("/ /; s/"$//')
for pattern in "${patterns[@]}"; do
    found=
    while read -r file suite; do
        [[ $suite != $pattern ]] || found+=" $file"
        [[ $suite != $pattern || $suite != tests/runner ]] || { echo "$@"; exit; }
    done <<< "$suites"
    [ -n "$found" ] || { echo "$@"; exit; }
    files+=$found
done
{ tr ' ' '\n' <<< "$files"; grep -L 'TEST_SUITE(' -- "$@"; } | sort -u | xargs
