"""A plan in words and in Markdown: everything that matters, in the order that is promised."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import BUSY, QUIET, plan
from published import faults

from higuera.plan.markdown import format_markdown
from higuera.plan.model import Plan, Verdict
from higuera.plan.text import format_lines, took


def test_nothing_to_do() -> None:
    assert "\n".join(format_lines(plan())) == (
        "plan for forms in production at vps.example.com, made 2026-11-23T10:15:00Z\n"
        "\n"
        "release: r1-ab12cd3 stays (source: ab12cd3)\n"
        "builds: none\n"
        "migrations: none is pending\n"
        "target database: as it should be: what it was last proven equal to\n"
        "files on the host: none changes\n"
        "service: web is left alone (nothing of it changes)\n"
        "host: left alone: nginx, sshd\n"
        "way back: open: nothing moves: it stays as it is\n"
        "last deploy: took 1 min 12 s\n"
        "\n"
        "nothing to do: forms in production (vps.example.com) is as it should be"
    )


def test_everything() -> None:
    assert "\n".join(format_lines(Plan.model_validate(BUSY)))[76:] == (
        "release: ff00ff0 would replace r1-ab12cd3\n"
        "  ff00ff0 Write `forms` | faster\n"
        "build and upload: web (its sources changed): built before on this machine, 3.0 MiB\n"
        "build and upload: backend (was never deployed): to be built, size not known yet\n"
        "build and upload: jobs (its sources changed): to be built, "
        "about 1.0 MiB (as the live release's)\n"
        "upload: Node 22.23.3 (not on the host yet): is on this machine, 38.0 MiB\n"
        "upload: Node 24.1.0 (not on the host yet): is downloaded to this machine first, "
        "size not known yet\n"
        "packages to install: curl, nginx\n"
        "folders to make: /srv/a\n"
        "folders to put right: /srv\n"
        "migration: 0002_name (contract, ana's)\n"
        "  way back: add it again\n"
        "  drizzle/0002_name.sql:3: squawk ban: not so\n"
        "target database: drifted: what it was last proven equal to\n"
        "  + table a  by hand\n"
        "nginx: /etc/nginx/nginx.conf (changes)\n"
        "  --- a\n"
        "  +++ b\n"
        "  -```\n"
        "  +````\n"
        "secret: /etc/higuera/forms/web-blue.env (changes, not shown)\n"
        "unit: /etc/systemd/system/forms-web-blue.service (new)\n"
        "  --- /dev/null\n"
        "  +++ c\n"
        "  +[Unit]\n"
        "  … 7 more lines (see them with: higuera render)\n"
        "service: web starts afresh beside what serves (its code changed)\n"
        "service: mailer stops, and starts afresh (its code changed)\n"
        "service: old is stopped (the stack has it no more)\n"
        "host: sshd reloads (its configuration changes)\n"
        "host: nginx starts (its configuration changes)\n"
        "host: left alone: journald, PostgreSQL\n"
        "way back: unknown: 0002_name (contract)\n"
        "last deploy: none is on record\n"
        "steps that change something: nginx, Build\n"
        "\n"
        "a deploy would change forms in production (vps.example.com)"
    )


@pytest.mark.parametrize(
    ("release", "first"),
    [
        (
            {"live": None, "live_commit": None, "commits": None},
            "release: the first one, of ff00ff0",
        ),
        ({"commits": None}, "  git cannot tell what lies between ab12cd3 and this"),
    ],
)
def test_releases(release: dict[str, object], first: str) -> None:
    given_release = {**BUSY["release"], **release}
    assert first in format_lines(Plan.model_validate({**BUSY, "release": given_release}))


def test_more_commits_than_are_listed() -> None:
    release = {**BUSY["release"], "has_more": True}
    lines = format_lines(Plan.model_validate({**BUSY, "release": release}))
    assert lines[lines.index("  ff00ff0 Write `forms` | faster") + 1] == "  … and older ones"


def test_a_warning() -> None:
    found = plan(warnings=["secrets that nothing uses: OLD (.env.production)"])
    assert "warning: secrets that nothing uses: OLD (.env.production)" in format_lines(found)
    assert "| warning | secrets that nothing uses: OLD (.env.production) |" in format_markdown(
        found
    )


def test_a_refusal() -> None:
    lines = format_lines(plan(verdict="refused", refusals=["it drifted\nbadly"]))
    assert lines[-3:] == [
        "refused: it drifted",
        "refused: badly",
        "a deploy to forms in production (vps.example.com) would be refused",
    ]


@pytest.mark.parametrize(("verdict", "status"), [("nothing", 0), ("changes", 2), ("refused", 1)])
def test_the_exit_status(verdict: Verdict, status: int) -> None:
    assert plan(verdict=verdict).status == status


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "none is on record"), (0.4, "took 0 s"), (59.6, "took 1 min 0 s")],
)
def test_took(seconds: float | None, said: str) -> None:
    assert took(seconds) == said


def test_every_new_file_has_its_path_and_its_lines() -> None:
    file = {"path": "/etc/a", "kind": "unit", "is_new": True, "diff": ["+b"]}
    assert format_lines(plan(files=[file] * 9)).count("unit: /etc/a (new)") == 9
    assert format_lines(plan(files=[file] * 9)).count("  +b") == 9


class TestMarkdown:
    def test_a_table_and_all_of_it_folded(self) -> None:
        text = format_markdown(Plan.model_validate(BUSY))
        assert text.startswith(
            "### 🟡 a deploy would change forms in production (vps.example.com)\n"
        )
        assert "| migrations | 0002\\_name (contract) |\n" in text
        assert "| builds | web, backend, jobs |\n" in text
        assert "| prepared on the host | 2 packages, 2 folders |\n" in text
        assert "| programs of the host | sshd reloads, nginx starts |\n" in text
        assert "\n`````diff\n" in text, "longer than any fence in it"

    def test_a_first_deploy_still_fits_a_comment(self) -> None:
        """New files by their paths then; what changes keeps its diff."""
        new = {"path": "/etc/a", "kind": "unit", "is_new": True, "diff": ["+" * 99] * 30}
        other = {"path": "/etc/b", "kind": "unit", "is_new": False, "diff": ["-kept"]}
        text = format_markdown(plan(files=[*([new] * 50), other]))
        assert len(text) < 65_536
        assert text.count("unit: /etc/a (new)\n  … 30 more lines") == 50
        assert "  -kept\n" in text

    def test_what_no_comment_holds_is_cut_and_told(self) -> None:
        emptied = {"path": "/etc/a", "kind": "tool", "is_new": False, "diff": ["+" * 99] * 900}
        text = format_markdown(plan(files=[emptied]))
        assert len(text) < 65_536
        assert re.search(r"\n\d+ more lines: higuera plan shows them\n```\n", text)

    @given(st.text())
    def test_no_text_breaks_out(self, wild: str) -> None:
        """A cell stays one cell, a code block ends where it should."""
        release = {**BUSY["release"], "commits": [{"id": "a", "subject": wild}], "live": wild}
        text = format_markdown(Plan.model_validate({**BUSY, "release": release}))
        lines = text.split("\n")
        table = [
            line
            for line in lines[
                : lines.index("<details><summary>Everything that would change</summary>")
            ]
            if line.startswith("|")
        ]
        assert len(table) == 12
        for row in table[2:]:
            assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 3
        fence = next(line for line in lines if line.endswith("`diff")).removesuffix("diff")
        assert lines.count(fence) == 1


@pytest.mark.parametrize("given_plan", [QUIET, BUSY])
def test_what_is_written_fits_the_schema(given_plan: dict[str, object]) -> None:
    written = json.loads(Plan.model_validate(given_plan).model_dump_json())
    assert faults("plan", written) == []
    assert faults("plan", {**written, "verdict": "maybe"}) != []


def test_the_texts_hold_no_basis() -> None:
    """Digests are for programs."""
    shown = "\n".join(format_lines(Plan.model_validate(QUIET)))
    assert "0123456789abcdef" not in shown
