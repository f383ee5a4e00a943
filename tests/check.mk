# make check: the layout of the sources (clang-format), which way their includes run, and that every op
# leads to its kernels. WERROR=1 adds the compiler's warnings, from a pass over every source that builds
# nothing; the optimizer's warnings show only in a build with WERROR=1. ROOMS='tests docs' passes over
# the sources of these folders only. make format applies the layout.

# Another version lays some files out differently, so only this one judges.
CLANG_FORMAT_VERSION := 14
CLANG_FORMAT ?= $(shell command -v clang-format-$(CLANG_FORMAT_VERSION) || echo clang-format)
format_version = $$($(CLANG_FORMAT) --version | sed 's/.*version \([0-9]*\).*/\1/')
install_clang_format = command -v $(CLANG_FORMAT) >/dev/null || { $(call install,clang-format); }

.PHONY: check-layout check-includes check-kernel-files check-warnings
check: check-layout check-includes check-kernel-files $(if $(filter 1,$(WERROR)),check-warnings)

check-layout:
	@$(install_clang_format)
	@version=$(format_version); if [ "$$version" = $(CLANG_FORMAT_VERSION) ]; then \
	    $(CLANG_FORMAT) --dry-run --Werror $(FORMATTED); \
	else echo "check: the layout was not checked: it needs clang-format $(CLANG_FORMAT_VERSION), but $(CLANG_FORMAT) is version $$version"; fi

check-includes:
	@tests/check_includes.sh

check-kernel-files:
	@tests/check_kernel_files.sh

format:
	@$(install_clang_format)
	@version=$(format_version); if [ "$$version" = $(CLANG_FORMAT_VERSION) ]; then $(CLANG_FORMAT) -i $(FORMATTED); \
	else echo "format: nothing was changed: the layout needs clang-format $(CLANG_FORMAT_VERSION), but $(CLANG_FORMAT) is version $$version" >&2; exit 2; fi

# Every source but the one that needs OpenBLAS, where that is missing (others have a <cblas.h> too). The
# GPU's kernels, the tests and the lessons are read with the emulation's headers, which every compiler
# understands. Nvcc alone understands the probe.
ROOMS ?= engine model data train tests docs
WARNED := $(filter-out %.h engine/cuda/toolkit_probe.cu,$(filter $(ROOMS:%=%/%),$(FORMATTED)))
ifneq ($(filter 1,$(WERROR)),)
ifneq ($(filter check check-warnings,$(MAKECMDGOALS)),)
$(foreach room,$(ROOMS),$(if $(filter $(room)/%,$(FORMATTED)),,$(error ROOMS=$(ROOMS): there is no source in $(room)/)))
# What is built with MPI is read where that is.
ifeq ($(HAS_MPI),)
WARNED := $(filter-out train/parallel/mpi/%,$(WARNED))
endif
ifneq ($(shell $(OPENBLAS_FOUND) && echo yes),yes)
WARNED := $(filter-out tests/peers/gemm_bench.cpp,$(WARNED))
endif
endif
endif
WARNING_FLAGS = $(filter-out -MMD -MP -Werror,$(CXXFLAGS)) -fsyntax-only -Werror

.PHONY: $(WARNED:%=warnings-of/%)
check-warnings: $(WARNED:%=warnings-of/%)
	@echo "check: $(words $(WARNED)) sources, no warning from $$($(CXX) --version | head -1)"

$(WARNED:%=warnings-of/%): warnings-of/%: % | setup
	@$(CXX) $(WARNING_FLAGS) $(if $(filter tests/% engine/cuda/% docs/lessons/%,$<),-Itests/cuda_emulation -DMDN_CUDA_EMULATION) $(if $(filter train/parallel/mpi/%,$<),$(MPI_CXXFLAGS)) -x c++ $<
