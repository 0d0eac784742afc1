"""Jinja with the house rules: an unknown name is an error, a project may override a template."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)

from higuera.errors import RenderError
from higuera.render.origin import Marks, Origin, marked_lines
from higuera.render.quoting import (
    nginx_quote,
    shell_quote,
    unit_command,
    unit_value,
    without_directives,
)
from higuera.spec.yaml import shown

PACKAGE = Path(__file__).parent.parent
# What an expression in a template may raise beside Jinja's own errors.
FAULTS = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Rendered(str):
    """A text that can tell which line of which template each of its lines came from."""

    name: str
    project: Path | None
    values: dict[str, Any]

    def origin(self, line: int) -> Origin | None:
        """Of a line, counted from 1; None where it cannot be told."""
        marked = _environment(self.project, True).get_template(self.name).render(**self.values)
        lines = marked_lines(marked)
        told = [text for text, _ in lines] == self.split("\n")
        return lines[line - 1][1] if told and 0 < line <= len(lines) else None


def templates() -> Path:
    """The folder of templates: inside an installed package, or at the top of a checkout."""
    packaged = PACKAGE / "_templates"
    return packaged if packaged.is_dir() else PACKAGE.parent / "templates"


@cache
def _environment(project: Path | None, marks: bool = False) -> Environment:
    folders = [templates()] if project is None else [project / "templates", templates()]
    environment = Environment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (no HTML is rendered; every value goes through a filter)
        extensions=[Marks] if marks else [],
    )
    environment.filters.update(
        nginx=nginx_quote,
        shell=shell_quote,
        unit=unit_value,
        command=unit_command,
        without=without_directives,
    )
    return environment


def render(name: str, project: Path | None = None, /, **values: Any) -> str:
    """Render a template; one of the same name below the project's `templates/` goes first.

    Raises RenderError with the template's file and line.
    """
    try:
        text = Rendered(_environment(project).get_template(name).render(**values))
    except FAULTS as error:
        raise RenderError(f"{_where(error, name)}: {_why(error)}") from error
    text.name, text.project, text.values = name, project, values
    return text


def faults(project: Path | None) -> list[str]:
    """The templates that are no Jinja, a `FILE:LINE: why` each, whether they are used or not."""
    environment, found = _environment(project), []
    for name in environment.list_templates(filter_func=lambda name: name.endswith(".j2")):
        try:
            environment.get_template(name)
        except (TemplateError, UnicodeDecodeError) as error:
            found.append(f"{_where(error, name)}: {_why(error)}")
    return found


def _where(error: Exception, name: str) -> str:
    """Jinja gives the frames of a template its own file and line."""
    if isinstance(error, TemplateSyntaxError):
        return f"{shown(Path(error.filename or name))}:{error.lineno}"
    place, trace = name, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(".j2"):
            place = f"{shown(Path(trace.tb_frame.f_code.co_filename))}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _why(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name}"
    return str(error) or type(error).__name__
