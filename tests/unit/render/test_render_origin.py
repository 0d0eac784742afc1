"""Each line of a rendered text is traced to the line of a template that it was made from."""

from pathlib import Path

import pytest
from render_stacks import ENVIRONMENT, STACKS, secrets_of

from higuera.errors import RenderError
from higuera.render.nginx import nginx_files
from higuera.render.template import Rendered, faults, render, templates
from higuera.render.units import boot_file, slot_files, tool_file


@pytest.mark.parametrize("name", STACKS)
def test_every_line_has_its_template_s(name: str) -> None:
    stack = STACKS[name]()
    service = next(iter(stack.services))
    files = [
        *nginx_files(stack, ENVIRONMENT),
        *slot_files(stack, service, "blue", secrets_of(stack))[:-1],
        boot_file(stack),
        tool_file(stack, ENVIRONMENT),
    ]
    for file in files:
        lines = file.text.splitlines()
        assert isinstance(file.text, Rendered)
        told = 0
        for number in {1, 2, len(lines) // 3, len(lines) // 2, len(lines) - 1, len(lines)}:
            origin = file.text.origin(number)
            assert origin is not None
            line = Path(origin.file).read_text().splitlines()[origin.line - 1]
            if "{" not in line:  # a plain line of the template is the rendered one
                assert line == lines[number - 1], (file.path, number, origin)
                told += 1
        assert told
    assert files[0].text.origin(10**6) is None  # type: ignore[attr-defined]


def test_through_loops_macros_and_includes(tmp_path: Path) -> None:
    own = tmp_path / "templates"
    own.mkdir()
    (own / "inner.j2").write_text("in {{ x }}\nside\n")
    (own / "outer.j2").write_text(
        "{% macro m() %}\nma\ncro\n{% endmacro %}\n{% for i in [1, 2] %}\nn {{ i }}\n{% endfor %}\n"
        '{{ m() }}\n{% include "inner.j2" %}\n{# no\ntext #}\nend\n'
    )
    text = render("outer.j2", tmp_path, x="a")
    assert isinstance(text, Rendered)
    origins = [text.origin(number + 1) for number in range(text.count("\n"))]
    found = [(Path(each.file).name, each.line) for each in origins if each]
    assert text.splitlines() == ["n 1", "n 2", "ma", "cro", "", "in a", "side", "end"]
    outer = [("outer.j2", line) for line in (6, 6, 2, 3, 8)]
    inner = [("inner.j2", 1), ("inner.j2", 2)]
    assert found == [*outer, *inner, ("outer.j2", 12)]


def test_a_text_that_the_marks_change_is_not_traced(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/a.j2").write_text("{% set x %}a\nb{% endset %}\n{{ x | length }}\n")
    text = render("a.j2", tmp_path)
    assert isinstance(text, Rendered)
    assert (text, text.origin(1)) == ("3\n", None)


def test_all_templates_are_jinja() -> None:
    assert faults(None) == []
    assert len(list(templates().rglob("*.j2"))) > 15


def test_a_template_that_is_not_there() -> None:
    with pytest.raises(RenderError, match=r"^gone.j2: there is no template gone.j2$"):
        render("gone.j2")
