# Isobit. `make` builds, `make test` tests, `make demo` shows; `make help` lists the rest.

CC      ?= cc
CFLAGS  ?= -O3 -g
AR      ?= ar
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=

VERSION := $(shell sed -n 's/^\#define ISO_VERSION *"\(.*\)"/\1/p' include/isobit/context.h)
SONAME  := libisobit.so.$(firstword $(subst ., ,$(VERSION)))

# From the ground up. An include points down or sideways, never up (tests/house.sh checks it).
ROOMS ?= core math random expr stream ops reference kernels image nn data ledger run cli

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wno-unknown-warning-option -Wno-format-truncation -Wno-missing-field-initializers
ifdef WERROR
WARNINGS += -Werror
endif
PACKAGES := libpng libjpeg yaml-0.1 zlib
# Without libwebp everything else works; a WebP file is refused with a message.
WEBP := $(shell pkg-config --exists libwebp libwebpdemux 2>/dev/null && echo libwebp libwebpdemux)
PACKAGES += $(WEBP)
ifneq ($(filter image run,$(ROOMS)),)
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
endif
# -ffp-contract=off stands behind the user's flags, so that no CFLAGS can change the arithmetic.
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Iinclude -Isrc -Itests $(WARNINGS) $(PKG_CFLAGS) -fPIC -fvisibility=hidden -pthread $(if $(WEBP),-DISO_WEBP) $(CFLAGS) \
             -ffp-contract=off -fno-math-errno $(ISA_FLAGS)
LIBS := $(PKG_LIBS) -lm -pthread

SOURCES := $(foreach room,$(filter-out cli,$(ROOMS)),$(wildcard src/$(room)/*.c))
CLI_SOURCES := $(if $(filter cli,$(ROOMS)),$(wildcard src/cli/*.c))
TEST_SOURCES := $(wildcard tests/harness/*.c) $(foreach room,$(ROOMS),$(wildcard tests/$(room)/*.c))
BENCH_SOURCES := bench/bench.c bench/roofline.c

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
OBJECTS := $(call objects,$(SOURCES))
DEPENDENCIES = $(patsubst %.o,%.d,$(OBJECTS) $(call objects,$(CLI_SOURCES) $(TEST_SOURCES) $(BENCH_SOURCES) bench/micro_batch.c bench/contender.c tests/prove/prove.c tests/oracle/driver.c))

.PHONY: FORCE all lib tests test test-long cases demo deps bench prove prove-changed sanitize fuzz format format-check install uninstall clean help oracle-driver
all: lib $(if $(CLI_SOURCES),$(BUILD)/isobit)
lib: $(BUILD)/libisobit.a $(BUILD)/libisobit.so $(BUILD)/libisobit-random.a $(BUILD)/isobit.pc $(BUILD)/isobit-random.pc
tests: $(BUILD)/isobit-tests

## make              the library and build/isobit
## make demo         installs what is missing, builds, trains on the shipped images, shows equal digests
## make test         the test suite; ends in `N passed, N failed`
## make test-long    the same with many more random cases
## make cases        a million random cases of the kernels against their references, in every bit
## make bench        speed beside the machine's own FMA peak, of the random streams and of exp, log, tanh, ... beside PyTorch and NumPy
## make prove        exp, log, tanh, GELU, ... over all 2^32 inputs (needs libmpfr-dev)
## make oracle-driver   what tests/oracle/reference.py compares with PyTorch
## make lint         clang-tidy and cppcheck, without a finding
## make sanitize     the test suite under ASan + UBSan, the threaded tests under TSan
## make fuzz         the readers of files under libFuzzer (clang), ten seconds each; SECONDS=60 TARGETS="png npz" for others
## make install      to PREFIX (default /usr/local), below DESTDIR if given; make uninstall takes it away
## make deps         installs the packages that building needs (apt)
help:
	@sed -n 's/^## //p' Makefile

deps:
	@scripts/install-deps.sh

test: deps
	@$(MAKE) --no-print-directory all tests
	@tests/run.sh $(BUILD)

test-long: all tests
	@tests/run.sh $(BUILD) --long

cases: tests
	@$(BUILD)/isobit-tests --cases 1000000

demo: deps
	@$(MAKE) --no-print-directory all
	@scripts/demo.sh $(BUILD)

bench: $(BUILD)/isobit-bench $(BUILD)/isobit-bench-micro $(BUILD)/libisobit.so $(BUILD)/bench/contender.so
	$(BUILD)/isobit-bench
	$(BUILD)/isobit-bench-micro
	@scripts/torch-venv.sh $(BUILD)/torch
	@for threads in 1 2; do for table in training memory kernels functions; do \
		$(BUILD)/torch/bin/python bench/$$table.py --lib $(BUILD)/bench/contender.so --threads $$threads || exit 1; done; done
	$(BUILD)/torch/bin/python bench/streams.py --lib $(BUILD)/libisobit.so
	@scripts/photos.sh $(BUILD)/photos /usr/bin/python3
	/usr/bin/python3 -W ignore bench/pipeline.py --lib $(BUILD)/bench/contender.so --photos $(BUILD)/photos

prove: $(BUILD)/prove
	@scripts/exp_log_constants.py --check
	@tests/prove/run.sh $(BUILD)
prove-changed: $(BUILD)/prove
	@scripts/exp_log_constants.py --check
	@tests/prove/run.sh $(BUILD) --if-changed

oracle-driver: $(BUILD)/oracle-driver

.PHONY: lint
lint:
	@scripts/lint.sh

sanitize:
	@tests/sanitize.sh $(BUILD)

fuzz:
	@tests/fuzz/run.sh $(BUILD) $(or $(SECONDS),10) $(TARGETS)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')
format-check:
	clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')

# Kernels of an instruction set are one file each, built with its flags; where the compiler's target is
# another architecture the file compiles to nothing.
# gcc 12 leaves operands of one micro-kernel in memory unless it allocates registers for every loop by itself.
ALLOCATION := $(shell $(CC) -dM -E -x c /dev/null 2>/dev/null | grep -q __clang__ || echo -fira-region=all)
X86 := $(shell $(CC) -dM -E -x c /dev/null 2>/dev/null | grep -c -E '__x86_64__|__i386__')
ifneq ($(X86),0)
$(BUILD)/src/kernels/avx2.o:   ISA_FLAGS := $(ALLOCATION) -mavx2 -mfma -mbmi2
$(BUILD)/src/kernels/avx512.o: ISA_FLAGS := $(ALLOCATION) -mavx512f -mavx512vl -mavx512bw -mavx512dq -mavx2 -mfma -mbmi2 -mprefer-vector-width=512
endif

# Whatever was built with other flags, or before a library was installed, is built again.
$(BUILD)/flags: export ISO_FLAGS = $(CC) $(ALL_CFLAGS) $(LIBS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$ISO_FLAGS" | cmp -s - $@ || printf '%s\n' "$$ISO_FLAGS" >$@
FORCE:

$(BUILD)/%.o: %.c Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libisobit.a: $(OBJECTS)
	@rm -f $@
	@echo "  AR   $@"
	@$(AR) rcs $@ $^

# isobit/random.h alone: the random room and the fma it stands on.
$(BUILD)/libisobit-random.a: $(call objects,$(wildcard src/random/*.c) src/math/fma.c)
	@rm -f $@
	@echo "  AR   $@"
	@$(AR) rcs $@ $^

$(BUILD)/libisobit.so: $(OBJECTS)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs -o $@ $^ $(LIBS)

$(BUILD)/isobit: $(call objects,$(CLI_SOURCES)) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/isobit-tests: $(call objects,$(TEST_SOURCES)) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/isobit-bench: $(call objects,$(BENCH_SOURCES)) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/isobit-bench-micro: $(call objects,bench/micro_batch.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

# What the benchmarks beside PyTorch load.
$(BUILD)/bench/contender.so: $(call objects,bench/contender.c bench/roofline.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -shared -o $@ $^ $(LIBS)

# Needs libmpfr-dev.
$(BUILD)/prove: $(call objects,tests/prove/prove.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ -lmpfr -lgmp $(LIBS)

$(BUILD)/oracle-driver: $(call objects,tests/oracle/driver.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

# One target of libFuzzer's; tests/fuzz/run.sh gives the compiler and its flags.
$(BUILD)/fuzz-%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
.SECONDARY: $(call objects,$(wildcard tests/fuzz/*.c))

# The relocatable form of the library's metadata; libraries stand in Requires.private, for static linking.
$(BUILD)/isobit.pc: Makefile include/isobit/context.h
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' \
	    'Name: isobit' 'Description: train a neural network anywhere, get the same bits' 'Version: $(VERSION)' \
	    'Requires.private: $(PACKAGES)' 'Libs: -L$${libdir} -lisobit' 'Libs.private: -lm -pthread' \
	    'Cflags: -I$${includedir}' > $@

$(BUILD)/isobit-random.pc: Makefile include/isobit/context.h
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' \
	    'Name: isobit-random' "Description: the random numbers of PyTorch, NumPy and Python, bit for bit" 'Version: $(VERSION)' \
	    'Libs: -L$${libdir} -lisobit-random -lm' 'Cflags: -I$${includedir}' > $@

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/isobit/random
	install -m 755 $(BUILD)/isobit $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/libisobit.a $(BUILD)/libisobit-random.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(BUILD)/libisobit.so $(DESTDIR)$(PREFIX)/lib/libisobit.so.$(VERSION)
	ln -sf libisobit.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libisobit.so
	install -m 644 $(BUILD)/isobit.pc $(BUILD)/isobit-random.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/
	install -m 644 include/isobit/*.h $(DESTDIR)$(PREFIX)/include/isobit/
	install -m 644 include/isobit/random/*.h $(DESTDIR)$(PREFIX)/include/isobit/random/

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/isobit $(DESTDIR)$(PREFIX)/lib/libisobit.* $(DESTDIR)$(PREFIX)/lib/libisobit-random.a \
	    $(DESTDIR)$(PREFIX)/lib/pkgconfig/isobit.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/isobit-random.pc
	rm -rf $(DESTDIR)$(PREFIX)/include/isobit

clean:
	rm -rf $(BUILD)

-include $(wildcard $(DEPENDENCIES))
