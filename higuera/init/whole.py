"""Any other Node service: a release carries its packages as they were installed and built."""

import re

from higuera.init.carried import Carried, below
from higuera.init.framework import Framework
from higuera.init.migrations import Migrations
from higuera.init.package import Package
from higuera.init.tree import Guess, inside

# One command of plain words: what `env` can run without a shell.
PLAIN = re.compile(r"[A-Za-z0-9_./:=@,+ -]+")
ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=\S*")


def whole(
    package: Package,
    framework: Framework,
    needed: list[Package],
    migrations: Migrations | None,
    steps: list[str],
    name: str,
) -> Carried | Guess:
    """What is carried of it; a Guess where it does not say how it starts."""
    command = _start(package, framework)
    if command is None:
        says = f"{framework.name} without a script `start` of one plain command: cannot be started"
        return Guess(says, package.file)
    artifact = inside(package.root, f".higuera/{name}")
    steps.append(f"mkdir -p {artifact}")
    steps.append(_copy(package, needed, artifact))
    migrate = migrations.command if migrations else None
    says = f"`{command}` starts it; a release carries node_modules, development's too"
    return Carried(
        " && ".join(steps),
        artifact,
        _run(package, command),
        _run(package, migrate) if migrate else None,
        {},
        (Guess(says, package.file),),
    )


def _copy(package: Package, needed: list[Package], artifact: str) -> str:
    if package.folder == package.root:
        top = package.root or "."
        here = f"find {top} -mindepth 1 -maxdepth 1 ! -name .higuera"
        return f"{here} -exec cp -R -t {artifact} {{}} +"
    folders = [below(p) for p in [*needed, package]]
    copy = f"cp -R --parents package.json node_modules {' '.join(folders)}"
    there = artifact.removeprefix(package.root).strip("/")
    return f"(cd {package.root} && {copy} {there})" if package.root else f"{copy} {there}"


def _start(package: Package, framework: Framework) -> str | None:
    for name in ("start:prod", "start"):
        script = package.scripts.get(name, "")
        words = [word for word in script.split() if not word.startswith("--env-file")]
        rest = [word for word in words if not ASSIGNMENT.fullmatch(word)]
        if not rest or rest[0] in ("npm", "pnpm", "yarn", "npx"):
            continue
        if rest[:2] == ["nest", "start"]:
            break
        return " ".join(words) if PLAIN.fullmatch(script) else None
    if framework.name == "Nest":
        return "node dist/main.js"
    return f"node {package.main}" if re.fullmatch(r"[\w./-]+", package.main) else None


def _run(package: Package, command: str) -> str:
    """A command in the package's folder of the artifact, with the programs of its packages."""
    words = command.split()
    is_node = words[0] == "node"
    if package.folder == package.root and is_node:
        return command
    return f"{run_in(package, below(package), with_path=not is_node)} {command}"


def run_in(package: Package, folder: str, with_path: bool = True) -> str:
    """`env` that runs something in a folder, with the programs of the package's packages."""
    up = "../" * (below(package).count("/") + 1) if below(package) else ""
    path = f"node_modules/.bin:{up}node_modules/.bin:$PATH" if up else "node_modules/.bin:$PATH"
    words = ["env", *(["-C", folder] if folder else []), *([f'PATH="{path}"'] if with_path else [])]
    return " ".join(words)
