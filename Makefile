# Ved: one Makefile for all of it. `make help` lists what it can do.
#
# BUILD=release|debug|asan|clang|fuzz picks compiler and flags; everything that is built goes to
# build/$(BUILD), and nothing is written anywhere else.

VERSION := 0.1.0
BUILD ?= release
OUT := build/$(BUILD)
PREFIX ?= /usr/local
DESTDIR ?=

CC ?= cc
CC_clang := clang
CC_fuzz := clang
COMPILE = $(or $(CC_$(BUILD)),$(CC))

# --- Flags ---------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Werror -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes
CPPFLAGS += -D_GNU_SOURCE -I. -DVED_VERSION='"$(VERSION)"'

# gcc clears and copies structures of some hundred bytes by string instructions, which take longer
# to begin than the plain stores take in all.
STORES := vector_loop:2048:noalign,libcall:-1:noalign
STORES := -mmemset-strategy=$(STORES) -mmemcpy-strategy=$(STORES)
STORES := $(shell $(CC) $(STORES) -E -x c /dev/null >/dev/null 2>&1 && echo '$(STORES)')

# The core, and the machine that runs the language's code, are what the time of a slice is spent in:
# they are optimized as one. Only `ved` is linked so; the others take the same objects as they are
# compiled each for itself, as the simulator's link has to see every call from file to file.
HOT := -O3 -flto -ffat-lto-objects
HOT := $(shell $(CC) -Werror $(HOT) -S -o /dev/null -x c /dev/null >/dev/null 2>&1 && echo '$(HOT)')
HOT_release := $(HOT)
LINK_release := -fno-lto

# Assertions stay on in every flavour: NDEBUG is set nowhere.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_release := -O2 -g $(STORES)
CFLAGS_debug := -O0 -g
CFLAGS_clang := -O2 -g
CFLAGS_asan := -O1 -g $(SANITIZE) -fno-omit-frame-pointer
LDFLAGS_asan := $(SANITIZE)
CFLAGS_fuzz := -O1 -g $(SANITIZE) -fno-omit-frame-pointer -fsanitize=fuzzer-no-link
LDFLAGS_fuzz := $(SANITIZE)
ALL_CFLAGS = -std=gnu17 -MMD -MP $(WARN) $(CFLAGS_$(BUILD)) $(CFLAGS)
ALL_LDFLAGS = -Wl,--as-needed $(LINK_$(BUILD)) $(LDFLAGS_$(BUILD)) $(LDFLAGS)

# --- Libraries -----------------------------------------------------------------------------------
# One archive a layer. NEED_x is what x may see, leftmost first; tests/tidy/layers.sh holds the
# includes to the same order.

LIBS := base lang core host conformance sdk local sim docker http
SRC_base := $(wildcard lang/base/*.c)
SRC_lang := $(wildcard lang/*.c)
SRC_core := $(wildcard controller/core/*.c)
SRC_host := $(wildcard controller/host/*.c)
SRC_conformance := $(wildcard controller/conformance/*.c)
SRC_sdk := $(wildcard providers/sdk/*.c)
SRC_local := $(wildcard providers/local/*.c)
SRC_sim := $(wildcard providers/sim/*.c)
SRC_docker := $(wildcard providers/docker/*.c)
SRC_http := $(wildcard providers/http/*.c)

NEED_base := base
NEED_lang := lang base
NEED_core := core lang base
NEED_host := host core lang base
NEED_conformance := conformance host core lang base
NEED_sdk := sdk base
NEED_local := local sdk base
NEED_sim := sim sdk base
NEED_docker := docker sdk base
NEED_http := http sdk base

SYS_base := -lcjson -lyaml -lcrypto -lm
SYS_lang := $(SYS_base)
SYS_core := $(SYS_base)
SYS_host := -lcurl -levent_openssl -levent_extra -levent_core -lssl $(SYS_base)
SYS_conformance := $(SYS_host)
SYS_sdk := -lcurl -levent_openssl -levent_pthreads -levent_extra -levent_core -lssl $(SYS_base) -lpthread
SYS_local := $(SYS_sdk)
SYS_sim := $(SYS_sdk)
SYS_docker := $(SYS_sdk)
SYS_http := $(SYS_sdk)

# --- Programs ------------------------------------------------------------------------------------

PROGRAMS := $(patsubst cmd/%/,%,$(sort $(dir $(wildcard cmd/*/*.c))))
NEEDPROG_ved := conformance host core lang base
SYSPROG_ved := $(SYS_host)
NEEDPROG_ved-provider-local := local sdk base
SYSPROG_ved-provider-local := $(SYS_local)
NEEDPROG_ved-provider-sim := sim sdk base
SYSPROG_ved-provider-sim := $(SYS_sim)
NEEDPROG_ved-provider-docker := docker sdk base
SYSPROG_ved-provider-docker := $(SYS_docker)
NEEDPROG_ved-provider-http := http sdk base
SYSPROG_ved-provider-http := $(SYS_http)
NEEDPROG_ved-sample-app := base
SYSPROG_ved-sample-app := -lpq -levent_extra -levent_core $(SYS_base)

.PHONY: all
all: $(addprefix $(OUT)/,$(PROGRAMS))

# --- Rules ---------------------------------------------------------------------------------------

lib = $(OUT)/lib$(1).a
objects = $(patsubst %.c,$(OUT)/obj/%.o,$(1))

# What an object was compiled with: it is compiled again when that changes.
export FLAGS_NOW := $(COMPILE) $(CPPFLAGS) $(ALL_CFLAGS) $(HOT_$(BUILD))
$(OUT)/flags: always
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS_NOW" | cmp -s - $@ || printf '%s\n' "$$FLAGS_NOW" >$@
.PHONY: always
always:

$(OUT)/obj/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	$(COMPILE) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(call objects,$(SRC_core) $(wildcard lang/vm*.c lang/value*.c lang/type.c) \
	lang/base/arena.c lang/base/hash.c lang/base/json_pull.c): ALL_CFLAGS += $(HOT_$(BUILD))

define library_rules
$$(call lib,$(1)): $$(call objects,$$(SRC_$(1)))
	@rm -f $$@
	$$(AR) rcs $$@ $$^
TEST_$(1) := $$(call objects,$$(wildcard tests/unit/$(1)/*.c tests/lib/$(1)/*.c))
$$(OUT)/unit-$(1): $$(TEST_$(1)) $$(call objects,tests/lib/leaks.c) $$(foreach l,$$(NEED_$(1)),$$(call lib,$$(l)))
	$$(COMPILE) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ -lcriterion $$(SYS_$(1))
endef
$(foreach l,$(LIBS),$(eval $(call library_rules,$(l))))

define program_rules
$$(OUT)/$(1): $$(call objects,$$(wildcard cmd/$(1)/*.c)) $$(foreach l,$$(NEEDPROG_$(1)),$$(call lib,$$(l)))
	$$(COMPILE) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ $$(SYSPROG_$(1))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rules,$(p))))
$(OUT)/ved: LINK_release := $(if $(HOT),-O3 -flto=2,-fno-lto)

-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)

# --- Running -------------------------------------------------------------------------------------

.PHONY: run packages
run:
	@.ci/packages run
	@$(MAKE) -s BUILD=release all
	build/release/ved apply --auto-approve manifests/shop/stack.ved $(RUN_ARGS)

packages:
	@.ci/packages test

# --- Tests ---------------------------------------------------------------------------------------

# A Criterion binary for each library that has tests.
UNITS := $(foreach l,$(LIBS),$(if $(wildcard tests/unit/$(l)/*.c),$(OUT)/unit-$(l)))

.PHONY: test units unit
test:
	@.ci/packages test
	@tests/run.sh

units: $(UNITS)
unit: $(UNITS)
	@for u in $(UNITS); do echo "== $$u"; ASAN_OPTIONS=abort_on_error=1 $$u || exit 1; done

# What the kill and fault tests preload into the unmodified programs, and what pulls the trigger.
.PHONY: kill-harness
kill-harness: $(addprefix $(OUT)/,crashpoint.so kill-driver fault.so fault-driver)
$(OUT)/%.so: tests/kill/%.c $(wildcard tests/kill/*.h tests/kill/*.def) $(OUT)/flags
	@mkdir -p $(@D)
	$(COMPILE) -D_GNU_SOURCE -I. -std=gnu17 $(WARN) -O2 -g -fPIC -shared -o $@ $< -ldl
$(OUT)/%-driver: $(OUT)/obj/tests/kill/%_driver.o $(OUT)/obj/tests/kill/process.o $(call lib,base)
	$(COMPILE) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(SYS_base)

# A provider of the tests: all that the protocol knows, and nothing behind it.
.PHONY: test-providers
test-providers: $(OUT)/provider-reference
$(OUT)/provider-reference: $(call objects,$(wildcard tests/providers/reference/*.c)) $(foreach l,$(NEED_sdk),$(call lib,$(l)))
	$(COMPILE) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(SYS_sdk)

# ved and its plugin killed at random moments, so many times in each of four runs.
KILLS ?= 1000

.PHONY: kills
kills:
	@$(MAKE) -s BUILD=release all kill-harness
	@KILLS=$(KILLS) e2e/kill-apply.sh
	@KILLS=$(KILLS) e2e/kill-controller.sh

# All calls of an apply that can fail, one at a time: hours. FAULT_LIMIT=N: at most N of each kind.
FAULT_LIMIT ?= 0

.PHONY: faults
faults:
	@$(MAKE) -s BUILD=release all kill-harness
	@FAULT_LIMIT=$(FAULT_LIMIT) e2e/faults.sh

# --- Documents ---------------------------------------------------------------------------------

# The page of the manual that is made of the protocol's document; e2e/openapi.sh tells if it is stale.
.PHONY: docs
docs:
	python3 docs/openapi/page.py docs/openapi/provider.yaml >docs/provider-protocol.md.new
	mv docs/provider-protocol.md.new docs/provider-protocol.md

# --- Fuzzing -------------------------------------------------------------------------------------
# tests/fuzz/NAME_fuzz.c is a target, tests/fuzz/corpus/NAME/ what it starts from.

# For each target; two run at once.
FUZZ_SECONDS ?= 600
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*_fuzz.c))

.PHONY: fuzz fuzz-corpus fuzz-build
fuzz:
	@$(MAKE) -s BUILD=fuzz fuzz-build
	@tests/fuzz/run.sh fuzz $(FUZZ_SECONDS)
fuzz-corpus:
	@$(MAKE) -s BUILD=fuzz fuzz-build
	@tests/fuzz/run.sh replay
fuzz-build: $(addprefix $(OUT)/,$(FUZZERS))

NEED_fuzz := host core http sdk lang base
$(OUT)/%_fuzz: $(OUT)/obj/tests/fuzz/%_fuzz.o $(foreach l,$(NEED_fuzz),$(call lib,$(l)))
	$(COMPILE) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(SYS_host) $(SYS_sdk)

# --- Speed ---------------------------------------------------------------------------------------

# BENCH="shops plan/one figures/slices --must": what is measured, and how; tests/bench/run.sh.
BENCH ?=

.PHONY: bench bench-plan
bench: $(addprefix $(OUT)/,bench figures figure-clockjump.so figure-leaving.so effects-plain ved provider-reference \
	ved-provider-sim ved-provider-local)
	@tests/bench/run.sh $(OUT) $(BENCH)
bench-plan: BENCH := plan
bench-plan: bench
$(OUT)/figures: $(call objects,$(wildcard tests/bench/figures/*.c)) $(call lib,base)
	$(COMPILE) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(SYS_base)
$(OUT)/effects-plain: $(call objects,$(wildcard tests/bench/effects/*.c)) $(foreach l,$(NEED_host),$(call lib,$(l)))
	$(COMPILE) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(SYS_host)
# Preloaded into the unmodified ved.
$(OUT)/figure-%.so: tests/bench/figures/preload/%.c $(OUT)/flags
	@mkdir -p $(@D)
	$(COMPILE) -D_GNU_SOURCE -I. -std=gnu17 $(WARN) -O2 -g -fPIC -shared -o $@ $<
$(OUT)/bench: $(call objects,$(wildcard tests/bench/*.c)) $(call lib,lang) $(call lib,base)
	$(COMPILE) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(SYS_lang)

# --- Torture -------------------------------------------------------------------------------------
# Programs that were spoiled at random, against the sanitizers.

MUTATIONS ?= 1000000
MUTATION_SEED ?= 1
MUTATED := tests/golden tests/programs manifests/tour manifests/shop tests/fuzz/corpus/parser

.PHONY: mutate
mutate:
	@$(MAKE) -s BUILD=asan mutate-build
	@tests/torture/run.sh build/asan/mutate $(MUTATIONS) $(MUTATION_SEED) $(MUTATED)
mutate-build: $(OUT)/mutate
$(OUT)/mutate: $(call objects,tests/torture/mutate.c tests/lib/lang/ast_dump.c) $(call lib,lang) $(call lib,base)
	$(COMPILE) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(SYS_base)

# Random edits, losses, failures and kills, against a fresh apply of the last program.
WALKS ?= 10000
WALK_SEED ?= 1

.PHONY: walk
walk:
	@$(MAKE) -s BUILD=release walk-build
	@build/release/walk $(WALKS) $(WALK_SEED)
walk-build: $(OUT)/walk
$(OUT)/walk: $(call objects,$(wildcard tests/torture/walk*.c) tests/lib/chance.c) $(call lib,core) $(call lib,lang) $(call lib,base)
	$(COMPILE) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(SYS_core)

# Every bit of a state folder turned over, one at a time.
FLIP_SEED ?= 1

.PHONY: flips
flips:
	@$(MAKE) -s BUILD=release flips-build
	@build/release/flip $(FLIP_SEED)
flips-build: $(OUT)/flip
$(OUT)/flip: $(call objects,tests/torture/flip.c) $(call lib,host) $(call lib,core) $(call lib,lang) $(call lib,base)
	$(COMPILE) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(SYS_host)

# --- Simulator -----------------------------------------------------------------------------------
# The controller as it is, over a virtual disk, network, clock and provider. The linker sends these
# calls of its to tests/simulate, which has the functions of loop.h, http.h and beside.h itself.

SIMULATED_CALLS := open close read write pread pwrite lseek ftruncate fallocate fsync fdatasync \
	rename unlink unlinkat mkdir access stat fstatat nftw opendir readdir dirfd closedir fcntl \
	clock_gettime gettimeofday time nanosleep getrandom getpid gethostname
SIMULATED_PARTS := journal_append journal_commit journal_line_parse journal_size record_apply \
	mailbox_put mailbox_take state_dir_open verdict_judge instance_changed
SIMULATIONS ?= 1000000
SIMULATION_SEED ?= 1

.PHONY: simulate
simulate:
	@$(MAKE) -s BUILD=release simulate-build
	@build/release/simulate $(SIMULATIONS) $(SIMULATION_SEED) -j 2
.PHONY: mutants
mutants:
	@$(MAKE) -s BUILD=release simulate-build
	@build/release/simulate --mutants
simulate-build: $(OUT)/simulate
$(OUT)/simulate: $(call objects,$(wildcard tests/simulate/*.c) tests/lib/chance.c) $(foreach l,$(NEED_host),$(call lib,$(l)))
	$(COMPILE) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(patsubst %,-Wl$(comma)--wrap=%,$(SIMULATED_CALLS) $(SIMULATED_PARTS)) \
		-o $@ $^ $(SYS_host)
comma := ,

# --- Checks --------------------------------------------------------------------------------------

# A file is looked at again when its object is newer, so when it or a header of its has changed.
LINT_SOURCES := $(foreach l,$(LIBS),$(SRC_$(l))) \
	$(wildcard cmd/*/*.c tests/kill/*_driver.c tests/kill/process.c tests/providers/reference/*.c)
LINT_HEADERS := $(wildcard lang/base/*.h lang/*.h controller/*/*.h providers/*/*.h cmd/*/*.h)
LINT_TESTS := $(wildcard tests/*/*.c tests/unit/*/*.c tests/lib/*/*.c tests/providers/*/*.c)
LINT_RULES := .clang-tidy .clang-format tests/tidy/cppcheck.txt tests/tidy/lint.sh

.PHONY: lint
lint:
	@$(MAKE) -s -k -j2 BUILD=release lint-files
lint-files: $(patsubst %.c,build/lint/%.ok,$(LINT_SOURCES)) build/lint/format.ok
build/lint/%.ok: $(OUT)/obj/%.o $(LINT_RULES)
	@tests/tidy/lint.sh $*.c $@ $(CPPFLAGS)
build/lint/format.ok: $(sort $(LINT_SOURCES) $(LINT_HEADERS) $(LINT_TESTS)) .clang-format
	@mkdir -p $(@D)
	clang-format --dry-run -Werror $(filter %.c %.h,$^)
	@touch $@

.PHONY: check-layers check-links build-both
check-layers: $(call lib,core) $(call lib,lang)
	@tests/tidy/layers.sh $^
check-links: all
	@tests/tidy/links.sh $(addprefix $(OUT)/,$(PROGRAMS))
build-both:
	@$(MAKE) BUILD=release CC=gcc all units
	@$(MAKE) BUILD=clang all units

# --- Installing ----------------------------------------------------------------------------------

BINDIR := $(DESTDIR)$(PREFIX)/bin
LIBEXECDIR := $(DESTDIR)$(PREFIX)/libexec/ved
SHAREDIR := $(DESTDIR)$(PREFIX)/share/ved
DOCDIR := $(DESTDIR)$(PREFIX)/share/doc/ved

.PHONY: install uninstall clean
install: all
	install -d $(BINDIR) $(LIBEXECDIR) $(SHAREDIR)/manifests $(DOCDIR)
	install -m 755 $(OUT)/ved $(BINDIR)/ved
	install -m 755 $(addprefix $(OUT)/,$(filter-out ved,$(PROGRAMS))) $(LIBEXECDIR)
	cp -R manifests/. $(SHAREDIR)/manifests
	cp -R docs/. $(DOCDIR)
	install -m 644 LICENSE $(wildcard README.md) $(DOCDIR)

uninstall:
	rm -f $(BINDIR)/ved
	rm -rf $(LIBEXECDIR) $(SHAREDIR) $(DOCDIR)

clean:
	rm -rf build

# --- Image ---------------------------------------------------------------------------------------

.PHONY: image
image: all
	@.ci/packages test
	@.ci/image $(OUT) build/ved-image.tar

.PHONY: help
help:
	@echo 'make                  build ved and its providers into build/release'
	@echo 'make run              install what is missing, build, apply manifests/shop (RUN_ARGS=...)'
	@echo 'make test             install what is missing, build, run every test and check'
	@echo 'make unit             unit and golden tests only (BUILD=asan: with sanitizers)'
	@echo 'make lint             clang-tidy, cppcheck and clang-format on what has changed'
	@echo 'make check-layers     who includes whom; what the core may call'
	@echo 'make check-links      programs link no library they do not use'
	@echo 'make build-both       build everything with gcc and with clang'
	@echo 'make fuzz             fuzz every parser, each for FUZZ_SECONDS=600'
	@echo 'make fuzz-corpus      replay the corpus once'
	@echo 'make kills            apply, its plugin and a controller killed KILLS=1000 times each, and counted'
	@echo 'make faults           each call of an apply fails once; FAULT_LIMIT=N of each kind'
	@echo 'make simulate         crashes and faults in a virtual world, SIMULATIONS=1000000 seeds'
	@echo 'make mutants          ten deliberate bugs, each of which the simulator must find'
	@echo 'make bench            speed, memory and durability in figures, each beside its limit'
	@echo "make docs             the protocol's page from its OpenAPI document"
	@echo 'make packages         install the Debian packages that build and tests need'
	@echo 'make install          DESTDIR= PREFIX=/usr/local; make uninstall takes it away again'
	@echo 'make image            an image of ved and its providers: build/ved-image.tar'
	@echo 'make clean            remove build/'
	@echo
	@echo 'BUILD=release|debug|asan|clang picks the flavour; all of it goes to build/$$BUILD.'
