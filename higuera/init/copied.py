"""What a project gets from Higuera as it stands: pyinfra's files, smoke checks, the workflow."""

from pathlib import Path

PACKAGE = Path(__file__).parent.parent
WORKFLOW = ".github/workflows/higuera.yml"
# The checks that any app can be held to; the others know the example.
SMOKE = ("health.py", "login.py", "login_wrong.py", "page.py")


def copied() -> dict[str, Path]:
    """Where each file goes in the project, and where it is: installed, or in a checkout."""
    project = PACKAGE / "_project"  # pyproject.toml puts them there
    top, ci = project, project
    smoke = PACKAGE / "_smoke"
    if not project.is_dir():
        top = PACKAGE.parent
        ci, smoke = top / "examples" / "ci", top / "smoke"
    found = {name: top / name for name in ("config.py", "deploy.py", "rollback.py")}
    found |= {f"smoke/{name}": smoke / name for name in SMOKE}
    return {**found, WORKFLOW: ci / "higuera.yml"}
