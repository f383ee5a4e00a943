# Finds NCCL, with which the GPUs of several processes add without the host: for
# build/microdualnet-cuda-mpi, so only where there are CUDA and MPI. The tests have a stand-in
# (tests/cuda_emulation/nccl.h).
#
# Sets HAS_NCCL, NCCL_LIBRARIES and NCCL_BACKEND, the objects of the GPU for that program.

# The folder with include/nccl.h and lib/libnccl.so.2, where that is not the compiler's own or CUDA's:
# also that of the Python package nvidia-nccl-cu13, site-packages/nvidia/nccl.
NCCL_HOME ?=

NCCL_INSTALL := install libnccl-dev (contrib of Debian 13 or later, or NVIDIA's CUDA repository), or say with NCCL_HOME=... where NCCL is

NCCL_BACKEND := $(CUDA_BACKEND)
ifneq ($(filter-out 0,$(NCCL)),)
ifneq ($(and $(HAS_CUDA),$(HAS_MPI)),)
NCCL_FOLDER    := $(abspath $(NCCL_HOME))
NCCL_CXXFLAGS  := $(if $(NCCL_HOME),-I$(NCCL_FOLDER)/include)
# By its version: the Python package has no other name for it. It comes before CUDA's folder, which may have
# another one.
NCCL_LIBRARIES := $(foreach folder,$(if $(NCCL_HOME),$(wildcard $(NCCL_FOLDER)/lib $(NCCL_FOLDER)/lib64)),-L$(folder) -Wl$(comma)-rpath$(comma)$(folder)) -l:libnccl.so.2
NCCL_PROGRAM   := \#include <nccl.h>\nint main() { return ncclGetLastError(nullptr) == nullptr && ncclInProgress; }\n
define nccl_probe
mkdir -p build && printf '%s\n' $(call quoted,$(NCCL_CXXFLAGS) $(NCCL_LIBRARIES)) >build/nccl_probe.said && \
{ test build/nccl_probe -nt $(NVCC) && cmp -s build/nccl_probe.said build/nccl_probe.for || { printf '$(NCCL_PROGRAM)' | \
$(CXX) $(NCCL_CXXFLAGS) -I$(CUDA_HOME)/include -x c++ - $(NCCL_LIBRARIES) $(CUDA_LIBRARIES) -o build/nccl_probe.new 2>build/nccl_probe.log && \
mv -f build/nccl_probe.said build/nccl_probe.for && mv -f build/nccl_probe.new build/nccl_probe; }; } && echo 1
endef
HAS_NCCL := $(shell $(nccl_probe))
endif
endif

ifeq ($(NCCL)$(HAS_NCCL),1)
ifndef HAS_CUDA
$(error NCCL=1, but $(or $(CUDA_WHY),there is no CUDA))
endif
ifneq ($(HAS_MPI),)
$(error NCCL=1, but a small program with NCCL does not compile and link (build/nccl_probe.log): $(NCCL_INSTALL))
endif
# MPI=1 installs MPI, and make then reads all this anew.
ifneq ($(MPI),1)
$(error NCCL=1, but there is no MPI, over which the processes find each other: make MPI=1 installs it)
endif
endif

.PHONY: nccl-report
nccl-report:
ifneq ($(filter nccl-report,$(MAKECMDGOALS))$(filter 0,$(MAKELEVEL)),)
ifneq ($(HAS_NCCL),)
	@$(SAY) 'NCCL found ($(or $(NCCL_HOME),installed)): the GPUs of several processes add by it'
else ifneq ($(and $(HAS_CUDA),$(HAS_MPI),$(filter-out 0,$(NCCL))),)
	@$(SAY) 'NCCL not found: the GPUs of several processes add through the host'
	@$(SAY) "  "$(call quoted,$(NCCL_INSTALL))
endif
endif

# The program is linked anew with NCCL, and without.
NCCL_CHOICES := $(strip $(if $(HAS_NCCL),$(NCCL_CXXFLAGS) $(NCCL_LIBRARIES),none))
$(eval $(call choices_file,$(CUDA_BUILD)/nccl/choices,NCCL_CHOICES))
$(BUILD)/microdualnet-cuda-mpi: $(CUDA_BUILD)/nccl/choices

ifneq ($(HAS_NCCL),)
$(CUDA_BUILD)/nccl/nccl_ranks.o: NVCCFLAGS += $(NCCL_CXXFLAGS)
$(CUDA_BUILD)/nccl/nccl_ranks.o: $(CUDA_BUILD)/nccl/choices
NCCL_BACKEND := $(filter-out %/no_nccl.o,$(CUDA_BACKEND)) $(CUDA_BUILD)/nccl/nccl_ranks.o
endif
