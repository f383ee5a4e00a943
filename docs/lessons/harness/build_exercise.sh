#!/usr/bin/env bash
# Compiles one exercise file and links it with its lesson's checks.
#
#   build_exercise.sh EXERCISE CHECK.cpp CHECK.o PROGRAM
#
# LESSON_CXX is the compiler with its flags, LESSON_GPU_FLAGS what an exercise with kernels for the
# emulated GPU needs beside them, LESSON_LDFLAGS the flags of the linker, and LESSON_LIBRARY the
# objects and archives of the harness and the engine. Includes are looked up in the folder where
# the script is started. What does not compile is said on stdout (exit code 1), and PROGRAM is gone.
set -u
exercise=$1 check_source=$2 check=$3 program=$4
object=$program.exercise.o
rm -f "$program" "$object"
mkdir -p "$(dirname "$program")"

gpu=
if grep -q '^// runs on the emulated GPU' "$check_source"; then gpu=$LESSON_GPU_FLAGS; fi
if ! $LESSON_CXX $gpu -c "$exercise" -o "$object" 2>&1; then
    echo "$exercise does not compile: the first error above names the line."
    exit 1
fi

# A lesson that asks for an op does not take a call of the engine's own. No lesson takes the kernels
# behind the ops, or the engine's backward pass.
for name in mdn::kernels mdn::backward $(sed -n 's|^// not to be called: ||p' "$check_source"); do
    if nm -uC "$object" | grep -qF " $name("; then
        echo "$exercise calls $name: the exercise is to be written without it."
        rm -f "$object"
        exit 1
    fi
done

if ! said=$($LESSON_CXX "$object" "$check" $LESSON_LIBRARY $LESSON_LDFLAGS -o "$program" 2>&1); then
    echo "$said" | grep -o "undefined reference to .*\|multiple definition of [^;]*" | sort -u | head -20 ||
        echo "$said" | head -20
    echo "$exercise does not fit the checks. Each function of the exercise is there once, with the" \
        "parameters that it had (docs/lessons/unsolved/ has the file as it was)."
    rm -f "$object"
    exit 1
fi
rm -f "$object"
