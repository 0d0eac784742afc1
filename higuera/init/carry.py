"""How a package becomes what a release carries."""

from higuera.init.bundle import bundle, bundled
from higuera.init.carried import Carried
from higuera.init.framework import Framework
from higuera.init.manager import Manager
from higuera.init.migrations import Migrations
from higuera.init.package import Package
from higuera.init.standalone import standalone
from higuera.init.tree import Guess, Tree
from higuera.init.whole import run_in, whole


def carry(
    tree: Tree,
    package: Package,
    framework: Framework,
    manager: Manager,
    needed: list[Package],
    migrations: Migrations | None,
    name: str,
) -> Carried | Guess:
    """How a package becomes an artifact; a Guess that says why it cannot be told."""
    steps = [manager.run(p.folder, "build") for p in [*needed, package] if "build" in p.scripts]
    if migrations and migrations.ledger == "prisma" and package.needs("prisma"):
        generate = f"{run_in(package, package.folder)} prisma generate"
        steps.insert(len(steps) - ("build" in package.scripts), generate)
    if framework.name == "Next":
        return standalone(tree, package, framework, steps)
    one = bundled(tree, package)
    if one is not None:
        return bundle(package, one, steps)
    return whole(package, framework, needed, migrations, steps, name)
