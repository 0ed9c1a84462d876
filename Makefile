# make demo   see profexd at work, from nothing, in one command
# make test   install what the tests need, and run them all
# make lint   formatting, lints, types, import directions
# make torture  kill and restart 510 times over file, S3 and SFTP; TORTURE=--help
# make soak   20,000 runs in a row, half of them real; does anything grow? SOAK=--help
# make bench  measure beside other tools (11 minutes; writes docs/benchmarks.md); BENCH=--help

VENV ?= .venv
PYTEST_FLAGS ?= -n 2

.PHONY: demo test lint torture soak bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/.runtime
	$(VENV)/bin/profexd demo .demo

test: $(VENV)/.development
	scripts/test-tools
	$(VENV)/bin/python -m pytest $(PYTEST_FLAGS) tests

lint: $(VENV)/.development
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

torture: $(VENV)/.development
	scripts/test-tools
	$(VENV)/bin/python -m tests.servers.torture --kills 170 --minutes 20 $(TORTURE)

bench: $(VENV)/.benchmarks
	$(VENV)/bin/python -m benchmarks $(BENCH)

clean:
	rm -rf $(VENV) .demo dist build

$(VENV)/.runtime: pyproject.toml scripts/venv
	scripts/venv $(VENV)
	touch $@

$(VENV)/.development: pyproject.toml scripts/venv $(VENV)/.runtime
	scripts/venv $(VENV) static test
	touch $@

$(VENV)/.benchmarks: $(VENV)/.development
	scripts/venv $(VENV) bench
	touch $@
