# Ved: one Makefile for all of it. `make help` lists what it can do.
#
# BUILD=debug|asan|release picks flags and the folder build/$(BUILD); nothing is written elsewhere.

BUILD ?= release
OUT := build/$(BUILD)
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

CC ?= cc
WARN := -Wall -Wextra -Werror -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes
CPPFLAGS += -D_GNU_SOURCE -I. -DVED_VERSION='"$(VERSION)"'
CFLAGS_release := -O2 -g
CFLAGS_debug := -O0 -g
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan := -fsanitize=address,undefined
ALL_CFLAGS = -std=gnu17 -MMD -MP $(WARN) $(CFLAGS_$(BUILD)) $(CFLAGS)
ALL_LDFLAGS = -Wl,--as-needed $(LDFLAGS_$(BUILD)) $(LDFLAGS)

# One archive a layer; a layer sees only those to its right in its own list (docs/architecture.md).
LIBS := base lang core host sdk local sim
SRC_base := $(wildcard lang/base/*.c)
SRC_lang := $(wildcard lang/*.c)
SRC_core := $(wildcard controller/core/*.c)
SRC_host := $(wildcard controller/host/*.c)
SRC_sdk := $(wildcard providers/sdk/*.c)
SRC_local := $(wildcard providers/local/*.c)
SRC_sim := $(wildcard providers/sim/*.c)

lib = $(OUT)/lib$(1).a
NEED_base := base
NEED_lang := lang base
NEED_core := core lang base
NEED_host := host core lang base
NEED_sdk := sdk base
NEED_local := local sdk base
NEED_sim := sim sdk base

SYS_base := -lcjson -lyaml -lcrypto
SYS_lang := $(SYS_base)
SYS_core := $(SYS_base)
SYS_host := -lcurl -levent_core -lssl $(SYS_base) -lm
SYS_sdk := -levent_openssl -levent_pthreads -levent_extra -levent_core -lssl $(SYS_base) -lpthread
SYS_local := $(SYS_sdk)
SYS_sim := $(SYS_sdk)

PROGRAMS := $(patsubst cmd/%/,%,$(wildcard cmd/*/))
NEEDPROG_ved := host core lang base
SYSPROG_ved := $(SYS_host)
NEEDPROG_ved-provider-local := local sdk base
SYSPROG_ved-provider-local := $(SYS_local)
NEEDPROG_ved-provider-sim := sim sdk base
SYSPROG_ved-provider-sim := $(SYS_sim)
NEEDPROG_ved-sample-app := base
SYSPROG_ved-sample-app := -lpq -levent_extra -levent_core $(SYS_base)

.PHONY: all
all: $(foreach p,$(PROGRAMS),$(OUT)/$(p))

define library_rules
OBJ_$(1) := $$(patsubst %.c,$$(OUT)/obj/%.o,$$(SRC_$(1)))
$$(call lib,$(1)): $$(OBJ_$(1))
	@rm -f $$@
	$$(AR) rcs $$@ $$^
TEST_$(1) := $$(patsubst %.c,$$(OUT)/obj/%.o,$$(wildcard tests/unit/$(1)/*.c) $$(wildcard tests/lib/$(1)/*.c))
$$(OUT)/unit-$(1): $$(TEST_$(1)) $$(foreach l,$$(NEED_$(1)),$$(call lib,$$(l)))
	$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ -lcriterion $$(SYS_$(1))
endef
$(foreach l,$(LIBS),$(eval $(call library_rules,$(l))))

define program_rules
$$(OUT)/$(1): $$(patsubst %.c,$$(OUT)/obj/%.o,$$(wildcard cmd/$(1)/*.c)) $$(foreach l,$$(NEEDPROG_$(1)),$$(call lib,$$(l)))
	$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ $$(SYSPROG_$(1))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rules,$(p))))

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# A Criterion binary for each library that has tests.
UNITS := $(foreach l,$(LIBS),$(if $(wildcard tests/unit/$(l)/*.c),$(OUT)/unit-$(l)))
.PHONY: unit
unit: $(UNITS)
	@for u in $(UNITS); do echo "== $$u"; ASAN_OPTIONS=abort_on_error=1 $$u || exit 1; done

.PHONY: clean
clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
