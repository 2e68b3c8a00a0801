# Isobit. `make` builds, `make test` tests, `make demo` shows; `make help` lists the rest.

CC      ?= cc
CFLAGS  ?= -O3 -g
AR      ?= ar
LDFLAGS ?=
BUILD   ?= build
DESTDIR ?=
PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR  ?= $(DATADIR)/man
ZSHDIR  ?= $(DATADIR)/zsh/site-functions
# Where the installed program looks for the library first: relative to itself, where both lie below the prefix. Empty: only where every
# program looks.
below = $(patsubst $(PREFIX)/%,%,$(1))
RUNPATH ?= $(if $(filter-out $(PREFIX)/%,$(BINDIR) $(LIBDIR)),$(LIBDIR),$$ORIGIN/$(subst $() ,,$(patsubst %,../,$(subst /, ,$(call below,$(BINDIR)))))$(call below,$(LIBDIR)))
# Runs a program that was built for another machine (qemu-aarch64-static, say): the program writes its own manual pages.
EMULATOR ?=

VERSION := $(shell sed -n 's/^\#define ISO_VERSION *"\(.*\)"/\1/p' include/isobit/context.h)
SOVERSION := $(firstword $(subst ., ,$(VERSION)))
SONAME  := libisobit.so.$(SOVERSION)
SYMBOL_VERSION := ISOBIT_$(SOVERSION)
PRIVATE_VERSION := ISOBIT_PRIVATE_$(VERSION)

# From the ground up. An include points down or sideways, never up (tests/house.sh checks it).
ROOMS ?= core math random expr stream ops reference kernels image nn data ledger recipe run audit report cli

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wno-unknown-warning-option -Wno-format-truncation -Wno-missing-field-initializers
ifdef WERROR
WARNINGS += -Werror
endif
PTHREAD  := -pthread
PACKAGES := libpng libjpeg yaml-0.1 zlib
# Without libwebp everything else works; a WebP file is refused with a message.
WEBP := $(shell pkg-config --exists libwebp libwebpdemux 2>/dev/null && echo libwebp libwebpdemux)
PACKAGES += $(WEBP)
ifneq ($(filter image run,$(ROOMS)),)
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
endif
# What the arithmetic needs of a target whose default is another: float expressions in float (i386: not in the x87's registers; s390x: not in
# double, as its C library once had it).
TARGET_MACROS := $(shell $(CC) -dM -E -x c /dev/null 2>/dev/null | grep -o -w -E '__i386__|__s390x__')
MACHINE := $(if $(filter __i386__,$(TARGET_MACROS)),-msse2 -mfpmath=sse)$(if $(filter __s390x__,$(TARGET_MACROS)),-fexcess-precision=fast)
# -ffp-contract=off stands behind the user's flags, so that no CFLAGS can change the arithmetic.
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Iinclude -Isrc -Itests $(WARNINGS) $(PKG_CFLAGS) -fPIC -fvisibility=hidden $(PTHREAD) $(if $(WEBP),-DISO_WEBP) $(CPPFLAGS) $(CFLAGS) \
             -ffp-contract=off -fno-math-errno $(MACHINE) $(ISA_FLAGS)
LIBS := $(PKG_LIBS) -lm $(PTHREAD)

SOURCES := $(foreach room,$(filter-out cli,$(ROOMS)),$(wildcard src/$(room)/*.c))
CLI_SOURCES := $(if $(filter cli,$(ROOMS)),$(wildcard src/cli/*.c))
TEST_SOURCES := $(wildcard tests/harness/*.c) $(foreach room,$(ROOMS),$(wildcard tests/$(room)/*.c)) $(if $(filter run,$(ROOMS)),$(wildcard tests/fault/*.c))
BENCH_SOURCES := bench/bench.c bench/roofline.c

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
OBJECTS := $(call objects,$(SOURCES))
WIDTHS_SOURCES = tests/prove/widths.c tests/prove/widths_avx2.c tests/prove/widths_avx512.c
DEPENDENCIES = $(patsubst %.o,%.d,$(OBJECTS) $(call objects,$(CLI_SOURCES) $(TEST_SOURCES) $(BENCH_SOURCES) bench/micro_batch.c bench/ledger.c bench/contender.c bench/fma.c tests/prove/prove.c $(WIDTHS_SOURCES) tests/oracle/driver.c tests/probe/driver.c))

.PHONY: FORCE all lib tests deb symbols docs test test-long cases demo deps bench prove prove-changed widths sanitize fuzz format format-check install uninstall clean help oracle-driver probe mutants bench-fma
all: lib $(if $(CLI_SOURCES),$(BUILD)/isobit $(BUILD)/installed/isobit)
lib: $(BUILD)/libisobit.a $(BUILD)/libisobit.so $(BUILD)/libisobit-random.a
tests: $(BUILD)/isobit-tests

## make              the library and build/isobit
## make demo         installs what is missing, builds, trains on the shipped images, shows equal digests
## make test         the test suite; ends in `N passed, N failed`
## make test-long    the same with many more random cases
## make cases        a million random cases of the kernels against their references, in every bit
## make bench        speed beside the machine's own FMA peak, of the random streams and of exp, log, tanh, ... beside PyTorch and NumPy
## make bench-fma    the emulated multiply-add beside the C library's
## make prove        exp, log, tanh, GELU, ... over all 2^32 inputs (needs libmpfr-dev)
## make widths       how wide the intervals of sigmoid and GELU have to be, measured over all inputs (needs AVX2; measures AVX-512's too)
## make oracle-driver   what tests/oracle/reference.py compares with PyTorch
## make lint         clang-tidy and cppcheck, without a finding
## make coverage     lines and branches that the tests reach; fails below 95 % of the lines, or of all branches of ledger, checkpoints and parsers
## make probe        the order of every sum, found from outside, beside the contract's (needs NumPy)
## make mutants      seeded faults, each of which the tests must notice
## make sanitize     the test suite under ASan + UBSan, the threaded tests under TSan
## make fuzz         the readers of files under libFuzzer (clang), ten seconds each; SECONDS=60 TARGETS="png npz" for others
## make matrix       the same experiments on every compiler, instruction set, thread count, ..., architecture, in hostile surroundings: one digest;
##                   writes docs/sameness.md (some 20 minutes; installs cross-compilers and emulators)
## make install      to PREFIX (default /usr/local), below DESTDIR if given; make uninstall takes it away
## make deb          Debian packages (the program, the library, what developing with it needs) in build/deb
## make symbols      records the public functions in tests/symbols, when one was added
## make docs         writes what docs/ quotes from the program and the headers anew
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

.PHONY: matrix
matrix: all
	tests/matrix/matrix.py --build $(BUILD)
	@rm -f $(BUILD)/matrix/foreign.tsv $(BUILD)/matrix/hostile.tsv
	for architecture in aarch64 armv7 ppc64le s390x i386; do tests/cross.sh $(BUILD) $$architecture small matrix || exit 1; done
	for architecture in riscv64 wasm32; do tests/cross.sh $(BUILD) $$architecture small || exit 1; done
	tests/matrix/hostile.sh $(BUILD)
	tests/matrix/sameness.py --build $(BUILD)

demo: deps
	@$(MAKE) --no-print-directory all
	@scripts/demo.sh $(BUILD)

bench: $(BUILD)/isobit $(BUILD)/isobit-bench $(BUILD)/isobit-bench-micro $(BUILD)/isobit-bench-ledger $(BUILD)/libisobit.so $(BUILD)/bench/contender.so
	$(BUILD)/isobit-bench
	$(BUILD)/isobit-bench-micro
	$(BUILD)/isobit-bench-ledger 2
	$(BUILD)/isobit-bench-ledger 1
	$(BUILD)/isobit-bench-metrics
	@scripts/torch-venv.sh $(BUILD)/torch
	@for threads in 1 2; do for table in training memory kernels functions; do \
		$(BUILD)/torch/bin/python bench/$$table.py --lib $(BUILD)/bench/contender.so --threads $$threads || exit 1; done; done
	$(BUILD)/torch/bin/python bench/streams.py --lib $(BUILD)/libisobit.so
	@scripts/photos.sh $(BUILD)/photos /usr/bin/python3
	/usr/bin/python3 -W ignore bench/pipeline.py --lib $(BUILD)/bench/contender.so --photos $(BUILD)/photos --isobit $(BUILD)/isobit

prove: $(BUILD)/prove
	@scripts/exp_log_constants.py --check
	@tests/prove/run.sh $(BUILD)
widths: $(BUILD)/widths
	@$(BUILD)/widths
prove-changed: $(BUILD)/prove
	@scripts/exp_log_constants.py --check
	@tests/prove/run.sh $(BUILD) --if-changed

bench-fma: $(BUILD)/isobit-bench-fma
	@$(BUILD)/isobit-bench-fma
	@GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2 $(BUILD)/isobit-bench-fma

oracle-driver: $(BUILD)/oracle-driver

.PHONY: lint
lint:
	@scripts/lint.sh

.PHONY: coverage
coverage:
	@scripts/coverage.sh $(BUILD)

probe: $(BUILD)/probe.so
	@/usr/bin/python3 tests/probe/probe.py --lib $(BUILD)/probe.so

mutants: all tests
	@tests/mutants/run.py --build $(BUILD)

sanitize:
	@tests/sanitize.sh $(BUILD)

fuzz:
	@tests/fuzz/run.sh $(BUILD) $(or $(SECONDS),10) $(TARGETS)

# All but what scripts wrote, which says so in its first line.
FORMATTED = $$(git ls-files '*.c' '*.h' | xargs grep -L '^/\* Written by')
format:
	clang-format -i $(FORMATTED)
format-check:
	clang-format --dry-run --Werror $(FORMATTED)

# Kernels of an instruction set are one file each, built with its flags; where the compiler's target is
# another architecture the file compiles to nothing.
# gcc 12 leaves operands of one micro-kernel in memory unless it allocates registers for every loop by itself.
ALLOCATION := $(shell $(CC) -dM -E -x c /dev/null 2>/dev/null | grep -q __clang__ || echo -fira-region=all)
X86 := $(shell $(CC) -dM -E -x c /dev/null 2>/dev/null | grep -c -E '__x86_64__|__i386__')
ifneq ($(X86),0)
$(BUILD)/src/kernels/avx2.o $(BUILD)/tests/prove/widths_avx2.o: ISA_FLAGS := $(ALLOCATION) -mavx2 -mfma -mbmi2
$(BUILD)/src/kernels/avx512.o $(BUILD)/tests/prove/widths_avx512.o: ISA_FLAGS := $(ALLOCATION) -mavx512f -mavx512vl -mavx512bw -mavx512dq -mavx2 -mfma -mbmi2 -mprefer-vector-width=512
endif

# What was built before a library was installed, or to be installed elsewhere, is built again.
$(BUILD)/packages: remembered = $(PACKAGES)
$(BUILD)/installed/runpath: remembered = $(RUNPATH)
$(BUILD)/packages $(BUILD)/installed/runpath: FORCE
	@mkdir -p $(@D)
	@echo '$(remembered)' | cmp -s - $@ || echo '$(remembered)' >$@
FORCE:

$(BUILD)/%.o: %.c Makefile $(BUILD)/packages
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

# What the shared library exports: the functions that the public headers declare, under the version of the interface; and what the program of
# the same release takes beyond them (src/core/private.h).
$(BUILD)/isobit.map: scripts/public_functions.sh scripts/private_symbols.sh $(wildcard include/isobit/*.h include/isobit/random/*.h src/*/*.h)
	@mkdir -p $(@D)
	@{ echo '$(SYMBOL_VERSION) {'; echo 'global:'; CC="$(CC)" scripts/public_functions.sh | sed 's/.*/    &;/'; echo 'local: *;'; echo '};'; \
	    echo '$(PRIVATE_VERSION) {'; echo 'global:'; scripts/private_symbols.sh | sed 's/.*/    &;/'; echo '};'; } > $@

# Its own calls stay inside: what a host program defines under a name of the library's changes nothing.
$(BUILD)/libisobit.so: $(OBJECTS) $(BUILD)/isobit.map
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script,$(BUILD)/isobit.map -Wl,-Bsymbolic-functions -Wl,-z,defs -o $@ $(OBJECTS) $(LIBS)

# One file that runs wherever it lies.
$(BUILD)/isobit: $(call objects,$(CLI_SOURCES)) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# The same as it is installed, beside the shared library.
rpath = -Wl,--enable-new-dtags,-rpath,$(RUNPATH)
$(BUILD)/installed/isobit: $(call objects,$(CLI_SOURCES)) $(BUILD)/libisobit.so $(BUILD)/installed/runpath
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) $(if $(RUNPATH),'$(rpath)') -o $@ $(filter-out %/runpath,$^) $(PTHREAD)

DEPENDENCIES += $(BUILD)/generic/scalar.d $(BUILD)/tests/matrix/small.d
# What tests/matrix runs beside it: the scalar kernels as a CPU without vectors and without a fused multiply-add computes them, whatever the
# compiler's target has.
$(BUILD)/generic/scalar.o: src/kernels/scalar.c Makefile
	@mkdir -p $(@D)
	@echo "  CC   $< (generic)"
	@$(CC) $(ALL_CFLAGS) -U__SSE2__ -U__FMA__ -MMD -MP -c -o $@ $<

$(BUILD)/isobit-generic: $(call objects,$(CLI_SOURCES)) $(filter-out %/kernels/scalar.o,$(OBJECTS)) $(BUILD)/generic/scalar.o
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# The tests and the proof with AVX-512's kernels on a CPU that has AVX2 and no AVX-512: its instructions come from tests/emulated/immintrin.h.
EMULATED_AVX512 := $(BUILD)/emulated/avx512.o $(BUILD)/emulated/cpu.o
DEPENDENCIES += $(EMULATED_AVX512:.o=.d)
$(BUILD)/emulated/avx512.o: src/kernels/avx512.c Makefile
	@mkdir -p $(@D)
	@echo "  CC   $< (emulated)"
	@$(CC) $(ALL_CFLAGS) -Itests/emulated -mavx2 -mfma -Wno-psabi '-Dvec_keep(x)=((void)0)' '-Dmask_keep(x)=((void)0)' -D__AVX512F__ -D__AVX512VL__ -D__AVX512BW__ -D__AVX512DQ__ -MMD -MP -c -o $@ $<
$(BUILD)/emulated/cpu.o: src/core/cpu.c Makefile
	@mkdir -p $(@D)
	@echo "  CC   $< (emulated)"
	@$(CC) $(ALL_CFLAGS) '-D__builtin_cpu_supports(feature)=1' -MMD -MP -c -o $@ $<
emulated = $(filter-out %/kernels/avx512.o %/core/cpu.o,$(OBJECTS)) $(EMULATED_AVX512)
$(BUILD)/isobit-tests-avx512: $(call objects,$(TEST_SOURCES)) $(EMULATED_AVX512) $(OBJECTS)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $(call objects,$(TEST_SOURCES)) $(emulated) $(LIBS)
$(BUILD)/prove-avx512: $(call objects,tests/prove/prove.c) $(EMULATED_AVX512) $(OBJECTS)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(call objects,tests/prove/prove.c) $(emulated) -lmpfr -lgmp $(LIBS)

# What tests/cross.sh runs on every architecture: it needs neither image libraries nor, where there are none, threads.
SMALL := $(foreach room,core math random expr reference kernels nn,$(wildcard src/$(room)/*.c)) $(addprefix src/ledger/,digest.c state.c safetensors.c) \
         src/run/selftest.c tests/matrix/small.c
$(BUILD)/small: $(call objects,$(SMALL))
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm $(PTHREAD)

# Functions of libraries that tests let fail: __wrap_ and the name is what stands in tests.
WRAPPED := newlocale yaml_parser_initialize yaml_parser_parse
$(BUILD)/isobit-tests: $(call objects,$(TEST_SOURCES)) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^ $(LIBS)

$(BUILD)/isobit-bench: $(call objects,$(BENCH_SOURCES)) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

bench: $(BUILD)/isobit-bench-metrics
DEPENDENCIES += $(BUILD)/bench/metrics.d
$(BUILD)/isobit-bench-metrics: $(call objects,bench/metrics.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/isobit-bench-micro: $(call objects,bench/micro_batch.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/isobit-bench-ledger: $(call objects,bench/ledger.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/isobit-bench-fma: $(call objects,bench/fma.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# What the benchmarks beside PyTorch load.
$(BUILD)/bench/contender.so: $(call objects,bench/contender.c bench/roofline.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $^ $(LIBS)

# Needs libmpfr-dev.
$(BUILD)/prove: $(call objects,tests/prove/prove.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lmpfr -lgmp $(LIBS)

$(BUILD)/widths: $(call objects,$(WIDTHS_SOURCES)) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/oracle-driver: $(call objects,tests/oracle/driver.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# One target of libFuzzer's; tests/fuzz/run.sh gives the compiler and its flags.
$(BUILD)/fuzz-%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
.SECONDARY: $(call objects,$(wildcard tests/fuzz/*.c))

# What tests/probe/probe.py loads.
$(BUILD)/probe.so: $(call objects,tests/probe/driver.c) $(BUILD)/libisobit.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $^ $(LIBS)

# What the program says about itself: manual pages and completions.
$(BUILD)/share/made: $(BUILD)/isobit
	@echo "  MAN  $(BUILD)/share"
	@rm -rf $(@D) && mkdir -p $(@D)/man
	@$(EMULATOR) $< help --man > $(@D)/man/isobit.1
	@for name in $$(sed -n 's/^\.BR isobit\\-\([a-z]*\) (1)$$/\1/p' $(@D)/man/isobit.1); do \
		$(EMULATOR) $< help --man $$name > $(@D)/man/isobit-$$name.1 || exit 1; done
	@for shell in bash zsh fish; do $(EMULATOR) $< help --completion $$shell > $(@D)/isobit.$$shell || exit 1; done
	@touch $@

# Files for pkg-config and CMake know where they will lie; below the prefix they say so relative to it.
fill = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
    -e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|' -e 's|@VERSION@|$(VERSION)|' -e 's|@PACKAGES@|$(PACKAGES)|' \
    -e 's|@SONAME@|$(SONAME)|' -e 's|@LINK@|$(PKG_LIBS) -lm|'

install: all $(BUILD)/share/made
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(LIBDIR)/cmake/isobit $(DESTDIR)$(INCLUDEDIR)/isobit/random \
	    $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(DATADIR)/bash-completion/completions $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(DATADIR)/fish/vendor_completions.d
	install -m 755 $(BUILD)/installed/isobit $(DESTDIR)$(BINDIR)/
	install -m 644 $(BUILD)/libisobit.a $(BUILD)/libisobit-random.a $(DESTDIR)$(LIBDIR)/
	install -m 755 $(BUILD)/libisobit.so $(DESTDIR)$(LIBDIR)/libisobit.so.$(VERSION)
	ln -sf libisobit.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libisobit.so
	install -m 644 include/isobit/*.h $(DESTDIR)$(INCLUDEDIR)/isobit/
	install -m 644 include/isobit/random/*.h $(DESTDIR)$(INCLUDEDIR)/isobit/random/
	for file in isobit.pc isobit-random.pc; do \
	    $(fill) packaging/$$file.in > $(DESTDIR)$(LIBDIR)/pkgconfig/$$file && chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/$$file || exit 1; done
	for file in isobitConfig.cmake isobitConfigVersion.cmake; do \
	    $(fill) packaging/$$file.in > $(DESTDIR)$(LIBDIR)/cmake/isobit/$$file && chmod 644 $(DESTDIR)$(LIBDIR)/cmake/isobit/$$file || exit 1; done
	install -m 644 $(BUILD)/share/man/*.1 $(DESTDIR)$(MANDIR)/man1/
	install -m 644 $(BUILD)/share/isobit.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/isobit
	install -m 644 $(BUILD)/share/isobit.zsh $(DESTDIR)$(ZSHDIR)/_isobit
	install -m 644 $(BUILD)/share/isobit.fish $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/isobit.fish

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/isobit $(DESTDIR)$(LIBDIR)/libisobit.a $(DESTDIR)$(LIBDIR)/libisobit.so* $(DESTDIR)$(LIBDIR)/libisobit-random.a \
	    $(DESTDIR)$(LIBDIR)/pkgconfig/isobit.pc $(DESTDIR)$(LIBDIR)/pkgconfig/isobit-random.pc $(DESTDIR)$(MANDIR)/man1/isobit.1 \
	    $(DESTDIR)$(MANDIR)/man1/isobit-*.1 $(DESTDIR)$(DATADIR)/bash-completion/completions/isobit $(DESTDIR)$(ZSHDIR)/_isobit \
	    $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/isobit.fish
	rm -rf $(DESTDIR)$(INCLUDEDIR)/isobit $(DESTDIR)$(LIBDIR)/cmake/isobit

deb:
	@packaging/deb.sh $(BUILD)/deb

symbols: $(BUILD)/libisobit.so $(BUILD)/installed/isobit
	@scripts/symbols.sh $(BUILD)/libisobit.so $(BUILD)/installed/isobit tests/symbols --write

docs: all
	@scripts/docs.py $(BUILD) --write
	@scripts/c_api.py --write

clean:
	rm -rf $(BUILD)

-include $(wildcard $(DEPENDENCIES))
