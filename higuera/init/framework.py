"""What a package is, by what it depends on and the configuration beside it."""

import re
from dataclasses import dataclass

from higuera.init.package import Package
from higuera.init.tree import Guess, Tree, inside

# Framework -> the package that it is, and the beginning of its configuration's name. In this order:
# Nest runs on Express or Fastify, a Next app may have a Vite for its tests.
FRAMEWORKS = {
    "Next": ("next", "next.config."),
    "Nest": ("@nestjs/core", "nest-cli.json"),
    "Fastify": ("fastify", None),
    "Express": ("express", None),
    "Koa": ("koa", None),
    "Hono": ("@hono/node-server", None),
    "Vite": ("vite", "vite.config."),
}


@dataclass(frozen=True)
class Framework:
    """What a package is, and the file that says so."""

    name: str
    seen: str


def framework_of(tree: Tree, package: Package) -> Framework | None:
    """The framework of a package; None where it is a library, or nothing that is known."""
    for name, (needed, config) in FRAMEWORKS.items():
        file = tree.first(package.folder, config) if config else None
        if file is not None:
            return Framework(name, file)
        wanted = (
            package.needs(needed) if name in ("Next", "Vite") else needed in package.dependencies
        )
        if wanted:
            return Framework(name, package.file)
    return None


def uses_bun(tree: Tree, package: Package) -> Guess | None:
    """Whether a package is written for Bun, though something else installs it."""
    scripts = [text for key, text in package.scripts.items() if key.startswith("start")]
    if package.needs("@types/bun") or any(re.match(r"bun(x|\s)", text) for text in scripts):
        return Guess("Bun: recognised, but Higuera cannot run it yet", package.file)
    return None


def elixir_of(tree: Tree) -> list[Guess]:
    """The Elixir projects of an app, none of which Higuera can run yet."""
    found = []
    for file in (name for name in tree.files if name.rpartition("/")[2] == "mix.exs"):
        folder = file.rpartition("/")[0]
        if "/deps/" in f"/{folder}/":
            continue
        kind = "Phoenix" if re.search(r"\{:phoenix\s*,", tree.text(file)) else "Elixir"
        ecto = any(tree.below(inside(folder, "priv/repo/migrations")))
        what = f"{kind}{' with Ecto migrations' if ecto else ''}"
        found.append(Guess(f"{what}: recognised, but Higuera cannot run it yet", file))
    return found
