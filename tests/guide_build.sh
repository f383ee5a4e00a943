# What the scripts that follow guides share (tests/guide.sh, tests/kernel_guide.sh): a build of the
# tests with some files changed or added, which leaves the build itself alone. `make test` without
# a GPU says how by GUIDE_CXX, GUIDE_LDFLAGS, GUIDE_BUILD and GUIDE_OBJECTS, the objects that the
# tests are linked from.

# How a .cu file, and a test of it, is compiled for the emulated GPU.
emulated=(-Itests/cuda_emulation -DMDN_CUDA_EMULATION)

# compile FOLDER SOURCE OBJECT [FLAGS]: FOLDER/OBJECT from FOLDER/SOURCE, or from SOURCE where that
# is not changed.
compile() {
    local folder=$1 source=$2 object=$3
    shift 3
    mkdir -p "$(dirname "$folder/$object")"
    [ ! -e "$folder/$source" ] || source=$folder/$source
    $GUIDE_CXX "$@" -c "$source" -o "$folder/$object"
}

# link_tests FOLDER: FOLDER/run_tests from FOLDER's objects, and those of the tests that have no
# other version there.
link_tests() {
    local folder=$1 object objects=() built
    for object in $GUIDE_OBJECTS; do
        [ -e "$folder/${object#"$GUIDE_BUILD"/}" ] || objects+=("$object")
    done
    mapfile -t built < <(find "$folder" -name '*.o')
    $GUIDE_CXX "${built[@]}" "${objects[@]}" $GUIDE_LDFLAGS -o "$folder/run_tests"
}
