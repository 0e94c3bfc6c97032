# A front door over the CMake presets: each target is a few commands that can be typed by hand.
#
#   make run ARGS="--epochs 3 --out runs/short"    arguments for `normlab run`
#   make test PACKAGES=no                          install no Debian packages
#   make test JOBS=8                               build and test with 8 processes
#   make install PREFIX=~/.local
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

ARGS ?=
JOBS := $(shell nproc)
PACKAGES := yes
PREFIX := /usr/local

normlab := build/release/normlab
build := cmake --build -j $(JOBS) --preset
ctest := ctest -j $(JOBS) --preset

# $(call packages,LISTS): see scripts/packages/*.txt
ifeq ($(filter yes no,$(PACKAGES)),)
$(error PACKAGES=$(PACKAGES): yes or no)
endif
packages = @$(if $(filter no,$(PACKAGES)),:,scripts/install-packages.sh $(1))
# Warnings and errors of CMake are on stderr and stay.
configure = @cmake --preset $(1) $(2) >/dev/null

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

.PHONY: build
build: ## the release build: build/release/normlab
	$(call packages,run)
	$(call configure,release)
	@$(build) release --target normlab-cli

.PHONY: run
run: build ## fetch MNIST, train it under three normalizations, show what came of it
	@$(normlab) data fetch mnist
	@$(normlab) run $(ARGS)

.PHONY: test-build
test-build:
	$(call packages,run test)
	$(call configure,release,-DNORMLAB_TESTS=ON)
	@$(build) release

.PHONY: test
test: test-build ## build and run all tests
	@$(ctest) release

.PHONY: parity
parity: test-build ## compare losses, gradients and 100 steps of training with PyTorch
	$(call packages,parity)
	@$(normlab) data fetch mnist
	@tests/parity/parity.py build/release $(ARGS)

.PHONY: check-norms
check-norms: build ## train 5 epochs with every norm: each but none and DyT is to reach 98.5 %
	@$(normlab) data fetch mnist
	@scripts/check-norms build/release

.PHONY: bench
bench: ## time normlab against the machine's limit and against PyTorch
	$(call packages,run test parity)
	$(call configure,release,-DNORMLAB_TESTS=ON -DNORMLAB_BENCH=ON)
	@$(build) release
	@$(normlab) data fetch mnist
	@bench/bench.py build/release $(ARGS)

.PHONY: check
check: ## formatting and a short list of clang-tidy's checks
	$(call packages,run test check)
	$(call configure,release,-DNORMLAB_TESTS=ON)
	@scripts/check.sh build/release $(JOBS)

.PHONY: sanitize
sanitize: ## all tests with ASan and UBSan, the threaded ones with TSan
	$(call packages,run test)
	$(call configure,asan)
	@$(build) asan
	@$(ctest) asan
	$(call configure,tsan)
	@$(build) tsan
	@$(ctest) tsan

.PHONY: planted
planted: test-build ## plant known mistakes one by one; the tests must catch each
	$(call packages,planted)
	@scripts/planted-mistakes build/release --jobs $(JOBS)

.PHONY: neon
neon: build ## build for 64-bit ARM and see under qemu that NEON gives the same bits (Debian)
	@$(normlab) data fetch mnist
	@scripts/check-neon $(normlab)

.PHONY: install
install: build ## install program, library and headers under PREFIX
	@cmake --install build/release --prefix "$(patsubst ~/%,$(HOME)/%,$(PREFIX))"

.PHONY: clean
clean: ## remove all builds; data and runs stay
	rm -rf build
