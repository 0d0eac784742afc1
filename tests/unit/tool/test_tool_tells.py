"""status --json, journal and lock: what the tool tells, to people and to programs."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from published import faults
from tool_host import SERVICES, History, ToolHost, history_of

from higuera.operations import lock

HELD = "held by ana@laptop since 2026-11-23T10:15:00Z for: release r3 (process {})"
OWNER = {"actor": "ana@laptop", "since": "2026-11-23T10:15:00Z", "what": 'release "r3"'}
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.getbasetemp())


@pytest.fixture
def twice(history: History) -> ToolHost:
    return history.after(2)


def status(host: ToolHost) -> dict[str, Any]:
    text = host.run("status", "--json")
    found: dict[str, Any] = json.loads(text)
    assert faults("status", found) == []
    return found


@contextmanager
def locked(host: ToolHost) -> Iterator[subprocess.Popen[str]]:
    """A deploy holds the lock, as it does on a host."""
    holder = subprocess.Popen(
        ["sh", "-c", host.moved(lock.script("forms", OWNER))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with holder:  # closes its standard input in the end, which frees the lock
        assert holder.stdout is not None
        assert holder.stdout.readline().startswith("held ")
        yield holder


class TestStatusJson:
    def test_nothing_is_live(self, history: History) -> None:
        assert status(history.after(0)) == {
            "app": "forms",
            "live": None,
            "previous": None,
            "nginx": "active enabled",
            "services": {},
            "armed": None,
            "certificate": None,
            "lock": None,
            "incident": "",
            "notice": "",
        }

    def test_the_first(self, history: History) -> None:
        found = status(history.after(1))
        assert found["live"] | {"since": ""} == {"plan": "0001", "release": "r1", "since": ""}
        assert found["previous"] is None

    def test_what_serves_and_what_stands_by(self, twice: ToolHost) -> None:
        found = status(twice)
        assert re.fullmatch(STAMP, found["live"].pop("since"))
        assert found["live"] == {"plan": "0002", "release": "r2"}
        assert found["previous"] == {"plan": "0001", "release": "r1"}
        assert (found["armed"], found["lock"]) == (None, None)
        assert found["services"] == {
            name: {
                "slot": f"{name}-green",
                "colour": "green",
                "state": "active",
                "health": "healthy",
            }
            for name in SERVICES
        }

    def test_armed(self, twice: ToolHost) -> None:
        twice.switch_armed("0001")
        assert status(twice)["armed"] == {"back_to": "0002"}
        line = "armed     goes back to plan 0002 unless somebody confirms"
        assert line in twice.run("status").splitlines()
        twice.run("deadman")
        assert (status(twice)["armed"], status(twice)["previous"]) == (None, None)

    def test_locked(self, twice: ToolHost) -> None:
        with locked(twice) as holder:
            assert status(twice)["lock"] == {**OWNER, "pid": str(holder.pid)}
            assert f"locked    {HELD.format(holder.pid)}" in twice.run("status")
        assert status(twice)["lock"] is None

    def test_all_at_once(self, twice: ToolHost) -> None:
        incidents = twice.root / "var/lib/higuera/forms/incidents"
        incidents.mkdir()
        for day in ("20261122", "20261123"):
            (incidents / f"INCIDENT-{day}.md").touch()
        twice.fail("curl", "")
        with locked(twice):
            twice.switch_armed("0001")
            found = status(twice) if twice.try_to("status", "--json").stderr == "" else {}
        assert found["armed"] == {"back_to": "0002"}
        assert found["lock"]["actor"] == "ana@laptop"
        assert found["incident"] == str(incidents / "INCIDENT-20261123.md")
        assert {service["health"] for service in found["services"].values()} == {"unhealthy"}

    def test_a_unit_that_is_down(self, twice: ToolHost) -> None:
        twice.fail("systemctl-is-active", "")
        assert {service["state"] for service in status(twice)["services"].values()} == {""}

    @pytest.mark.parametrize(
        ("is_active", "is_enabled", "told"),
        [
            ("active", "enabled", ""),
            ("reloading", "enabled", ""),
            ("inactive", "enabled", "does not run, so nobody is answered: it is inactive enabled"),
            ("inactive", "masked", "(systemctl unmask nginx; systemctl enable --now nginx)"),
            ("active", "disabled", "runs, and will not after a reboot: it is active disabled"),
        ],
    )
    def test_nginx(self, twice: ToolHost, is_active: str, is_enabled: str, told: str) -> None:
        says = f"is-active*) echo {is_active}; exit ;; is-enabled*) echo {is_enabled}; exit ;;"
        twice.hook(f'case "$*" in *nginx.service) case "$*" in {says} esac ;; esac')
        assert status(twice)["nginx"] == f"{is_active} {is_enabled}"
        lines = [line for line in twice.run("status").splitlines() if line.startswith("nginx ")]
        assert len(lines) == (told != "")
        assert told in "".join(lines)

    def test_changes_nothing(self, twice: ToolHost) -> None:
        before, journal = twice.tree(), twice.journal()
        status(twice)
        assert (twice.tree(), twice.journal()) == (before, journal)


class TestJournal:
    def test_a_line_a_step(self, twice: ToolHost) -> None:
        found = twice.journal()
        assert [(line["step"], line["result"], line["release"]) for line in found] == [
            ("switch", "ok", "r1"),
            ("confirm", "ok", "r1"),
            ("switch", "ok", "r2"),
            ("confirm", "ok", "r2"),
        ]
        assert found[2]["detail"] == "plan 0001 to 0002"
        assert all(re.fullmatch(STAMP, line[key]) for line in found for key in ("start", "end"))

    @pytest.mark.parametrize(
        "actor",
        [
            'ana "the boss"',
            "ana\\laptop\\",
            "two\nlines\n\n",
            "".join(map(chr, range(1, 128))),
            "María José — 東京 🚀",
            "%s %d $(touch canary) `id` 'x'",
            '", "result": "forged',
            b"caf\xe9 \xff\xfe \xc3".decode(errors="surrogateescape"),
            "x" * 3000,
        ],
    )
    def test_is_json_whoever_acts(self, twice: ToolHost, actor: str) -> None:
        count = len(twice.journal())
        done = twice.try_to("switch", "0001", HIGUERA_ACTOR=actor)
        assert (done.returncode, done.stderr) == (0, "")
        lines = twice.journal()
        assert len(lines) == count + 1
        assert (lines[-1]["step"], lines[-1]["result"]) == ("switch", "ok")
        told = re.sub(r"[\x00-\x1f]", " ", re.sub(r'[\\"\udc80-\udcff]', "", actor))
        assert lines[-1]["actor"].strip() == told.strip()

    def test_who_called_sudo(self, twice: ToolHost) -> None:
        twice.try_to("switch", "0001", SUDO_USER="ana", HIGUERA_ACTOR="")
        assert twice.journal()[-1]["actor"].startswith("ana@")

    def test_the_last_lines(self, twice: ToolHost) -> None:
        assert len(twice.run("journal").splitlines()) == 4
        (line,) = twice.run("journal", "1").splitlines()
        assert json.loads(line)["step"] == "confirm"

    def test_nothing_was_journalled(self, history: History) -> None:
        assert history.after(0).run("journal") == ""


class TestLock:
    @pytest.mark.parametrize("verb", ["status", "release"])
    def test_nobody_has_it(self, twice: ToolHost, verb: str) -> None:
        assert twice.run("lock", verb) == "nobody holds the lock"
        with locked(twice):
            pass
        assert twice.run("lock", verb) == "nobody holds the lock"

    def test_who_has_it(self, twice: ToolHost) -> None:
        with locked(twice) as holder:
            assert twice.run("lock", "status") == HELD.format(holder.pid)

    def test_a_rollback_by_hand_takes_no_turn_with_a_deploy(self, twice: ToolHost) -> None:
        before = twice.tree()
        with locked(twice) as holder:
            done = twice.try_to("rollback")
            owner = {**OWNER, "pid": str(holder.pid)}
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith("higuera-forms: locked: ")
            assert json.loads(done.stderr.removeprefix("higuera-forms: locked: ")) == owner
            assert status(twice)["lock"] == owner
        assert twice.tree() == before
        assert twice.try_to("rollback").returncode == 0

    def test_a_rollback_by_hand_has_it_to_its_end(self, twice: ToolHost) -> None:
        lock_file = twice.root / "run/higuera/forms.lock"
        seen = twice.root / "seen"
        asked = f"flock --nonblock {lock_file} true && echo free || cat {lock_file}.owner"
        (twice.stubs / "curl-hook").write_text(f"({asked}) >>{seen}")
        twice.try_to("rollback", "r1", HIGUERA_ACTOR="ana@laptop")
        owners = [json.loads(line) for line in seen.read_text().splitlines()]
        assert {(one["actor"], one["what"]) for one in owners} == {
            ("ana@laptop", "rollback to r1 by hand")
        }
        assert twice.run("lock", "status") == "nobody holds the lock"
        assert not lock_file.with_name("forms.lock.owner").exists()

    def test_an_owner_whose_lock_is_free_is_nobody(self, twice: ToolHost) -> None:
        with locked(twice) as holder:
            holder.kill()
            holder.wait()
            # A child that was forked right then lets go of it in its next step.
            lock_file = twice.root / "run/higuera/forms.lock"
            subprocess.run(["flock", "--shared", lock_file, "true"], check=True, timeout=20)
            assert lock_file.with_name("forms.lock.owner").exists()
            assert twice.run("lock", "release") == "nobody holds the lock"

    def test_release_ends_the_recorded_process_alone(self, twice: ToolHost) -> None:
        with subprocess.Popen(["sleep", "60"]) as bystander, locked(twice) as holder:
            try:
                done = twice.run("lock", "release").splitlines()
                assert done[-1] == f"released: process {holder.pid} was ended"
                assert holder.wait(timeout=10) == -signal.SIGTERM
                assert bystander.poll() is None
                assert twice.run("lock", "status") == "nobody holds the lock"
                with locked(twice):
                    assert status(twice)["lock"]["actor"] == "ana@laptop"
            finally:
                bystander.kill()
        (line,) = [line for line in twice.journal() if line["step"] == "lock"]
        assert line["detail"] == f"released by force: process {holder.pid}"

    @pytest.mark.parametrize(
        "owner", ["{}", '{"pid": ""}', '{"pid": "x"}', '{"what": "\\"pid\\": \\"1\\""}']
    )
    def test_release_of_an_unknown_process_ends_none(self, twice: ToolHost, owner: str) -> None:
        with locked(twice) as holder:
            (twice.root / "run/higuera/forms.lock.owner").write_text(owner)
            done = twice.try_to("lock", "release")
            assert (done.returncode, done.stderr) == (
                1,
                "higuera-forms: its process is not known\n",
            )
            assert holder.poll() is None
