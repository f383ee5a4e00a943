# Micro-DualNet. `make help` lists the targets; `make demo` and `make test` need nothing set up.

CXX      ?= g++
ARCHFLAG ?= -march=native
SANITIZE ?= 0
# 1: a compiler's warning stops the build. Compilers warn of different things, so only CI asks for it.
WERROR   ?= 0
# auto: with CUDA where nvcc can build and link it; 1: stop if it cannot; 0: without.
CUDA     ?= auto
NVCC     ?= $(shell command -v nvcc || echo /usr/local/cuda/bin/nvcc)
# auto: with MPI, for training on several machines, where it is installed; 1: install it; 0: without.
MPI      ?= auto
# auto: with NCCL, for GPUs of several processes, where it is installed beside CUDA and MPI; 1: stop if it
# is not; 0: without. NCCL_HOME=FOLDER says where it is.
NCCL     ?= auto
# sm_80, sm_90, ...: the GPU's architecture; by default that of the GPU found, else a portable set.
ARCH     ?=
# cpu or cuda: where demo and bench compute.
DEVICE   ?= cpu
# What to run of the tests, as doctest's suites: TESTS='engine/cuda/*,model/golden'.
TESTS    ?=
# Which parts of gpu-check: tests bench memcheck racecheck demo; all by default. MINUTES=9: in so much
# time, as many of them as it allows.
PARTS    ?=
MINUTES  ?=
PYTHON   ?= python3

# All cores build; the outermost make alone says so, and those it starts share its jobs.
JOBS     ?= $(shell nproc 2>/dev/null || echo 2)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

# A value that none of the above has would be taken for the default: it is refused.
one_of = $(if $(filter-out $(2),$($(1))),$(error $(1)=$($(1)): $(1) must be one of: $(2)))
$(call one_of,SANITIZE,0 1)
$(call one_of,WERROR,0 1)
$(call one_of,CUDA,auto 0 1)
$(call one_of,MPI,auto 0 1)
$(call one_of,NCCL,auto 0 1)
$(call one_of,EMULATE,0 1)
$(call one_of,DEVICE,cpu cuda)

# What a stopped recipe leaves would pass for whole the next time.
.DELETE_ON_ERROR:

BUILD    := build/release
OPTIMIZE := -O3
# Tests run once and are compiled far more often: to optimize them takes longer than it saves.
OPTIMIZE_TESTS := -O0
ifeq ($(SANITIZE),1)
BUILD    := build/sanitize
# Lines for the reports, and no more: all of -g makes compiling a third longer.
OPTIMIZE := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPTIMIZE_TESTS := $(OPTIMIZE)
endif
# These rooms say what is computed, and the kernels compute it: they take longer to optimize in full than
# that saves. Not so the loops that measure the machine, that look for numbers that are not finite, and
# that go through every byte of a file.
STEERING          := model/% train/% engine/ops/% engine/files/% data/formats/% data/keypoints/formats/% \
                     data/dataset.cpp data/dataset_check.cpp data/clip_check.cpp
NOT_STEERING      := train/bench.cpp train/checkpoints/check_numbers.cpp \
                     $(addprefix engine/files/,crc32.cpp crc32c.cpp safetensors.cpp torch/read_tensor.cpp)
OPTIMIZE_STEERING := $(patsubst -O3,-O1,$(OPTIMIZE))
# Nothing reads the flags of floating-point exceptions. Without this promise g++ computes neither side of
# a choice ahead, and so leaves GELU's loops as they are on a processor without AVX-512.
CPU_KERNEL_FLAGS  := -fno-trapping-math

CXXFLAGS := -std=c++20 $(OPTIMIZE) $(ARCHFLAG) -fno-math-errno -fopenmp-simd -pthread -Wall -Wextra $(if $(filter 1,$(WERROR)),-Werror) -I. -MMD -MP $(EXTRA_CXXFLAGS)
# The flags of what must not see a CUDA toolkit: the compiler notes headers of the system, too.
all_headers = $(patsubst -MMD,-MD,$(CXXFLAGS))
LDFLAGS  := $(filter -fsanitize=%,$(OPTIMIZE)) -pthread

# ---- What is built with a choice that can change (CXX, ARCHFLAG, EXTRA_CXXFLAGS, ...) is built again
# when it does: it depends on a file that holds the choice, and is written only when it changes.
# $(eval $(call choices_file,FILE,VARIABLE)); VARIABLE is set at once, so that it says the same to all.
define choices_file
ifneq ($$(file <$(1)),$$($(2)))
$(1): FORCE
endif
$(1):
	@mkdir -p $$(@D); printf '%s\n' $$(call quoted,$$($(2))) > $$@
endef
quoted = '$(subst ','\'',$(1))'
.PHONY: FORCE

# What -march=native stands for on this machine, and which release the compiler is of: both show in the
# predefined macros. A build folder that is carried to another machine is built again there.
MACROS  := $(shell $(CXX) -std=c++20 $(OPTIMIZE) $(ARCHFLAG) $(EXTRA_CXXFLAGS) -dM -E -x c++ /dev/null 2>/dev/null | LC_ALL=C sort | cksum)
CHOICES := $(strip $(CXX) $(CXXFLAGS) $(LDFLAGS) $(STEERING) $(OPTIMIZE_STEERING) $(CPU_KERNEL_FLAGS) macros $(MACROS))
$(eval $(call choices_file,$(BUILD)/choices,CHOICES))

# ---- How far the build is: [n/N] before each object and program. N is what a dry run of the same goals
# would make, counted before the first. Of make's options, -B makes more; what -W names does so too, but
# make does not say which files these are: a step beyond N counts as the last.
ifdef COUNT_STEPS
STEP := [?]
else
STEP = $(eval STEPS += x)[$(words $(STEPS))/$(words $(join $(STEPS),$(ALL_STEPS)))]
ALL_STEPS = $(eval ALL_STEPS := $$(shell $$(count_steps) 2>/dev/null | grep -o '\[?\]'))$(ALL_STEPS)
count_steps = MAKEFLAGS=$(call quoted,n$(findstring B,$(short_options)) -- $(MAKEOVERRIDES)) MAKELEVEL=1 $(MAKE) COUNT_STEPS=1 $(MAKECMDGOALS)
endif
# Options of one letter that make was called with. make -s says nothing.
short_options = $(filter-out --%,$(firstword -$(MAKEFLAGS)))
SAY = $(if $(findstring s,$(short_options)),:,echo)

# $(call make_whole,COMMAND): what COMMAND writes to $@.new becomes $@ when it is whole, however it is
# stopped. Of an object, its list of headers comes first: without it the object would pass for current.
make_whole   = $(1) -o $@.new && mv -f $@.new $@
make_object  = $(1) -MT $@ -MF $(@:.o=.d).new -c $< -o $@.new && mv -f $(@:.o=.d).new $(@:.o=.d) && mv -f $@.new $@

# ---- CUDA: engine/cuda/*.cu through nvcc for the program, through g++ on an emulated GPU for tests.
include engine/cuda/toolkit.mk

# $(call sources,FOLDERS,PATTERN): of all rooms, however deep.
sources         = $(sort $(shell find $(1) -name '$(2)' 2>/dev/null))
# Programs of their own are no part of the library.
LIBRARY_SOURCES := $(filter-out train/main.cpp train/parallel/mpi/% train/playground/pack.cpp train/playground/shim/%,$(call sources,engine model data train,*.cpp))
# Built otherwise: the programs of peers and fuzzers, the emulated GPU (engine/cuda/toolkit.mk), and
# answers to the course's exercises (docs/lessons/lessons.mk).
TEST_SOURCES    := $(filter-out tests/peers/% tests/fuzz/% tests/cuda_emulation/% tests/lessons/solutions/% tests/lessons/wrong/%,$(call sources,tests,*.cpp))
ifneq ($(TESTS),)
# The emulated GPU has a suite of its own.
TEST_SOURCES    := $(filter-out tests/cuda_emulation/%,$(shell tests/named_by.sh $(call quoted,$(TESTS)) $(TEST_SOURCES) $(wildcard tests/cuda_emulation/*.cpp)))
ifneq ($(.SHELLSTATUS),0)
$(error nothing was built)
endif
endif
FORMATTED       := $(foreach pattern,*.h *.cpp *.cu,$(call sources,engine model data train tests docs,$(pattern)))

objects  = $(patsubst %.cpp,$(BUILD)/%.o,$(1))
$(call objects,$(TEST_SOURCES)): $(BUILD)/tests/choices
$(call objects,$(TEST_SOURCES)): CXXFLAGS := $(CUDA_TEST_FLAGS) $(subst $(OPTIMIZE),$(OPTIMIZE_TESTS),$(all_headers))
$(filter $(STEERING:%=$(BUILD)/%),$(call objects,$(filter-out $(NOT_STEERING),$(LIBRARY_SOURCES) train/main.cpp))): CXXFLAGS := $(subst $(OPTIMIZE),$(OPTIMIZE_STEERING),$(CXXFLAGS))
$(call objects,$(filter engine/cpu/%,$(LIBRARY_SOURCES))): CXXFLAGS += $(CPU_KERNEL_FLAGS)
# engine/backend.cpp picks the devices, so each of the three ways to build it has an object; train/main.cpp
# has one with MPI and one without.
LIBRARY := $(call objects,$(filter-out engine/backend.cpp,$(LIBRARY_SOURCES)))

include train/parallel/mpi/mpi.mk

# What the tests need of it: rooms below train are tested without train, the rooms that include it need
# all and the program. The files without a suite belong to those that have one.
TEST_LIBRARY := $(LIBRARY)
TEST_PROGRAM := $(BUILD)/microdualnet $(if $(HAS_MPI),$(BUILD)/microdualnet-mpi $(BUILD)/microdualnet-emulated-mpi)
BELOW_TRAIN  := tests/engine/% tests/data/% tests/model/%
ifeq ($(shell grep -l TEST_SUITE $(filter-out $(BELOW_TRAIN),$(TEST_SOURCES)) /dev/null),)
TEST_LIBRARY := $(filter-out $(BUILD)/train/%,$(LIBRARY))
TEST_SOURCES := $(filter-out tests/train/%,$(TEST_SOURCES))
TEST_PROGRAM :=
endif

.PHONY: help all demo test bench weights-check peers pages-check gpu-check vendor-headers check format clean setup
.DEFAULT_GOAL := all

help:
	@echo 'make            build build/microdualnet'
	@echo 'make demo       build, render a dataset, train, evaluate on people never seen (train/demo.sh --help)'
	@echo 'make test       build and run every test          (SANITIZE=1: under ASan and UBSan)'
	@echo "                TESTS='data/*,train/output/*': only the suites that these patterns match"
	@echo 'make lesson N=5 check the exercise of a lesson    (docs/lessons/README.md; make lessons: all)'
	@echo 'make playground write playground.html: the trained models live in a browser (docs/playground.md)'
	@echo 'make bench      time the engine and the model     (and PyTorch where it is installed)'
	@echo 'make weights-check  check weights carried from PyTorch and back (needs PyTorch)'
	@echo 'make peers      put the ops beside the test suites of ONNX, PyTorch and scikit-learn (needs them)'
	@echo 'make pages-check    look at the pages in headless Chromium and Firefox (those that are here)'
	@echo 'make gpu-check  on a GPU: tests, timings, compute-sanitizer, demo (PARTS="tests bench": only these;'
	@echo '                MINUTES=9: what that time allows)'
	@echo 'make vendor-headers  copy the header-only libraries to vendor/, for a machine without a network'
	@echo 'make MPI=1      also build what trains on several machines   (docs/scaling.md)'
	@echo 'make fuzz       test the readers on hostile files (libFuzzer; FUZZ=openpose SECONDS=600)'
	@echo 'make check      verify formatting, includes and kernel files (WERROR=1: compiler warnings too)'
	@echo 'make format     apply the formatting              (clang-format 14)'
	@echo 'make clean      remove build/'
	@echo
	@echo 'Variables: CXX=$(CXX)  ARCHFLAG=$(ARCHFLAG)  SANITIZE=$(SANITIZE)  JOBS=$(JOBS)  CUDA=$(CUDA)  MPI=$(MPI)  NCCL=$(NCCL)  ARCH=$(ARCH)  DEVICE=$(DEVICE)  TESTS=$(TESTS)'

# With CUDA there are two programs: the first hands over to the second when a GPU is asked for, so that
# what computes on the CPU does not carry cuBLAS's 200 MB (train/main.cpp). With MPI there is one more of
# each, for several processes.
MORE_PROGRAMS := cuda mpi cuda-mpi
BUILT_PROGRAMS := $(if $(HAS_CUDA),cuda) $(if $(HAS_MPI),mpi $(if $(HAS_CUDA),cuda-mpi))
PROGRAMS := build/microdualnet $(BUILT_PROGRAMS:%=build/microdualnet-%)
all: setup $(PROGRAMS)
	@rm -f $(patsubst %,build/microdualnet-%,$(filter-out $(BUILT_PROGRAMS),$(MORE_PROGRAMS)))

# The programs go where the README says: those of the build that was made last, release or sanitize.
$(eval $(call choices_file,build/published,BUILD))
build/microdualnet: $(BUILD)/microdualnet build/published
	@cp $< $@.new && mv -f $@.new $@
build/microdualnet-cuda: $(BUILD)/microdualnet-cuda build/published
	@cp $< $@.new && mv -f $@.new $@

$(BUILD)/microdualnet: $(call objects,train/main.cpp) $(LIBRARY) $(BUILD)/engine/backend.o
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $^ $(LDFLAGS))

$(BUILD)/microdualnet-cuda: $(call objects,train/main.cpp) $(LIBRARY) $(CUDA_BACKEND)
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $^ $(LDFLAGS) $(CUDA_LIBRARIES))

# The library comes first: of an inline function that both hold, the linker takes its optimized one.
$(eval $(call choices_file,$(BUILD)/tests/linked,TEST_SOURCES))
$(BUILD)/run_tests: $(TEST_LIBRARY) $(TEST_BACKEND) $(call objects,$(TEST_SOURCES)) $(BUILD)/tests/linked
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $(filter-out %/linked,$^) $(LDFLAGS) $(TEST_CUDA_LIBRARIES))

include tests/cuda_emulation/headers.mk

# Timing programs beside `make bench`; the first needs OpenBLAS to compare with.
build/gemm_bench: $(call objects,tests/peers/gemm_bench.cpp) $(LIBRARY) $(BUILD)/engine/backend.o build/published
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $(filter %.o,$^) $(LDFLAGS) -lopenblas)

build/conv_bench: $(call objects,tests/peers/conv_bench.cpp) $(LIBRARY) $(BUILD)/engine/backend.o build/published
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $(filter %.o,$^) $(LDFLAGS))

# Computes the cases of `make peers`: on the CPU, and on a GPU or the emulated one (without its tests).
build/run_cases: $(LIBRARY) $(filter-out $(EMULATION)/tests/emulation.o $(EMULATION)/tests/faults.o,$(TEST_BACKEND)) $(call objects,$(call sources,tests/peers,run_*.cpp)) build/published
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $(filter %.o,$^) $(LDFLAGS) $(TEST_CUDA_LIBRARIES))

# Counts the bytes and the launches of a GPU's training step, on the emulated one.
build/count_bytes: $(filter-out $(BUILD)/train/% $(BUILD)/data/%,$(LIBRARY)) $(filter-out $(EMULATION)/tests/emulation.o $(EMULATION)/tests/faults.o,$(EMULATED_OBJECTS)) $(call objects,tests/peers/count_bytes.cpp) build/published
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $(filter %.o,$^) $(LDFLAGS))

$(BUILD)/%.o: %.cpp $(BUILD)/choices | setup
	@mkdir -p $(@D)
	@$(SAY) "$(STEP) c++  $<"; $(call make_object,$(CXX) $(CXXFLAGS))

# A damaged image's coefficients may overflow in the decoder's sums: there they wrap, by definition.
# stb_image 2.27 also shifts a zero too far behind the end of a damaged scan, and copies nothing from
# nowhere for an empty chunk: both harmless, so the sanitizers pass over them.
STB_FLAGS := -fwrapv -fno-sanitize=shift,nonnull-attribute
$(BUILD)/data/images/stb_image.o: CXXFLAGS += $(STB_FLAGS)
$(BUILD)/data/images/stb_image.o build/fuzz/data/images/stb_image.o: Makefile

# The pages' stylesheets and scripts are copied into this object.
$(BUILD)/train/page/assets.o: $(wildcard train/page/*.css train/page/*.js)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- Set-up: header-only packages of the distribution, installed when the compiler lacks them.
PACKAGES := libstb-dev:stb/stb_image.h doctest-dev:doctest/doctest.h \
            nlohmann-json3-dev:nlohmann/json.hpp libcli11-dev:CLI/CLI.hpp

# $(call install,PACKAGES[,COMMAND]): from the distribution, or the command to type where that cannot be,
# and what COMMAND adds to that. Another installation, such as the machine's own nightly one, is waited for
# two minutes; apt does so itself when it installs, and not when it reads the lists.
install = packages=$$(echo $(1)); as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	echo "setup: these packages of the distribution are missing: $$packages"; \
	{ command -v apt-get >/dev/null && { [ -z "$$as_root" ] || command -v sudo >/dev/null; } \
	  && echo "setup: installing them" && \
	  for second in $$(seq 1 2 120); do \
	    said=$$($$as_root env LC_ALL=C apt-get update -q 2>&1); code=$$?; \
	    case $$code,$$said in 0,*) break ;; *lock*) sleep 2 ;; *) break ;; esac; \
	  done && printf '%s\n' "$$said" && [ $$code = 0 ] && \
	  $$as_root apt-get install -y -o DPkg::Lock::Timeout=120 $$packages; } || { \
	    echo "setup: could not install them; please run:  sudo apt-get update && sudo apt-get install $$packages" >&2; $(2) exit 2; }

# The headers of these packages work from any folder.
given_again = $(foreach name,CXX ARCHFLAG SANITIZE WERROR CUDA NVCC MPI NCCL ARCH DEVICE EMULATE TESTS,$(if $(filter command,$(firstword $(origin $(name)))),$(name)='$($(name))'))
unpack_at_home = printf '%s\n' "setup: or, without root, unpack them in your home folder and say where they are:" \
	"  mkdir -p ~/headers && cd ~/headers && apt-get download $$packages" \
	"  for package in *.deb; do dpkg -x \$$package .; done; cd -" \
	"  $(strip make $(MAKECMDGOALS) $(given_again) EXTRA_CXXFLAGS=$(if $(EXTRA_CXXFLAGS),\"$(EXTRA_CXXFLAGS) )-I\$$HOME/headers/usr/include$(if $(EXTRA_CXXFLAGS),\"))" >&2;

# The compiler is asked as it will be called, so that a folder named in EXTRA_CXXFLAGS counts.
setup: | cuda-report mpi-report nccl-report
	@said=$$(for pair in $(PACKAGES); do \
	    printf '#if !__has_include(<%s>)\nmissing: %s\n#endif\n' "$${pair#*:}" "$${pair%%:*}"; \
	done | LC_ALL=C $(CXX) -std=c++20 $(ARCHFLAG) $(EXTRA_CXXFLAGS) -E -P -x c++ - 2>&1) || { \
	    printf '%s\n' "$$said" >&2; \
	    printf '%s\n' "setup: the compiler does not work with this command: "$(call quoted,$(CXX) -std=c++20 $(ARCHFLAG) $(EXTRA_CXXFLAGS)) \
	        "setup: install g++ (12 or later), or change CXX, ARCHFLAG or EXTRA_CXXFLAGS" >&2; exit 2; }; \
	missing=$$(printf '%s\n' "$$said" | sed -n 's/^missing: *//p'); \
	if [ -n "$$missing" ]; then $(call install,$$missing,$(unpack_at_home)); fi

include tests/fuzz/fuzz.mk

include docs/lessons/lessons.mk

include train/playground/playground.mk

# How tests/guide.sh builds what CONTRIBUTING.md adds.
GUIDE = $(if $(findstring EMULATION,$(CUDA_TEST_FLAGS)),GUIDE_BUILD=$(BUILD) GUIDE_CXX=$(call quoted,$(CXX) -I$(BUILD)/guide $(CXXFLAGS)) \
        GUIDE_LDFLAGS=$(call quoted,$(LDFLAGS)) \
        GUIDE_OBJECTS=$(call quoted,$(LIBRARY) $(TEST_BACKEND) $(call objects,$(TEST_SOURCES)) $(TEST_HARNESS)))
test: $(BUILD)/run_tests $(TEST_PROGRAM) $(LESSON_TESTS)
	@$(GUIDE) $(LESSON_TEST_SETTINGS) PYTHON=$(call quoted,$(PYTHON)) $(BUILD)/run_tests $(if $(TESTS),-ts=$(call quoted,$(TESTS)))

demo: $(if $(filter cuda,$(DEVICE)),all,setup build/microdualnet)
	@DEVICE=$(DEVICE) train/demo.sh

# Our own figures need nothing; the peers run where they are installed.
OPENBLAS_FOUND := printf '\#include <cblas.h>\nint main() { return openblas_get_corename() == nullptr; }\n' | \
                  $(CXX) -x c++ - -lopenblas -o /dev/null 2>/dev/null
TORCH_FOUND := $(PYTHON) -c 'import torch, numpy' 2>/dev/null
bench: all
ifeq ($(DEVICE),cuda)
	@failed=0; for work in "forward --clips 1" "forward --clips 32" "train --clips 8" "train --clips 32" "head --clips 8" "head --clips 32"; do \
	    build/microdualnet bench --preset paper-ma52 --device cuda --precision bf16 --repeats 20 --profile --mode $$work || failed=1; done; \
	if $(TORCH_FOUND); then $(PYTHON) tests/peers/compare.py --device cuda --precision bf16 || failed=1; \
	else echo 'bench: PyTorch is not installed for $(PYTHON): not compared'; fi; exit $$failed
else
	@for preset in "tiny --clips 16" "paper-ma52 --clips 1"; do build/microdualnet bench --preset $$preset --mode forward --profile; done
	@for preset in "tiny --clips 16" "paper-ma52 --clips 2"; do build/microdualnet bench --preset $$preset --mode train --profile; done
	@case "$(short_options)" in *n*) exit;; esac; if $(OPENBLAS_FOUND); \
	then $(MAKE) --no-print-directory build/gemm_bench && build/gemm_bench; \
	else echo 'bench: no OpenBLAS to compile and link with (install libopenblas-dev; the <cblas.h> of another library is not enough): not compared'; fi
	@if $(TORCH_FOUND); then $(PYTHON) tests/peers/compare.py && $(PYTHON) tests/peers/compare.py --scaling; \
	else echo 'bench: PyTorch is not installed for $(PYTHON): not compared'; fi
endif

# Weights from PyTorch and back, at full size, and the snippets of docs/weights.md.
weights-check: setup build/microdualnet
	@if $(TORCH_FOUND); then $(PYTHON) tests/peers/weights.py; \
	else echo 'weights-check: PyTorch is not installed for $(PYTHON)' >&2; exit 2; fi

# The engine beside the test suites of others, and Grad-CAM beside PyTorch's autograd. Every script says which packages it lacks (exit code 2).
peers: setup build/run_cases build/microdualnet
	@failed=0; for script in run_suites onnx_export grad_cam; do \
	    $(PYTHON) tests/peers/$$script.py || { code=$$?; [ $$failed -eq 1 ] || failed=$$code; }; done; exit $$failed
# What the program writes as pages, opened in headless Chromium and Firefox where they are installed.
pages-check: setup build/microdualnet
	@$(PYTHON) tests/pages/check.py

# Everything that only a GPU can show, for docs/benchmarks.md: the tests on it, the timings,
# compute-sanitizer's two checks on the kernels, and the demo. Leaves what it printed in build/gpu/.
gpu-check: all
	+@case "$(short_options)" in *n*) exit;; esac; PATH="$(CUDA_HOME)/bin:$$PATH" MINUTES=$(call quoted,$(MINUTES)) tests/gpu.sh $(PARTS)

# git ignores vendor/. It travels where the folder is copied, and EXTRA_CXXFLAGS=-Ivendor uses it.
DIR ?= vendor
vendor-headers: setup
	@CXX=$(call quoted,$(CXX) $(EXTRA_CXXFLAGS)) tests/vendor_headers.sh $(call quoted,$(DIR)) $(foreach package,$(PACKAGES),$(lastword $(subst :, ,$(package))))

include tests/check.mk

clean:
	rm -rf build
