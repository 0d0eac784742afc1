"""How a value is written in each language that a template speaks. Pure; tested with wild input."""

import shlex
from collections.abc import Sequence


def shell_quote(value: object) -> str:
    """One POSIX shell word."""
    return shlex.quote(str(value))


def nginx_quote(value: object) -> str:
    """One double-quoted nginx string. `$` is left to mean a variable: only trusted text has it."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def unit_value(value: object) -> str:
    r"""One double-quoted word of a systemd unit, such as in `Environment=`.

    systemd.syntax(7): C escapes inside quotes; `%` starts a specifier and is doubled.
    """
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    for char, written in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(char, written)
    return f'"{text}"'


def unit_command(value: object) -> str:
    """One double-quoted word of `ExecStart=`, where `$` too is doubled (systemd.service(5))."""
    return unit_value(str(value).replace("$", "$$"))


def without_directives(text: str, names: Sequence[str]) -> str:
    """A piece of a unit without the lines that set these directives."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line.partition("=")[0] not in names)


def env_file(values: dict[str, str]) -> str:
    r"""A systemd `EnvironmentFile=`, a variable a line, always double-quoted.

    Inside double quotes systemd takes a backslash before `"`, `\`, backquote and `$` (env-file.c).
    """
    return "".join(f'{name}="{_escape(value)}"\n' for name, value in sorted(values.items()))


def _escape(value: str) -> str:
    return "".join(f"\\{char}" if char in '"\\`$' else char for char in value)
