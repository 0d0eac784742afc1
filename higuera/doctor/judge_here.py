"""This machine and the project: programs, cache, inventory, secrets, source."""

from higuera.doctor.facts import Facts
from higuera.doctor.report import Verdict, failed, not_checked, ok, warning

PYTHON = (3, 11)
PYINFRA = "3.10"
# KiB for builds: without the first none ends well, a Next app takes about the second.
CACHE_LEAST, CACHE_WANTED = 200_000, 2_000_000


def python(facts: Facts) -> Verdict:
    """The Python that runs this, which is the one that deploys."""
    shown = f"Python {'.'.join(map(str, facts.here.python))}"
    if facts.here.python < PYTHON:
        return failed(shown, "install Python 3.11 or newer, and Higuera with it")
    return ok(shown)


def pyinfra(facts: Facts) -> Verdict:
    """The one minor version whose private names `config.py` uses."""
    there = facts.here.pyinfra
    if there.split(".")[:2] != PYINFRA.split("."):
        return failed(f"pyinfra {there or 'is missing'}", f"pip install 'pyinfra=={PYINFRA}.*'")
    return ok(f"pyinfra {there}")


def zstd(facts: Facts) -> Verdict:
    """What packs artifacts."""
    if not facts.here.zstandard:
        return failed("the Python package zstandard is missing", "pip install zstandard")
    return ok(f"zstandard {facts.here.zstandard}")


def git(facts: Facts) -> Verdict:
    """What tells source from what was made of it."""
    if "git" not in facts.here.programs:
        return warning(
            "there is no git: a release is named nogit, and ignored files count as source",
            "apt-get install git",
        )
    return ok("git is there")


def cache(facts: Facts) -> Verdict:
    """Room for builds."""
    mib = facts.here.cache_free // 1024
    found = f"{mib} MiB free for builds in {facts.here.cache}"
    if facts.here.cache_free < CACHE_LEAST:
        return failed(found, "make room there, or set XDG_CACHE_HOME to another disk")
    if facts.here.cache_free < CACHE_WANTED:
        return warning(found, "a Next app takes 2 GiB: make room, or set XDG_CACHE_HOME")
    return ok(found)


def project(facts: Facts) -> Verdict:
    """The files that pyinfra starts from."""
    missing = sorted({"config.py", "deploy.py"} - facts.here.files)
    if missing:
        return failed(
            f"{' and '.join(missing)} not in this folder", "run this where the project is"
        )
    return ok("config.py and deploy.py are here")


def inventory(facts: Facts) -> Verdict:
    """The stack file and the environment file."""
    if facts.inventory_problem:
        return failed(_flat(facts.inventory_problem), "correct it there")
    known = facts.known
    return ok(f"{known.stack.app} to {known.environment.host.address} ({known.name})")


def templates(facts: Facts) -> Verdict:
    """Whether every file of the host can be rendered."""
    if problem := facts.project.template_problem:
        return failed(_flat(problem), "correct it there; see: higuera plan --offline")
    return ok("every file of the host can be rendered")


def secrets(facts: Facts) -> Verdict:
    """Every declared secret, by name."""
    if problems := facts.project.secret_problems:
        told = [problem.partition("; ") for problem in problems]
        advice = dict.fromkeys(advice for _, _, advice in told if advice)
        return failed("; ".join(what for what, _, _ in told), "; ".join(advice))
    wanted = len(facts.known.secret_names())
    if facts.project.secrets < wanted:
        return ok("what is not there yet is made up by the first deploy (secrets: generate)")
    return ok(f"all {wanted} are there" if wanted else "the stack has none")


def tls_files(facts: Facts) -> Verdict:
    """Whether a certificate that is given would serve: every name, today, with its own key."""
    tls = facts.known.environment.tls
    if problem := facts.project.pair_problem:
        return failed(problem, "bring a certificate and a key that fit, as tls in the inventory")
    if tls.mode != "files":
        return ok(f"none has to be given (tls: {tls.mode})")
    return ok(f"{tls.certificate} would serve {', '.join(facts.known.environment.names)}")


def source(facts: Facts) -> Verdict:
    """The checkout of the app."""
    found = facts.source
    if found is None or not found.is_there:
        path = facts.known.stack.source
        return failed(f"there is no folder {path}", "check the app out, or correct `source`")
    if found.migrations < 0:
        return failed(
            "the folder of database.migrate.files is not in it", "correct it in the stack file"
        )
    if found.commit == "nogit":
        return warning(f"{found.path} is no git repository", "git init: releases name their commit")
    if found.commit.endswith("-dirty"):
        return warning(
            f"{found.path} has changes that are not committed",
            f"commit them, or the release is called {found.commit}",
        )
    return ok(f"{found.path} at {found.commit}")


def build(facts: Facts) -> Verdict:
    """Whether a build would begin: its sources are there, and no browser would get a secret."""
    if problem := facts.project.build_problem:
        return failed(_flat(problem), "correct it there, before a build reads it")
    return ok("a build has its sources, and no public variable holds a secret")


def node(facts: Facts) -> Verdict:
    """The Node that builds here: in the cache, or to be had."""
    found = facts.toolchain
    if found is None:
        return not_checked("the stack names no Node")
    if found.problem:
        return failed(
            f"Node {found.version} is not in the cache, and {found.problem}",
            "apt-get install npm, and let this machine reach its registry (npm ping)",
        )
    where = "in the cache" if found.is_cached else "to be fetched from the npm registry, once"
    return ok(f"Node {found.version} for {found.machine}: {where}")


def squawk(facts: Facts) -> Verdict:
    """What holds migrations against the locks they take."""
    if facts.source is None or facts.source.migrations < 1:
        return not_checked("the stack has no files of migrations")
    if "squawk" not in facts.here.programs:
        return warning("higuera migrations check cannot run squawk", "pip install squawk-cli")
    return ok("squawk is there")


def smoke(facts: Facts) -> Verdict:
    """Whether the smoke checks load."""
    if problem := facts.project.smoke_problem:
        return failed(problem, "correct that file; see: higuera smoke")
    return ok("the smoke checks load")


def _flat(problem: str) -> str:
    return "; ".join(problem.splitlines())
