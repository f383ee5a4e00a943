# The emulated tests prove nothing with a toolkit's headers: which ones were read, the compiler wrote down.
# A toolkit is known by the names of its headers, since its folder may have any name.
TOOLKIT_HEADERS := ((cuda|cublas|curand|cufft|cusparse|nccl|nvrtc|cooperative_groups|device_types|driver_types|vector_types|host_defines)[^/]*|mma)\.h
ifeq ($(TEST_BACKEND),$(EMULATED_OBJECTS))
$(BUILD)/run_tests: | $(EMULATION)/headers
$(EMULATION)/headers: $(EMULATED_OBJECTS) $(call objects,$(TEST_SOURCES))
	@foreign=$$(cat $(^:.o=.d) | tr -s ' \\:' '\n' | sort -u | xargs -r realpath -q -- | \
	    grep -E '/$(TOOLKIT_HEADERS)$$' | grep -vFe "$(CURDIR)/tests/" -e "$(CURDIR)/engine/"); \
	if [ -n "$$foreign" ]; then \
	    echo "error: the emulated tests were compiled with headers of a CUDA toolkit:" $$foreign >&2; \
	    echo "hint: take its folder out of EXTRA_CXXFLAGS and CPLUS_INCLUDE_PATH, then: make clean" >&2; \
	    echo "hint: or give tests/cuda_emulation/ a header of that name, if a kernel needs it" >&2; \
	    exit 2; fi; touch $@
endif
