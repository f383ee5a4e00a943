# Finds an MPI library, and says how the program of several ranks is built: build/microdualnet-mpi, and
# with CUDA build/microdualnet-cuda-mpi. build/microdualnet stays without it, and hands over to them.
#
# Sets HAS_MPI and MPI_LIBRARIES.

MPICC ?= mpicc

MPI_PACKAGES := libopenmpi-dev openmpi-bin

# The wrapper of Open MPI says what it would add to the compiler's command, that of MPICH otherwise. The
# library keeps memory until its end, which AddressSanitizer would report.
ifeq ($(filter 0,$(MPI))$(filter 1,$(SANITIZE)),)
mpi_says       = $(shell $(MPICC) $(1) 2>/dev/null)
MPI_CXXFLAGS  := $(or $(call mpi_says,--showme:compile),$(filter -I%,$(call mpi_says,-compile_info)))
MPI_LIBRARIES := $(or $(call mpi_says,--showme:link),$(filter -L% -l% -Wl%,$(call mpi_says,-link_info)))
# The C++ interface of old versions is not wanted.
MPI_CXXFLAGS  += -DOMPI_SKIP_MPICXX -DMPICH_SKIP_MPICXX
MPI_PROGRAM   := \#include <mpi.h>\nint main() { return MPI_Init(nullptr, nullptr); }\n
define mpi_probe
mkdir -p build && { test build/mpi_probe -nt "$$(command -v $(MPICC))" || { printf '$(MPI_PROGRAM)' | \
$(CXX) $(EXTRA_CXXFLAGS) $(MPI_CXXFLAGS) -x c++ - $(MPI_LIBRARIES) -o build/mpi_probe.new 2>build/mpi_probe.log && \
mv -f build/mpi_probe.new build/mpi_probe; }; } && echo 1
endef
HAS_MPI       := $(if $(MPI_LIBRARIES),$(shell $(mpi_probe)))
endif

.PHONY: mpi-report
mpi-report:
ifneq ($(filter mpi-report,$(MAKECMDGOALS))$(filter 0,$(MAKELEVEL)),)
ifneq ($(HAS_MPI),)
	@$(SAY) 'MPI found ($(MPICC)): building for several processes too'
else ifneq ($(MPI_LIBRARIES),)
	@$(SAY) 'MPI found ($(MPICC)), but not usable: see build/mpi_probe.log'
endif
endif

# With MPI=1 a missing library is installed. make makes this file because it is included, and then reads
# all makefiles anew: so it finds the library.
ifeq ($(MPI)$(HAS_MPI)$(SANITIZE),10)
include build/mpi-installed.mk
build/mpi-installed.mk: FORCE
	@[ -z '$(MPI_LIBRARIES)' ] || { \
	    echo 'setup: MPI=1, but a small program with MPI does not compile and link: see build/mpi_probe.log' >&2; exit 2; }
	@$(call install,$(MPI_PACKAGES))
	@$(MPICC) --showme:link >/dev/null && mkdir -p build && : > $@
endif

include engine/cuda/nccl/nccl.mk

ifneq ($(HAS_MPI),)
MPI_CHOICES := $(strip $(MPICC) $(MPI_CXXFLAGS) $(MPI_LIBRARIES))
$(eval $(call choices_file,$(BUILD)/train/parallel/mpi/choices,MPI_CHOICES))
MPI_OBJECTS := $(call objects,$(call sources,train/parallel/mpi,*.cpp)) $(BUILD)/train/parallel/mpi/main.o
$(MPI_OBJECTS): CXXFLAGS += $(MPI_CXXFLAGS)
$(MPI_OBJECTS): $(BUILD)/train/parallel/mpi/choices

$(BUILD)/train/parallel/mpi/main.o: train/main.cpp $(BUILD)/choices | setup
	@mkdir -p $(@D)
	@$(SAY) "$(STEP) c++  $< (MPI)"; $(call make_object,$(CXX) $(CXXFLAGS) -DMDN_MPI)

$(BUILD)/microdualnet-mpi: $(LIBRARY) $(BUILD)/engine/backend.o $(MPI_OBJECTS)
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $^ $(LDFLAGS) $(MPI_LIBRARIES))
$(BUILD)/microdualnet-cuda-mpi: $(LIBRARY) $(NCCL_BACKEND) $(MPI_OBJECTS)
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $(filter %.o,$^) $(LDFLAGS) $(if $(HAS_NCCL),$(NCCL_LIBRARIES)) $(CUDA_LIBRARIES) $(MPI_LIBRARIES))

# For tests: GPUs and NCCL are emulated.
$(BUILD)/microdualnet-emulated-mpi: $(LIBRARY) $(filter-out $(EMULATION)/tests/emulation.o $(EMULATION)/tests/faults.o,$(EMULATED_OBJECTS)) $(MPI_OBJECTS)
	@$(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $(filter %.o,$^) $(LDFLAGS) $(MPI_LIBRARIES))

build/microdualnet-mpi: $(BUILD)/microdualnet-mpi build/published
	@cp $< $@.new && mv -f $@.new $@
build/microdualnet-cuda-mpi: $(BUILD)/microdualnet-cuda-mpi build/published
	@cp $< $@.new && mv -f $@.new $@
endif
