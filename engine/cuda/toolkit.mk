# Finds the CUDA toolkit and the GPU, and says how engine/cuda/*.cu are built.
#
# Sets HAS_CUDA, CUDA_BACKEND and CUDA_LIBRARIES for the GPU's program, TEST_BACKEND and
# TEST_CUDA_LIBRARIES for the tests: the GPU's own objects where there is a GPU, the emulated ones
# everywhere else.

comma := ,
CUDA_BUILD := $(BUILD)/cuda
EMULATION  := $(BUILD)/cuda_emulation
CUDA_HOME  := $(patsubst %/bin/,%,$(dir $(realpath $(NVCC))))

# The toolkit must be able to compile a kernel and link it with cuBLAS.
define probe
mkdir -p build && { test build/cuda_probe -nt $(NVCC) || { \
$(NVCC) -std=c++20 engine/cuda/toolkit_probe.cu -lcublas -o build/cuda_probe.new 2>build/cuda_probe.log && \
mv -f build/cuda_probe.new build/cuda_probe; }; } && echo yes
endef

CUDA_STATE := CUDA not found
ifeq ($(CUDA),0)
CUDA_STATE := CUDA not asked for (CUDA=0)
CUDA_WHY   := CUDA=auto, the default, uses CUDA where it is installed
else ifeq ($(SANITIZE),1)
CUDA_STATE := CUDA left out (SANITIZE=1)
CUDA_WHY   := it cannot be combined with SANITIZE=1
else ifeq ($(wildcard $(NVCC)),)
CUDA_WHY := there is no nvcc: install the CUDA toolkit (12 or later), or say where it is with NVCC=...
else
CUDA_MAJOR := $(shell $(NVCC) --version | sed -n 's/.*release \([0-9]*\)\..*/\1/p')
ifeq ($(shell test "$(CUDA_MAJOR)" -ge 12 2>/dev/null && echo yes),)
CUDA_STATE := CUDA found, but not usable
CUDA_WHY := $(NVCC) is of release $(CUDA_MAJOR), but 12 or later is needed
else ifneq ($(shell $(probe)),yes)
CUDA_STATE := CUDA found, but not usable
CUDA_WHY := a small program does not compile and link: see build/cuda_probe.log
else
HAS_CUDA := 1
endif
endif
ifeq ($(CUDA)$(HAS_CUDA),1)
$(error CUDA=1, but $(CUDA_WHY))
endif

ifdef HAS_CUDA
# The GPU's architecture, unless one was named.
GPU_CAPABILITY := $(shell nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -1 | tr -cd 0-9)
KNOWN_ARCHS    := $(shell $(NVCC) --list-gpu-code)
ifneq ($(ARCH),)
ifeq ($(filter $(ARCH),$(KNOWN_ARCHS)),)
$(error ARCH=$(ARCH) is not an architecture that $(NVCC) knows: $(KNOWN_ARCHS))
endif
ifneq ($(filter sm_5% sm_6% sm_7%,$(ARCH)),)
$(error ARCH=$(ARCH): the kernels need tensor cores that multiply bf16, which GPUs have from sm_80 on)
endif
CUDA_ARCHS := -arch=$(ARCH)
else ifneq ($(filter-out sm_5% sm_6% sm_7%,$(filter sm_$(GPU_CAPABILITY),$(KNOWN_ARCHS))),)
CUDA_ARCHS := -arch=sm_$(GPU_CAPABILITY)
else
# Ampere and Ada, Hopper, and through its PTX whatever comes later. Older GPUs cannot multiply bf16.
CUDA_ARCHS := $(foreach n,80 90,-gencode arch=compute_$(n),code=sm_$(n)) \
              -gencode arch=compute_90,code=compute_90
endif
NVCCFLAGS := -std=c++20 -O3 $(CUDA_ARCHS) -I. --expt-relaxed-constexpr -Xcompiler=-Wall,-Wextra$(if $(filter 1,$(WERROR)),$(comma)-Werror) -MMD -MP
CUDA_LIBRARIES := -L$(CUDA_HOME)/lib64 -Wl,-rpath,$(CUDA_HOME)/lib64 -lcublas -lcudart
endif

CUDA_SOURCES     := $(filter-out engine/cuda/toolkit_probe.cu,$(wildcard engine/cuda/*.cu))
# The emulation has NCCL; of the programs, one may (engine/cuda/nccl/nccl.mk).
EMULATED_OBJECTS := $(patsubst engine/cuda/%.cu,$(EMULATION)/%.o,$(CUDA_SOURCES) engine/cuda/nccl/nccl_ranks.cu) \
                    $(patsubst tests/cuda_emulation/%.cpp,$(EMULATION)/tests/%.o,$(wildcard tests/cuda_emulation/*.cpp)) \
                    $(EMULATION)/backend.o
CUDA_BACKEND     := $(patsubst engine/cuda/%.cu,$(CUDA_BUILD)/%.o,$(CUDA_SOURCES) engine/cuda/nccl/no_nccl.cu) $(CUDA_BUILD)/backend.o

# EMULATE=1 keeps the tests off a GPU that is there.
ifeq ($(and $(HAS_CUDA),$(GPU_CAPABILITY),$(if $(filter 1,$(EMULATE)),,1)),)
TEST_BACKEND        := $(EMULATED_OBJECTS)
# The emulation's <cuda_runtime.h>, also where a toolkit has put its own on the default path.
CUDA_TEST_FLAGS     := -DMDN_CUDA_EMULATION -Itests/cuda_emulation
else
TEST_BACKEND        := $(CUDA_BACKEND)
TEST_CUDA_LIBRARIES := $(CUDA_LIBRARIES)
endif

# The first line of a build; the makes that it starts do not repeat it.
.PHONY: cuda-report
cuda-report:
ifneq ($(filter cuda-report,$(MAKECMDGOALS))$(filter 0,$(MAKELEVEL)),)
ifdef HAS_CUDA
	@$(SAY) 'CUDA $(CUDA_MAJOR) found ($(NVCC)): building for the CPU and for $(if $(GPU_CAPABILITY),the GPU found,any GPU): $(strip $(CUDA_ARCHS))'
else
	@$(SAY) '$(CUDA_STATE): building for the CPU'
# Why CUDA was not found is for those who ask; why what they installed does not work is for all.
ifneq ($(filter cuda-report,$(MAKECMDGOALS))$(findstring not usable,$(CUDA_STATE)),)
	@$(SAY) '  $(CUDA_WHY)'
endif
endif
endif

# The choices that only some objects depend on.
CUDA_CHOICES := $(strip $(NVCC) $(CUDA_MAJOR) $(NVCCFLAGS))
TEST_CHOICES := $(strip $(CUDA_TEST_FLAGS) $(OPTIMIZE_TESTS))
$(eval $(call choices_file,$(CUDA_BUILD)/choices,CUDA_CHOICES))
$(eval $(call choices_file,$(BUILD)/tests/choices,TEST_CHOICES))

$(CUDA_BUILD)/%.o: engine/cuda/%.cu $(CUDA_BUILD)/choices | setup
	@mkdir -p $(@D)
	@$(SAY) "$(STEP) nvcc $<"; $(call make_object,$(NVCC) $(NVCCFLAGS))

$(CUDA_BUILD)/backend.o $(EMULATION)/backend.o: engine/backend.cpp $(BUILD)/choices | setup
	@mkdir -p $(@D)
	@$(SAY) "$(STEP) c++  $< (CUDA)"; $(call make_object,$(CXX) $(CXXFLAGS) -DMDN_CUDA)

# The emulation's folder comes first: EXTRA_CXXFLAGS may name another with a <cuda_runtime.h>.
EMULATED_CXXFLAGS = -Itests/cuda_emulation -DMDN_CUDA_EMULATION $(all_headers)
$(EMULATION)/%.o: engine/cuda/%.cu $(BUILD)/choices | setup
	@mkdir -p $(@D)
	@$(SAY) "$(STEP) c++  $< (emulated)"; $(call make_object,$(CXX) $(EMULATED_CXXFLAGS) -x c++)

$(EMULATION)/tests/%.o: tests/cuda_emulation/%.cpp $(BUILD)/choices | setup
	@mkdir -p $(@D)
	@$(SAY) "$(STEP) c++  $<"; $(call make_object,$(CXX) $(EMULATED_CXXFLAGS))

$(BUILD)/tests/%.o: CXXFLAGS := $(CUDA_TEST_FLAGS) $(all_headers)
