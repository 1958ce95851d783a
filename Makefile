# Two commands matter: `make demo` and `make test`. Both do all the set-up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LEROBOT := .venv-lerobot
ORACLES := .oracles
OPENPI := .venv-openpi
RAY := .venv-ray
TRACKERS := .venv-trackers
# Libraries that start threads of their own slow each other down by large factors on few cores.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
export HF_HUB_OFFLINE ?= 1

.PHONY: help demo test lint types contracts test-slow test-lerobot test-openpi test-ray test-trackers test-oracles check format claims bench-speed clean

help:
	@echo "make demo    the closed loop on the embedded defaults, ending in a report (about 8 minutes)"
	@echo "make test    everything that CI runs: format, lint, types, import contracts, tests"
	@echo "make check   the same without the set-up"
	@echo "make claims  measure every number of docs/en/numbers.md (CLAIMS=spine for a group)"
	@echo "make test-slow  the tests that take minutes"
	@echo "make test-openpi   openpi's own client against \`vla-sim serve\`"
	@echo "make test-ray  a benchmark on Ray, on this machine"
	@echo "make test-trackers  trackio and wandb hold what a run told them, on this machine"
	@echo "make test-oracles  our statistics against those of fieldtrial, beside those that the tests have anyway"
	@echo "make test-lerobot  LeRobot itself edits our datasets, evaluates on our tasks and acts in our benchmark"

# Of what is installed a small part is ever imported: Python compiles that when it is.
$(BIN)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(BIN)/.kernels: $(BIN)/.installed
	@echo "compiling kernels, once"
	@rm -rf $(VENV)/warm-up
	@$(BIN)/vla-sim collect glance --out $(VENV)/warm-up > /dev/null
	@rm -rf $(VENV)/warm-up
	@touch $@

demo: $(BIN)/.kernels
	$(BIN)/vla-sim demo $(DEMO_ARGS)

test: $(BIN)/.installed check

# Types take one core as long as kernels take the other.
check: $(BIN)/.installed
	@$(MAKE) --no-print-directory --jobs 2 lint types $(BIN)/.kernels contracts
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow"

lint: $(BIN)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(BIN)/.installed
	$(BIN)/mypy

contracts: $(BIN)/.installed
	$(BIN)/lint-imports

test-slow: $(BIN)/.installed
	$(BIN)/pytest -m slow

# LeRobot's pins fit neither our torch nor our transformers: it gets an environment of its own.
$(LEROBOT)/.installed: pyproject.toml constraints.txt lerobot_env_vla_sim/pyproject.toml
	$(PYTHON) -m venv $(LEROBOT)
	$(LEROBOT)/bin/pip install --quiet --disable-pip-version-check --no-compile \
		--editable . --editable 'lerobot_env_vla_sim[server]' pytest hypothesis \
		"$$(grep '^torch==' constraints.txt)" \
		'numpy<2.3' 'huggingface-hub<1' 'datasets>=4,<5' 'av>=15,<16' 'pandas<3' draccus==0.10.0 \
		jsonlines einops deepdiff termcolor accelerate 'diffusers<0.36' 'imageio[ffmpeg]>=2.34,<3' pyserial
	$(LEROBOT)/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps \
		lerobot==0.4.4 torchvision==0.28.0
	@touch $@

test-lerobot: $(LEROBOT)/.installed
	$(LEROBOT)/bin/python -m pytest tests/interop lerobot_env_vla_sim/tests

# openpi's client wants a numpy before 2: it gets an environment of its own, and talks to ours. It
# imports typing_extensions without naming it.
$(OPENPI)/.installed: Makefile
	$(PYTHON) -m venv $(OPENPI)
	$(OPENPI)/bin/pip install --quiet --disable-pip-version-check --no-compile openpi-client==0.1.2 typing_extensions
	@touch $@

test-openpi: $(BIN)/.installed $(OPENPI)/.installed
	OPENPI_PYTHON=$(OPENPI)/bin/python $(BIN)/pytest tests/openpi

# Ray is 70 MB that few need: it gets an environment of its own.
$(RAY)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(RAY)
	$(RAY)/bin/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt \
		--editable '.[ray]' pytest hypothesis
	@touch $@

test-ray: $(RAY)/.installed
	$(RAY)/bin/python -m pytest tests/on_ray

# trackio wants a Pillow before ours, and both bring a web stack: they get an environment of their own.
# Nothing leaves the machine.
$(TRACKERS)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(TRACKERS)
	grep -v '^pillow==' constraints.txt > $(TRACKERS)/constraints.txt
	$(TRACKERS)/bin/pip install --quiet --disable-pip-version-check --no-compile \
		--constraint $(TRACKERS)/constraints.txt --editable '.[trackio,wandb]' pytest hypothesis
	@touch $@

test-trackers: $(TRACKERS)/.installed
	$(TRACKERS)/bin/python -m pytest tests/trackers

# Without its dependencies, a web server among them: its statistics need none of them.
test-oracles: $(BIN)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(ORACLES) fieldtrial==0.3.0
	PYTHONPATH=$(ORACLES) $(BIN)/pytest tests/eval/test_oracles.py

format: $(BIN)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

claims: $(BIN)/.installed
	$(BIN)/python -m benchmarks.claims $(or $(CLAIMS),spine)

clean:
	rm -rf $(VENV) $(LEROBOT) $(OPENPI) $(RAY) $(TRACKERS) $(ORACLES) runs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
