# make playground: the engine and the model as WebAssembly, and playground.html, which holds them with
# two trained models and some clips (docs/playground.md). make playground-check looks at a page of small
# models in the browsers that are here.

PLAYGROUND_BUILD := build/playground
EMXX ?= em++
PLAYGROUND ?= playground.html

# What the page computes with, of the same sources as the program's.
PLAYGROUND_SOURCES := $(filter-out engine/files/atomic_folder.cpp,$(wildcard $(addsuffix /*.cpp,engine engine/cpu engine/ops engine/files engine/files/torch model data/images))) \
    $(addprefix data/,augmentation.cpp file.cpp transform.cpp) \
    $(addprefix train/,checkpoints/check_numbers.cpp checkpoints/checkpoint.cpp checkpoints/trained_classes.cpp explain/occlusion.cpp) \
    $(addprefix train/playground/,exports.cpp played_model.cpp playground.cpp scene.cpp shim/sched.cpp)
PLAYGROUND_OBJECTS := $(PLAYGROUND_SOURCES:%.cpp=$(PLAYGROUND_BUILD)/%.o)
PLAYGROUND_HEADERS := $(PLAYGROUND_BUILD)/include/nlohmann $(PLAYGROUND_BUILD)/include/stb

# Vectors of 16 bytes are WebAssembly's own (-msimd128), and its exceptions cost nothing until one is
# thrown. A loop that its clang cannot make vectors of stays a plain one: no reason for a warning.
PLAYGROUND_FLAGS := -std=c++20 -O3 -msimd128 -fwasm-exceptions -fno-math-errno -fopenmp-simd -Wall -Wextra -Wno-pass-failed $(if $(filter 1,$(WERROR)),-Werror)
EMXX_COMPILE = $(EMXX) $(PLAYGROUND_FLAGS) -Itrain/playground/shim -isystem $(PLAYGROUND_BUILD)/include -I. -MMD -MP
# The page hands the compiled bytes over: with SINGLE_FILE the script would first try to fetch them, and
# a page that forbids every request reports that as an error.
PLAYGROUND_LINK := -s MODULARIZE=1 -s EXPORT_NAME=PlaygroundEngine -s ENVIRONMENT=web,node \
    -s ALLOW_MEMORY_GROWTH=1 -s INITIAL_MEMORY=64MB -s FILESYSTEM=1 \
    -s EXPORTED_FUNCTIONS=_playground_buffer,_playground_call -s EXPORTED_RUNTIME_METHODS=ccall
PLAYGROUND_CHOICES := $(EMXX_COMPILE) $(PLAYGROUND_LINK)
$(eval $(call choices_file,$(PLAYGROUND_BUILD)/choices,PLAYGROUND_CHOICES))

.PHONY: playground playground-check playground-setup
playground-setup: | setup
	@command -v $(EMXX) >/dev/null || { $(call install,emscripten); }

# The headers of the distribution's packages, alone: beside them lie those of another C library.
$(PLAYGROUND_BUILD)/include/%: | playground-setup
	@mkdir -p $(@D); header=$$(printf '#include <%s>\n' $(if $(filter stb,$*),stb/stb_image.h,nlohmann/json.hpp) | \
	    $(CXX) $(EXTRA_CXXFLAGS) -M -x c++ - | tr ' ' '\n' | grep -m1 '/$*/'); ln -sfn "$${header%%/$*/*}/$*" $@

$(PLAYGROUND_BUILD)/%.o: %.cpp $(PLAYGROUND_BUILD)/choices | playground-setup $(PLAYGROUND_HEADERS)
	@mkdir -p $(@D)
	@$(SAY) "$(STEP) em++ $<"; $(call make_object,$(EMXX_COMPILE))
$(PLAYGROUND_BUILD)/data/images/stb_image.o: EMXX_COMPILE += -fwrapv

# The linker's scripts ask for acorn, which Debian's node finds where Debian has it; others must be told.
# Objects of an archive are linked where something calls them.
$(PLAYGROUND_BUILD)/engine.a: $(PLAYGROUND_OBJECTS)
	@$(SAY) "$(STEP) ar   $@"; rm -f $@; emar rcs $@ $^
$(PLAYGROUND_BUILD)/engine.js: $(PLAYGROUND_BUILD)/engine.a
	@$(SAY) "$(STEP) link $@"; NODE_PATH=/usr/share/nodejs:$$NODE_PATH $(EMXX) $(PLAYGROUND_FLAGS) $< $(PLAYGROUND_LINK) -o $(@D)/new.js && mv -f $(@D)/new.wasm $(@:.js=.wasm) && mv -f $(@D)/new.js $@

build/pack_playground: $(call objects,train/playground/pack.cpp) $(LIBRARY) $(BUILD)/engine/backend.o build/published
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $(filter %.o,$^) $(LDFLAGS))

-include $(shell find $(PLAYGROUND_BUILD) -name '*.d' 2>/dev/null)

# ---- The page of the demo's model and of its twin, which is trained as the demo's is, but without MAC.
# Each of the two is made where it is missing; neither is made again because the program is another. The
# demo tests its model when it has trained it, so a demo without a test was stopped.
PLAYGROUND_DATA := runs/demo/data
PLAYGROUND_MAC  := runs/demo/full/best.safetensors
PLAYGROUND_TEST := runs/demo/full/test.json
PLAYGROUND_TWIN := runs/playground/no-mac
pack_playground = build/pack_playground --engine $(PLAYGROUND_BUILD)/engine.js

playground: setup build/microdualnet build/pack_playground $(PLAYGROUND_BUILD)/engine.js
	+@case "$(short_options)" in *n*) exit;; esac; \
	[ -f $(PLAYGROUND_MAC) ] && [ -f $(PLAYGROUND_TEST) ] && [ -f $(PLAYGROUND_DATA)/labels.txt ] || { \
	    echo 'playground: there is no finished demo in runs/demo: make demo comes first'; train/demo.sh; } && \
	train/playground/train_twin.sh $(PLAYGROUND_DATA) $(PLAYGROUND_MAC) $(PLAYGROUND_TWIN) && \
	$(pack_playground) --dataset $(PLAYGROUND_DATA) --with-mac $(PLAYGROUND_MAC) \
	    --without-mac $(PLAYGROUND_TWIN)/best.safetensors --output $(call quoted,$(PLAYGROUND))

# PAGE=FILE looks at that page, of the demo's models, instead of at one of small models. UNTIMED=1 leaves
# out how long answers take, for a machine that is busy.
PAGE ?=
UNTIMED ?= 0
$(call one_of,UNTIMED,0 1)
playground-check: setup build/microdualnet build/pack_playground $(PLAYGROUND_BUILD)/engine.js
	@$(PYTHON) tests/pages/playground.py --engine $(PLAYGROUND_BUILD)/engine.js $(if $(filter 1,$(UNTIMED)),--untimed) $(if $(PAGE),$(call quoted,$(PAGE)))
