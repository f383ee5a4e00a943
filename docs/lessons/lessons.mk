# The course: make lesson N=5 checks one exercise, make lessons says how far all are, make grade
# SUBMISSION=DIR grades a student's files, make handout OUT=DIR copies the repository without the
# solutions. docs/lessons/README.md is for students, docs/lessons/instructors.md for instructors.

LESSONS := $(patsubst docs/lessons/%/check.cpp,%,$(wildcard docs/lessons/[0-9]*/check.cpp))
LESSON_BUILD := $(BUILD)/lessons

# What exercises and checks may call. An archive, so that only what they call is linked.
LESSON_ARCHIVE := $(LESSON_BUILD)/library.a
LESSON_LIBRARY_OBJECTS := $(filter $(BUILD)/engine/% $(BUILD)/model/% $(BUILD)/train/metrics.o,$(LIBRARY)) $(BUILD)/engine/backend.o \
        $(foreach part,fibres runtime streams tensor_core watch,$(EMULATION)/tests/$(part).o)
$(LESSON_ARCHIVE): $(LESSON_LIBRARY_OBJECTS) docs/lessons/lessons.mk
	@mkdir -p $(@D); rm -f $@; $(SAY) "$(STEP) ar   $@"; ar rc --thin $@ $(filter %.o,$^)

# Checks and exercises are compiled often and run once.
LESSON_OPTIMIZE := $(if $(filter 1,$(SANITIZE)),$(OPTIMIZE),-O1)
LESSON_HARNESS := $(call objects,$(wildcard docs/lessons/harness/*.cpp))
LESSON_CHECKS  := $(LESSONS:%=$(BUILD)/docs/lessons/%/check.o)
$(LESSON_HARNESS) $(LESSON_CHECKS) $(LESSONS:%=$(BUILD)/docs/lessons/%/example.o): CXXFLAGS := $(subst $(OPTIMIZE),$(LESSON_OPTIMIZE),$(CXXFLAGS))

# Lessons whose kernels run on the emulated GPU: check.cpp has a line that says so. The exercise's accesses
# to memory are watched, unless a sanitizer looks at them already (tests/cuda_emulation/watch.h).
GPU_LESSONS   := $(patsubst docs/lessons/%/check.cpp,%,$(shell grep -l '^// runs on the emulated GPU' $(LESSONS:%=docs/lessons/%/check.cpp)))
GPU_FLAGS     := -Itests/cuda_emulation -DMDN_CUDA_EMULATION
GPU_WATCHED   := $(GPU_FLAGS) $(if $(filter 1,$(SANITIZE)),,-fsanitize=thread)
$(GPU_LESSONS:%=$(BUILD)/docs/lessons/%/check.o): CXXFLAGS := $(GPU_FLAGS) $(subst $(OPTIMIZE),$(LESSON_OPTIMIZE),$(CXXFLAGS))
$(GPU_LESSONS:%=$(BUILD)/docs/lessons/%/example.o): CXXFLAGS := $(GPU_WATCHED) $(subst $(OPTIMIZE),$(LESSON_OPTIMIZE),$(CXXFLAGS))

# The program that runs check programs. Of the library it needs only the type of its errors.
LESSON_RUNNER := $(LESSON_BUILD)/runner
$(LESSON_RUNNER): $(foreach part,runner run_task lesson results,$(BUILD)/docs/lessons/harness/$(part).o)
	@mkdir -p $(@D); $(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $^ $(LDFLAGS))

# How docs/lessons/harness/build_exercise.sh makes a check program.
LESSON_PARTS   := $(LESSON_BUILD)/library.a $(foreach part,check check_main,$(BUILD)/docs/lessons/harness/$(part).o)
LESSON_CXX      = $(CXX) $(filter-out -MMD -MP -Werror,$(subst $(OPTIMIZE),$(LESSON_OPTIMIZE),$(CXXFLAGS))) -g1
LESSON_SETTINGS = LESSON_CXX=$(call quoted,$(LESSON_CXX)) LESSON_GPU_FLAGS=$(call quoted,$(GPU_WATCHED)) LESSON_LDFLAGS=$(call quoted,$(LDFLAGS)) \
        LESSON_LIBRARY=$(call quoted,$(abspath $(filter %.o,$(LESSON_PARTS)) $(LESSON_ARCHIVE)))
BUILD_EXERCISE  = $(LESSON_SETTINGS) docs/lessons/harness/build_exercise.sh
# $(call exercise_arguments,LESSON,FILE,PROGRAM)
exercise_arguments = $(2) docs/lessons/$(1)/check.cpp $(BUILD)/docs/lessons/$(1)/check.o $(3)

# ---- For students. N=5 and N=05 name the lesson whose folder begins with 05-.
# 1 unless it is asked for: other parts of the Makefile give SEED a default of their own.
LESSON_SEED = $(if $(filter-out file undefined,$(origin SEED)),$(SEED),1)
HINT ?= 0
RESET ?= 0
RUN ?= 0
LESSON := $(filter $(N)-% 0$(N)-%,$(LESSONS))
ifneq ($(filter lesson,$(MAKECMDGOALS)),)
$(foreach variable,HINT RESET RUN,$(call one_of,$(variable),0 1))
ifneq ($(words $(LESSON)),1)
$(error N=$(N) names no lesson: run, for example, make lesson N=1. There are: $(LESSONS))
endif
endif

.PHONY: lesson lessons grade handout
ifeq ($(RESET),1)
lesson:
	@docs/lessons/harness/reset.sh $(LESSON)
else ifeq ($(RUN),1)
lesson: $(LESSON_BUILD)/$(LESSON)/example
	@$<
else
lesson: $(LESSON_RUNNER) $(LESSON_PARTS) $(LESSON:%=$(BUILD)/docs/lessons/%/check.o) | setup
	@$(BUILD_EXERCISE) $(call exercise_arguments,$(LESSON),docs/lessons/$(LESSON)/exercise.cpp,$(LESSON_BUILD)/$(LESSON)/check) \
	    && $(LESSON_RUNNER) --seed $(call quoted,$(LESSON_SEED)) $(if $(filter 1,$(HINT)),--hint) docs/lessons/$(LESSON) run $(LESSON_BUILD)/$(LESSON)/check
endif

$(LESSONS:%=$(LESSON_BUILD)/%/example): $(LESSON_BUILD)/%/example: $(BUILD)/docs/lessons/%/example.o $(LESSON_ARCHIVE)
	@mkdir -p $(@D); $(SAY) "$(STEP) link $@"; $(call make_whole,$(CXX) $^ $(LDFLAGS))

lessons: $(LESSON_RUNNER) $(LESSON_PARTS) $(LESSON_CHECKS) | setup
	@set --; $(foreach lesson,$(LESSONS),\
	    if $(BUILD_EXERCISE) $(call exercise_arguments,$(lesson),docs/lessons/$(lesson)/exercise.cpp,$(LESSON_BUILD)/$(lesson)/check) > $(LESSON_BUILD)/$(lesson).log; \
	    then set -- "$$@" docs/lessons/$(lesson) run $(LESSON_BUILD)/$(lesson)/check; \
	    else set -- "$$@" docs/lessons/$(lesson) broken $(LESSON_BUILD)/$(lesson).log; fi;) \
	$(LESSON_RUNNER) --brief "$$@" || [ $$? = 1 ]

# ---- For instructors.
OUT ?=
SUBMISSION ?=
VISIBILITY ?= visible
grade: $(LESSON_RUNNER) $(LESSON_PARTS) $(LESSON_CHECKS) | setup
	@$(LESSON_SETTINGS) LESSON_CHECKS=$(call quoted,$(abspath $(BUILD)/docs/lessons)) LESSON_RUNNER=$(call quoted,$(abspath $(LESSON_RUNNER))) \
	    docs/lessons/harness/grade.sh --seed $(call quoted,$(LESSON_SEED)) --visibility $(call quoted,$(VISIBILITY)) \
	    --only $(call quoted,$(LESSON)) $(call quoted,$(SUBMISSION)) $(call quoted,$(OUT))

handout:
	@docs/lessons/harness/handout.sh $(call quoted,$(OUT))

# ---- For the tests: a check program of every solution, unsolved exercise and planted wrong answer, not
# under a sanitizer, where the memory of a task is not limited in the same way.
LESSON_ANSWERS :=
# $(eval $(call lesson_answer,LESSON,NAME,FILE))
define lesson_answer
LESSON_ANSWERS += $$(LESSON_BUILD)/answers/$(1)/$(2)
$$(LESSON_BUILD)/answers/$(1)/$(2): $(3) $$(wildcard tests/lessons/solutions/$(1).cpp docs/lessons/$(1)/exercise.h) docs/lessons/harness/exercise.h docs/lessons/harness/build_exercise.sh $$(LESSON_PARTS) $$(BUILD)/docs/lessons/$(1)/check.o
	@$$(SAY) "$$(STEP) c++  $(3)"; $$(BUILD_EXERCISE) $$(call exercise_arguments,$(1),$(3),$$@)
endef
ifneq ($(wildcard tests/lessons/solutions),)
$(foreach lesson,$(LESSONS),$(eval $(call lesson_answer,$(lesson),solution,tests/lessons/solutions/$(lesson).cpp)))
$(foreach lesson,$(LESSONS),$(eval $(call lesson_answer,$(lesson),unsolved,docs/lessons/unsolved/$(lesson).cpp)))
$(foreach answer,$(patsubst tests/lessons/wrong/%.cpp,%,$(wildcard tests/lessons/wrong/*/*.cpp)),\
    $(eval $(call lesson_answer,$(patsubst %/,%,$(dir $(answer))),$(notdir $(answer)),tests/lessons/wrong/$(answer).cpp)))
endif
# What tests call of the harness themselves.
ifneq ($(filter tests/lessons/%,$(TEST_SOURCES)),)
TEST_HARNESS := $(BUILD)/docs/lessons/harness/run_task.o
$(BUILD)/run_tests: $(TEST_HARNESS)
endif
LESSON_TESTS = $(if $(filter tests/lessons/%-0,$(TEST_SOURCES:=-$(SANITIZE))),$(LESSON_RUNNER) $(LESSON_PARTS) $(LESSON_CHECKS) $(LESSON_ANSWERS) $(LESSONS:%=$(LESSON_BUILD)/%/example))
LESSON_TEST_SETTINGS = LESSON_BUILD=$(LESSON_BUILD) LESSON_MAKE=$(call quoted,make $(foreach variable,CXX ARCHFLAG EXTRA_CXXFLAGS SANITIZE,$(variable)=$(call quoted,$($(variable)))) CUDA=0)
