# The emulated tests prove nothing with a toolkit's headers: which ones were read, the compiler wrote down.
# Any path that names CUDA outside the project is a toolkit's, links followed.
ifeq ($(TEST_BACKEND),$(EMULATED_OBJECTS))
$(BUILD)/run_tests: | $(EMULATION)/headers
$(EMULATION)/headers: $(EMULATED_OBJECTS) $(call objects,$(TEST_SOURCES))
	@foreign=$$(cat $(^:.o=.d) | tr -s ' \\:' '\n' | grep '^/' | sort -u | xargs -r realpath -q -- | \
	    grep -iE 'cuda|cublas'); if [ -n "$$foreign" ]; then \
	    echo "error: the emulated tests were compiled with headers of a CUDA toolkit:" $$foreign >&2; \
	    echo "hint: take its folder out of EXTRA_CXXFLAGS, then: make clean" >&2; exit 2; fi; touch $@
endif
