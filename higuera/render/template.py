"""Jinja with the house rules: an unknown name is an error, a project may override a template."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from higuera.render.quoting import nginx_quote, shell_quote, unit_command, unit_value

PACKAGE = Path(__file__).parent.parent


def templates() -> Path:
    """The folder of templates: inside an installed package, or at the top of a checkout."""
    packaged = PACKAGE / "_templates"
    return packaged if packaged.is_dir() else PACKAGE.parent / "templates"


@cache
def _environment(project: Path | None) -> Environment:
    folders = [templates()] if project is None else [project / "templates", templates()]
    environment = Environment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (no HTML is rendered; every value goes through a filter)
    )
    environment.filters.update(
        nginx=nginx_quote, shell=shell_quote, unit=unit_value, command=unit_command
    )
    return environment


def render(name: str, project: Path | None = None, /, **values: Any) -> str:
    """Render a template; one of the same name below the project's `templates/` goes first."""
    return _environment(project).get_template(name).render(**values)
