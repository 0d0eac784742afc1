"""A Next app: its standalone server, with the files beside it that Next leaves to others."""

import re

from higuera.init.carried import Carried, below
from higuera.init.framework import Framework
from higuera.init.package import Package
from higuera.init.tree import Guess, Tree, inside


def standalone(
    tree: Tree, package: Package, framework: Framework, steps: list[str]
) -> Carried | Guess:
    """What is carried of it; a Guess that says why there is no server to carry."""
    folder, config = package.folder, tree.text(framework.seen)
    output = re.search(r"\boutput\s*:\s*['\"](\w+)['\"]", config)
    if output and output[1] == "export":
        return Guess("Next as a static export: has no server of its own to run", framework.seen)
    if "build" not in package.scripts:
        return Guess("Next without a script `build`: cannot be built", package.file)
    guesses = []
    if not output:
        steps.insert(0, "export NEXT_PRIVATE_STANDALONE=1")
        says = "output: 'standalone' is lacking: the build asks for it; better write it there"
        guesses.append(Guess(says, framework.seen))
    artifact = inside(folder, ".next/standalone")
    where = below(package)
    there = inside(artifact, where)
    steps.append(f"cp -R {inside(folder, '.next/static')} {there}/.next/")
    if tree.below(inside(folder, "public")):
        steps.append(f"cp -R {inside(folder, 'public')} {there}/")
    static = {"/_next/static/": inside(where, ".next/static")}
    start = f"node {inside(where, 'server.js')}"
    return Carried(" && ".join(steps), artifact, start, None, static, tuple(guesses))
