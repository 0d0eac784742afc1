"""The gate as one story on one VPS: expand, code alone, contract, no way back, restore."""

import json
import re
import subprocess

import pytest
from aftermath import refused
from harness import HIGUERA, Project
from migrations import (
    SCHEMA,
    applied,
    dumps,
    migration,
    next_code,
    schema,
    serves,
    signed_in,
    sql,
    untouched,
    write_form,
)

# One story on one VPS: all of it runs on one worker, in order.
pytestmark = pytest.mark.xdist_group("gate")

# What a rehearsal and a trial could leave: units, files, databases.
NOTHING_LEFT = """
systemctl list-units --all --plain --no-legend '*trial*.s[eo]*' '*scratch*.s[eo]*'
find /run/systemd/system /run/higuera /srv/forms/slots -name '*trial*' -o -name '*scratch*'
find /etc/higuera -name '*trial*'
cd / && runuser -u postgres -- psql -Atc "select datname from pg_database where not datistemplate"
"""


def manifest(project: Project) -> dict[str, object]:
    """What the live release keeps of its schema."""
    found = json.loads(project.shell("cat /srv/forms/traffic/live/release/manifest.json"))
    kept: dict[str, object] = found["database"]
    return kept


def rollback(project: Project, *flags: str) -> subprocess.CompletedProcess[str]:
    """The on-call command."""
    done = project.run(HIGUERA, "rollback", *flags)
    assert "Traceback" not in done.stderr
    return done


def test_1_an_expand_migration(forms_story: Project) -> None:
    """The live release is tried on the new schema, the target is dumped, both are recorded."""
    was = manifest(forms_story)
    before = dumps(forms_story)
    migration(
        forms_story,
        "0002_notes",
        'ALTER TABLE "forms" ADD COLUMN "note" text;--> statement-breakpoint\n'
        'CREATE TABLE "drafts" ("id" integer PRIMARY KEY NOT NULL);',
    )
    next_code(forms_story, "ok", "two")
    printed = forms_story.deployed()
    assert "passes its smoke checks on the new schema: a way back" in printed
    assert "a dump first, then 1 pending: 0002_notes" in printed
    assert serves(forms_story, "two")
    now = manifest(forms_story)
    assert dumps(forms_story) == [now["backup"], *before]
    assert str(now["backup"]).endswith(f"-before-{live(forms_story)}")
    assert now["fingerprint"] != was["fingerprint"]
    assert list(dict(now["migrations"])) == [  # type: ignore[call-overload]
        "0000_accounts_and_forms",
        "0001_form_slugs",
        "0002_notes",
    ]
    assert applied(forms_story) == 3
    assert forms_story.shell(NOTHING_LEFT).split() == ["postgres", "forms"]
    assert forms_story.plan() == []
    listed = forms_story.run(HIGUERA, "db", "catalog")
    assert listed.returncode == 0, listed.stderr
    assert "public.forms.note: no purpose" in listed.stdout
    assert "public.drafts: no owner" in listed.stdout and "; 0 stale" in listed.stdout
    dry = rollback(forms_story, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "fits, with these differences in the schema:" in dry.stderr
    assert "column public.forms.note is new" in dry.stderr


def live(project: Project) -> str:
    """The id of the release that serves."""
    return project.shell("basename $(readlink -f /srv/forms/traffic/live/release)")


def test_2_code_alone_needs_no_dump(forms_story: Project) -> None:
    """No migration is new: no rehearsal, no dump; the way back is of the same schema."""
    before = untouched(forms_story)
    next_code(forms_story, "two", "three")
    printed = forms_story.deployed()
    assert "no migration is new" in printed
    assert "no migration is pending: no dump, no run" in printed
    assert untouched(forms_story) == before
    assert manifest(forms_story)["backup"] == ""
    done = rollback(forms_story, "--yes")
    assert done.returncode == 0, done.stderr
    assert "fits: the schema is what it was proven on" in done.stderr
    assert serves(forms_story, "two")


def test_3_a_contract_the_live_code_cannot_live_on(forms_story: Project) -> None:
    """Refused before the target is touched, and the rehearsal leaves nothing."""
    with signed_in(forms_story) as http:
        write_form(http, "From before")
    before = untouched(forms_story)
    migration(forms_story, "0003_name", 'ALTER TABLE "forms" RENAME COLUMN "title" TO "name";')
    forms_story.edit(SCHEMA, "text('title')", "text('name')")
    next_code(forms_story, "three", "four")
    printed = refused(
        forms_story,
        "which serves, cannot live on the new schema",
        "column public.forms.title is gone",
        "higuera deploy --no-way-back",
    )
    assert "Starting operation: Migrate" not in printed
    assert untouched(forms_story) == before
    assert forms_story.shell(NOTHING_LEFT).split() == ["postgres", "forms"]
    assert serves(forms_story, "two")


def test_4_with_no_way_back_it_goes_through(forms_story: Project) -> None:
    """Asked for, it is done; then a rollback says why it cannot be, and what can."""
    done = forms_story.run(HIGUERA, "deploy", "--yes", "--no-way-back")
    assert done.returncode == 0, done.stderr
    assert "there is no way back from here, as was asked for" in done.stdout
    assert serves(forms_story, "four")
    with signed_in(forms_story) as http:
        write_form(http, "From after")
    kept = str(manifest(forms_story)["backup"])
    done = rollback(forms_story, "--yes")
    assert done.returncode == 1
    for words in (
        "does not fit the schema of now",
        "column public.forms.title is gone",
        "column public.forms.name is new and required",
        "Fix forward",
        f"higuera db restore {kept}",
        "--force",
    ):
        assert words in done.stderr, done.stderr
    told = forms_story.shell("higuera-forms rollback 2>&1; echo $?", check=False)
    assert "does not fit the schema of now; nothing was rolled back" in told
    assert "column public.forms.title is gone" in told and told.endswith("1")
    assert serves(forms_story, "four")
    # Forced, it is tried, and does not hold: nothing may serve that fails its checks.
    done = rollback(forms_story, "--yes", "--force")
    assert done.returncode == 1, done.stderr
    assert "the rollback did not happen" in done.stderr
    assert serves(forms_story, "four")


def test_5_a_restore_brings_schema_and_rows_back(forms_story: Project) -> None:
    """It says what is lost, asks, dumps today first; then the old release fits again."""
    kept = str(manifest(forms_story)["backup"])
    listed = forms_story.run(HIGUERA, "db", "backups")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == dumps(forms_story)
    before = untouched(forms_story)
    for answer in ("n\n", ""):
        done = forms_story.run(HIGUERA, "db", "restore", kept, answer=answer)
        assert done.returncode == 1, done.stdout + done.stderr
        assert re.search(r"^  public.forms: [1-9]\d* inserted, ", done.stdout, re.MULTILINE)
    assert untouched(forms_story) == before
    done = forms_story.run(HIGUERA, "db", "restore", kept, answer="y\n")
    assert done.returncode == 0, done.stderr
    newest = dumps(forms_story)[0]
    assert newest.endswith("-before-restore")
    assert f"today's database is kept as {newest}" in done.stdout
    titles = sql(forms_story, "select title from forms").splitlines()
    assert "From before" in titles and "From after" not in titles
    assert applied(forms_story) == 3
    done = rollback(forms_story, "--yes")
    assert done.returncode == 0, done.stderr
    assert serves(forms_story, "two")
    assert forms_story.run(HIGUERA, "drift").returncode == 0
    with signed_in(forms_story) as http:
        listed_now = [form["title"] for form in http.get("/api/forms").json()["forms"]]
    assert sorted(listed_now) == sorted(titles)


def test_6_a_restore_is_one_transaction(forms_story: Project) -> None:
    """A dump that cannot be restored as a whole changes nothing."""
    broken = dumps(forms_story)[0]
    sql(forms_story, "create view titles as select title from forms")
    before = schema(forms_story)
    forms_story.shell(
        f"cd /var/lib/higuera/forms/backups && size=$(stat -c %s {broken}.dump) && "
        f"truncate -s $((size - 200)) {broken}.dump"
    )
    done = forms_story.run(HIGUERA, "db", "restore", broken, "--yes")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "nothing was changed" in done.stderr
    assert schema(forms_story) == before
    sql(forms_story, "drop view titles")
    for wrong in ("nothing-of-the-kind", "../journal"):
        done = forms_story.run(HIGUERA, "db", "restore", wrong, "--yes")
        assert done.returncode == 1 and f"there is no backup {wrong}" in done.stderr.replace(
            "'", ""
        )


def test_7_what_no_code_uses_may_go(forms_story: Project) -> None:
    """Its loss does not fit by name; the checks pass all the same, and `--force` goes back."""
    project = forms_story
    old = (project.folder / SCHEMA).read_text()
    (project.folder / SCHEMA).write_text(old.replace("text('name')", "text('title')"))
    migration_file = project.folder / "examples/forms/apps/backend/drizzle/0003_name.sql"
    migration_file.write_text('DROP TABLE "drafts";\n')
    project.edit("inventory/stack.yml", "# keep_backups: 5", "keep_backups: 2")
    printed = project.deployed()
    assert "its smoke checks pass there all the same: nothing that they use is gone" in printed
    assert serves(project, "four")
    assert len(dumps(project)) == 2
    assert dumps(project)[0] == manifest(project)["backup"]
    done = rollback(project, "--yes")
    assert done.returncode == 1
    assert "table public.drafts is gone" in done.stderr
    done = rollback(project, "--yes", "--force")
    assert done.returncode == 0, done.stderr
    assert serves(project, "two")
