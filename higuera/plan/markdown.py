"""A plan as the body of a comment, in GitHub's Markdown. Pure."""

from collections import Counter
from collections.abc import Iterator

from higuera.plan.model import Plan
from higuera.plan.text import format_lines, headline, took

# Characters of the folded part: GitHub takes comments of 65,536.
LONGEST = 60_000
MARKS = {"nothing": "✅", "changes": "🟡", "refused": "🔴"}


def format_markdown(plan: Plan) -> str:
    """A headline, a table of what matters, and everything else to be unfolded."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield f"### {MARKS[plan.verdict]} {_inline(headline(plan))}"
    yield ""
    for refusal in plan.refusals:
        yield from _fenced("text", refusal.splitlines())
    yield "| | |"
    yield "|---|---|"
    for name, value in _rows(plan):
        yield f"| {name} | {_inline(value)} |"
    yield ""
    yield "<details><summary>Everything that would change</summary>"
    yield ""
    yield from _fenced("diff", _all(plan))
    yield "</details>"


def _rows(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "release", f"{plan.release.live or 'none'} → {plan.release.commit}"
    yield "builds", ", ".join(build.service for build in plan.builds) or "none"
    if plan.target is not None:
        pending = plan.target.pending
        names = [f"{found.name} ({found.kind or 'not read'})" for found in pending or []]
        yield "migrations", "not known" if pending is None else ", ".join(names) or "none"
        yield "schema of the target", plan.target.state
    moved = [service.name for service in plan.services if service.restarts]
    yield "services that move", ", ".join(moved) or "none"
    touched = [f"{each.name} {each.does}" for each in plan.programs if each.does != "stays"]
    yield "programs of the host", ", ".join(touched) or "are left alone"
    yield "files that change", str(len(plan.files))
    prepared = Counter(each.kind for each in plan.preparations)
    told = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in prepared.items()]
    yield "prepared on the host", ", ".join(told) or "nothing"
    yield "way back", f"{plan.way_back.state}: {plan.way_back.why}"
    yield "last deploy", took(plan.last_seconds)
    for warning in plan.warnings:
        yield "warning", warning


def _all(plan: Plan) -> list[str]:
    """Every line; where that is more than a comment holds, new files by their paths, then a cut."""
    lines = format_lines(plan)
    if sum(map(len, lines)) + len(lines) <= LONGEST:
        return lines
    files = [
        file.model_copy(update={"diff": [], "left_out": len(file.diff) + file.left_out})
        if file.is_new
        else file
        for file in plan.files
    ]
    lines, kept, room = format_lines(plan.model_copy(update={"files": files})), 0, LONGEST
    while kept < len(lines) and len(lines[kept]) < room:
        room -= len(lines[kept]) + 1
        kept += 1
    left = len(lines) - kept
    return [*lines[:kept], *([f"{left} more lines: higuera plan shows them"] if left else [])]


def _fenced(language: str, lines: list[str]) -> Iterator[str]:
    """A code block that no line of it can end."""
    longest = max((len(run) for line in lines for run in _runs(line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from lines
    yield fence
    yield ""


def _runs(line: str) -> list[str]:
    return ["`" * count for count in range(len(line), 0, -1) if "`" * count in line][:1]


def _inline(text: str) -> str:
    """Text in a cell: one line, and no markup of its own."""
    flat = " ".join(text.split()).replace("\\", "\\\\")
    for char in "|`*_<>[]":
        flat = flat.replace(char, f"\\{char}")
    return flat
