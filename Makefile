# `make help` lists what there is. Everything runs in the locked environment that `uv run` keeps in .venv.

FAST := $(wildcard tests/unit tests/property tests/golden tests/contract)

.DEFAULT_GOAL := help
.PHONY: golden tables dashboards schema screenshot help check lint format test integration chaos soak venues-soak kills fuzz fuzz-parsers fuzz-guided coverage docs deployment image packages pages audit lock upgrade secrets sbom

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: lint ## what `make lint` judges, and the fast tests
	uv run pytest $(FAST)

lint: ## format, lint, types, import rules
	uv run ruff format --check
	uv run ruff check
	uv run pyright
	uv run lint-imports

format: ## rewrite what ruff can rewrite
	uv run ruff format
	uv run ruff check --fix

test: ## every test but the soak
	uv run pytest

integration: ## tests against real servers on localhost
	uv run pytest tests/integration

chaos: ## 500 random faults, two daemons killed in turn, 1,000 reconnections (half an hour)
	uv run python -m tests.chaos.run --cases 500
	uv run python -m tests.chaos.turns --seconds 120
	uv run pytest -m soak tests/soak/test_reconnections.py

soak: ## a week of eight venues in fast motion, 10,000,000 frames, 10,000 releases; 1,000 reconnections of each transport (an hour)
	uv run python -m tests.soak.run
	uv run pytest -m soak tests/soak/test_reconnections.py

venues-soak: ## eight simulated venues at once, each with all its faults in turn, ten minutes: wrong books, memory, processor
	uv run python -m tests.soak.eight_venues --seconds 600

kills: ## the example desks killed 500 times while the demo plays: every id handled exactly once (three minutes)
	uv run python -m tests.chaos.desks --kills 500

fuzz: ## every venue's decoder against the plainest book, 3,000,000 frames each (half an hour); every command's files
	uv run python -m tests.fuzz.decoders --cases 3000000
	uv run python -m tests.fuzz.commands

fuzz-parsers: ## all else that bytes from outside reach: ten million cases
	uv run python -m tests.fuzz.parsers

fuzz-guided: ## the same, led by coverage (atheris), ten minutes a venue, kernels interpreted
	for venue in binance binance_usdm okx bybit; do \
		uv run --group fuzz python -m tests.fuzz.guided $$venue -max_total_time=600 || exit 1; \
	done

golden: ## the demo's journal that CI replays, and its digest, from a demo of now (a minute); look at the diff
	uv run python -m tests.golden.demo.renew

coverage: ## lines and branches the unit and property tests reach, kernels included
	NUMBA_DISABLE_JIT=1 uv run pytest tests/unit tests/property --timeout=120 --cov --cov-report=term

tables: ## docs/metrics.md and docs/logs.md, from the code
	uv run python .ci/tables.py

dashboards: ## Grafana's dashboards, from deploy/grafana/panels/
	uv run python deploy/grafana/generate.py

schema: ## what Grafana takes for a dashboard, from the types it publishes (needs npm)
	npm --prefix deploy/grafana/schema install --silent --no-audit --no-package-lock
	npm --prefix deploy/grafana/schema run --silent schema

screenshot: ## the console's picture in README, from a demo that plays (needs chromium)
	uv run python .ci/screenshot.py

pages: ## every command and snippet of the documentation as it stands there, the tutorial with nothing but Python and pip
	uv run pytest -m "soak or not soak" tests/integration/test_pages.py tests/soak/test_pages.py

packages: ## wheel and source archive, installed and played in an empty environment of every Python from 3.11 that is here
	uv run pytest -m soak tests/soak/test_packages.py

secrets: ## passwords, keys and tokens in what is committed, but those that .ci/no-secrets.txt knows are none
	uv run --group deploy python .ci/secrets.py

audit: secrets sbom ## secrets; the lock, its known vulnerabilities and licences, into build/ (asks the registry)
	uv run python .ci/lock.py --check
	uv run --with safety-db --with packaging python .ci/audit.py
	uv run --with pip-licenses pip-licenses --format=markdown --output-file=build/licences.md

sbom: ## bill of materials of what is locked, as build/sbom.json
	mkdir -p build
	uvx --from cyclonedx-bom cyclonedx-py requirements requirements.lock --output-file build/sbom.json

lock: ## fix every version: constraints in pyproject.toml, hashes in requirements.lock
	uv run python .ci/lock.py

upgrade: ## the same, with the newest versions
	uv run python .ci/lock.py --upgrade

docs: ## the documentation as a site in build/site, every link checked
	NO_MKDOCS_2_WARNING=1 uv run --group docs mkdocs build --quiet

deployment: ## files of deploy/, judged by the tools that read them
	uv run --group deploy hadolint Dockerfile
	uv run --group deploy python .ci/cluster.py
	uv run --group deploy check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml
	uv run --group deploy python .ci/pipelines.py
	bash -n deploy/lab.sh
	if command -v promtool >/dev/null; then promtool check config deploy/prometheus/prometheus.yml; fi
	if command -v amtool >/dev/null; then amtool check-config deploy/prometheus/alertmanager.yml; fi
	if command -v systemd-analyze >/dev/null; then systemd-analyze security --offline=yes --threshold=20 deploy/systemd/signald.service >/dev/null; fi

image: deployment sbom ## the image, built and looked at where a builder is, else played without one; build/sbom.json
	uv run python .ci/image.py
