# One door to the workshop. Everything below does all of its own set-up.
#
#   make run      the demo publication on http://127.0.0.1:8000/ (PORT=… for another)
#   make test     the whole suite           make check    lint, types, contracts, shape
#   make bench    figures and ratios        make lock     compile the lock files anew
#   make clean    forget what was installed; `var/`, where the data is, stays

PORT ?= 8000
BIN := .venv/bin
export PORT

.PHONY: run test check bench lock reference clean

run: .venv/installed
	@exec $(BIN)/broadsheet run --port $(PORT)

test: .venv/installed-dev
	@$(BIN)/python -m tools.chromium --provide
	@$(BIN)/python -m tools.valkey --provide
	@$(BIN)/python -m tools.nginx --provide
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: .venv/installed-dev
	@$(BIN)/python -m tools.check

bench: .venv/installed-dev
	@$(BIN)/python -m tools.bench

# Writes docs/reference.md; a house test holds it fresh.
reference: .venv/installed-dev
	@$(BIN)/python -m tools.reference

lock: .venv/installed-dev
	@$(BIN)/python -m tools.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache build src/*.egg-info

.venv/installed: requirements-build.txt requirements.txt pyproject.toml
	@sh tools/install.sh requirements.txt
	@touch $@

.venv/installed-dev: requirements-build.txt requirements-dev.txt pyproject.toml
	@sh tools/install.sh requirements-dev.txt
	@touch $@ .venv/installed
