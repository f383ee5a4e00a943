# make fuzz: coverage-guided fuzzing (clang's libFuzzer) of everything that reads files. The readers are
# compiled by clang with coverage, AddressSanitizer and UndefinedBehaviorSanitizer; the rest is linked from
# the release build. New inputs gather in build/fuzz/corpus/TARGET, findings in build/fuzz/TARGET-*.

# Which targets, and for how many seconds each.
FUZZ     ?= $(FUZZ_ALL)
SECONDS  ?= 20
# 0: another search every time. A fixed one begins the same everywhere.
SEED     ?= 0
CLANGXX  ?= clang++

FUZZ_ALL := $(filter-out fuzz,$(basename $(notdir $(wildcard tests/fuzz/*.cpp))))
# What is fuzzed. Longer inputs only make it slower, once a format's parts fit.
FUZZED   := $(filter-out data/synth/%,$(filter data/%,$(LIBRARY_SOURCES))) model/config.cpp \
            engine/files/byte_source.cpp \
            engine/files/crc32.cpp engine/files/shard_index.cpp $(wildcard engine/files/safetensors*.cpp engine/files/torch/*.cpp)
FUZZ_MAX_LENGTH = $(or $(FUZZ_MAX_LENGTH_$(1)),16384)
FUZZ_MAX_LENGTH_image := 4096
# Seeds beside those of tests/fuzz/corpus/TARGET.
FUZZ_SEEDS_torch_file := tests/torch_checkpoints/containers

FUZZ_CXXFLAGS := -std=c++20 -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
                 -fno-sanitize-recover=all -Wall -Wextra $(if $(filter 1,$(WERROR)),-Werror) -Wno-unknown-pragmas \
                 -I. -MMD -MP $(EXTRA_CXXFLAGS)
# In a variable: a comma would end an argument of $(call).
FUZZ_LINK_FLAGS := -fsanitize=fuzzer,address,undefined
FUZZ_OBJECTS  := $(patsubst %.cpp,build/fuzz/%.o,$(FUZZED) tests/fuzz/fuzz.cpp)
FUZZ_REST     := $(patsubst %.cpp,build/release/%.o,$(filter-out $(FUZZED) data/% train/%,$(LIBRARY_SOURCES)))

.PHONY: fuzz fuzz-setup $(FUZZ_ALL:%=fuzz-%)
fuzz: $(FUZZ:%=fuzz-%)

# tests/fuzz/fuzz.cpp limits the processor time of an input; the clock's limit is for one that waits.
$(FUZZ_ALL:%=fuzz-%): fuzz-%: build/fuzz/fuzz_%
	@mkdir -p build/fuzz/corpus/$*
	@echo "fuzz $*: $(SECONDS) s"; \
	build/fuzz/fuzz_$* -max_total_time=$(SECONDS) -seed=$(SEED) -timeout=300 -rss_limit_mb=2048 \
	    -max_len=$(call FUZZ_MAX_LENGTH,$*) -print_final_stats=1 -artifact_prefix=build/fuzz/$*- \
	    $(if $(wildcard tests/fuzz/$*.dict),-dict=tests/fuzz/$*.dict) \
	    build/fuzz/corpus/$* tests/fuzz/corpus/$* $(FUZZ_SEEDS_$*) > build/fuzz/$*.log 2>&1 \
	|| { tail -40 build/fuzz/$*.log; echo "fuzz $*: failed; the input is build/fuzz/$*-*"; exit 1; }; \
	echo "fuzz $*: $$(sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz/$*.log) runs, nothing found"

build/fuzz/fuzz_%: build/fuzz/tests/fuzz/%.o $(FUZZ_OBJECTS) $(FUZZ_REST)
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CLANGXX) $(FUZZ_LINK_FLAGS) $^ -pthread)

FUZZ_CHOICES := $(strip $(CLANGXX) $(FUZZ_CXXFLAGS))
$(eval $(call choices_file,build/fuzz/choices,FUZZ_CHOICES))
build/fuzz/%.o: %.cpp build/fuzz/choices | fuzz-setup setup
	@mkdir -p $(@D)
	@$(SAY) "$(STEP) clang $<"; $(call make_object,$(CLANGXX) $(FUZZ_CXXFLAGS))

build/fuzz/data/images/stb_image.o: FUZZ_CXXFLAGS += $(STB_FLAGS)

.SECONDARY:
-include $(shell find build/fuzz -name '*.d' 2>/dev/null)

# clang's own runtime is a package of its own in some releases.
fuzzer_found := echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' | \
                $(CLANGXX) -fsanitize=fuzzer,address -x c++ - -o /dev/null 2>/dev/null
fuzz-setup:
	@$(fuzzer_found) || { $(call install,clang); }
	@$(fuzzer_found) || { $(call install,libclang-rt-dev); }
