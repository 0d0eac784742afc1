# What people do here, a target each. CI runs exactly these.
.PHONY: setup demo test check unit vps clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: ## .venv with locked dependencies: .venv/bin/pyinfra and .venv/bin/higuera
	@scripts/setup

demo: setup ## boot a sandbox VPS, deploy examples/forms to it, smoke-test it
	@scripts/demo

check: setup ## ruff, mypy strict, shellcheck
	@scripts/check

test: setup ## everything: checks, unit tests, tests on real sandbox VPSes
	@scripts/test

unit: setup ## the fast tests only
	@scripts/test tests/unit

vps: setup ## the tests on sandbox VPSes only
	@scripts/test tests/vps

clean: ## remove the sandbox VPSes, their caches and .venv
	@[ ! -x .venv/bin/higuera ] || .venv/bin/higuera sandbox down --all --purge
	rm -rf .venv
