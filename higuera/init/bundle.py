"""A service whose build makes one bundle: that folder is all that a release carries."""

import re

from higuera.init.carried import Carried
from higuera.init.package import Package
from higuera.init.tree import Guess, Tree, inside

ENTRY = re.compile(r"src/((?:server|main|index|app)\.)[mc]?[jt]s")
MIGRATE = re.compile(r"src/([\w-]*migrat[\w-]*\.)[mc]?[jt]s")
OUTPUT = re.compile(r"outdir['\"]?\s*[:=]\s*['\"]?(?:\./)?([A-Za-z0-9._-]+)")


def bundled(tree: Tree, package: Package) -> tuple[str, str] | None:
    """The file that bundles all dependencies into the output, and what it says."""
    script = package.scripts.get("build", "")
    if "--bundle" in script and "esbuild" in script and "external" not in script:
        return package.file, script
    named = re.fullmatch(r"node (?:\./)?([A-Za-z0-9._/-]+)", script)
    file = inside(package.folder, named[1]) if named else ""
    text = tree.text(file) if tree.has(file) else ""
    if re.search(r"\bbundle\s*:\s*true", text) and not re.search(r"packages\s*:\s*['\"]ext", text):
        return file, text
    return None


def bundle(package: Package, found: tuple[str, str], steps: list[str]) -> Carried | Guess:
    """What is carried of it; a Guess that says why it cannot be told."""
    file, text = found
    output, entry, migrate = OUTPUT.search(text), ENTRY.search(text), MIGRATE.search(text)
    folder = output[1] if output else "dist"
    started = re.search(rf"node (?:\./)?{folder}/([\w./-]+)", package.scripts.get("start", ""))
    start = started[1] if started else f"{entry[1]}js" if entry else None
    if start is None:
        return Guess("a bundle, but which file of it starts cannot be told", file)
    return Carried(
        " && ".join(steps),
        inside(package.folder, folder),
        f"node {start}",
        f"node {migrate[1]}js" if migrate else None,
        {},
        (
            Guess(
                f"the build makes one bundle, {folder}/, which is all that a release carries", file
            ),
        ),
    )
