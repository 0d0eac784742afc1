"""Units of what never runs twice and of workers; what a new route is answered by meanwhile."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from render_stacks import bare, forms, secrets_of, swap
from systemd_reader import Systemd, settings_of

from higuera.render.files import File
from higuera.render.nginx import adoption
from higuera.render.units import slot_files
from higuera.spec.service import COLOURS, Colour, other
from higuera.spec.stack import Stack, route_slug


def slot(name: str, colour: Colour) -> dict[str, File]:
    """The files of a slot by the last part of their name, such as `proxy.service`."""
    files = slot_files(swap(), name, colour, secrets_of(swap()))
    prefix = f"/etc/systemd/system/ab-{name}-{colour}"
    return {file.path.removeprefix(prefix).lstrip("-."): file for file in files}


class TestExclusive:
    @pytest.mark.parametrize("name", ["backend", "jobs"])
    @pytest.mark.parametrize("colour", COLOURS)
    def test_the_other_ends_before_it_begins(self, name: str, colour: Colour) -> None:
        """systemd.unit(5): with an order between them, in either direction, the stop comes first.

        In both directions it would be a cycle when both are stopped.
        """
        text = slot(name, colour)["service"].text
        there = f"ab-{name}-{other(colour)}.service"
        assert settings_of(text, "Conflicts") == [there]
        assert (there in settings_of(text, "After")) == (colour == "green")

    @pytest.mark.parametrize("name", ["web", "mails"])
    def test_what_overlaps_conflicts_with_nothing(self, name: str) -> None:
        assert settings_of(slot(name, "blue")["service"].text, "Conflicts") == []

    @pytest.mark.parametrize("colour", COLOURS)
    def test_both_colours_have_one_port(self, colour: Colour) -> None:
        files = slot("backend", colour)
        assert '"PORT=3000"' in files["service"].text
        (carries,) = settings_of(files["proxy.service"].text, "ExecStart")
        assert carries.endswith(" 127.0.0.1:3000")

    def test_its_end_ends_its_proxy(self) -> None:
        """Or the old colour's proxy would carry to the new one, and be in the way after."""
        files = slot("backend", "blue")
        stop = "+/bin/systemctl --quiet --no-block stop ab-backend-blue-proxy.service"
        assert settings_of(files["service"].text, "ExecStopPost") == [stop]
        for name in ("web", "jobs"):
            assert settings_of(slot(name, "blue")["service"].text, "ExecStopPost") == []

    def test_a_request_starts_its_proxy_and_never_itself(self) -> None:
        proxy = slot("backend", "blue")["proxy.service"].text
        assert settings_of(proxy, "BindsTo") == []
        assert settings_of(proxy, "Requires") == ["ab-backend-blue.socket"]
        assert settings_of(proxy, "TimeoutStartSec") == ["infinity"]
        overlaps = slot("web", "blue")["proxy.service"].text
        assert settings_of(overlaps, "BindsTo") == ["ab-web-blue.service"]

    def test_stop_limit(self) -> None:
        limits = {"backend": "7", "web": "30", "jobs": "9", "mails": "30"}
        for name, limit in limits.items():
            text = slot(name, "green")["service"].text
            assert settings_of(text, "TimeoutStopSec") == [limit]


class TestGate:
    """What the proxy waits for, run for real."""

    @pytest.fixture
    def listener(self) -> Iterator[socket.socket]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server

    def waiting(self, gate: Path, port: int) -> "subprocess.Popen[bytes]":
        proxy = slot("backend", "green")["proxy.service"].text
        (line,) = settings_of(proxy, "ExecStartPre")
        shell, option, script = Systemd().command(line)
        assert script.count(swap().paths.gate("backend")) == 1
        moved = script.replace(swap().paths.gate("backend"), str(gate))
        return subprocess.Popen([shell, option, moved.replace("/3000'", f"/{port}'")])

    def test_open_and_somebody_listens(self, tmp_path: Path, listener: socket.socket) -> None:
        with self.waiting(tmp_path / "gate", listener.getsockname()[1]) as process:
            assert process.wait(30) == 0

    def test_closed(self, tmp_path: Path, listener: socket.socket) -> None:
        gate = tmp_path / "gate"
        gate.touch()
        with self.waiting(gate, listener.getsockname()[1]) as process:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.4)
            gate.unlink()
            assert process.wait(30) == 0

    def test_open_and_nobody_listens(self, tmp_path: Path, listener: socket.socket) -> None:
        port = listener.getsockname()[1]
        listener.close()
        with self.waiting(tmp_path / "gate", port) as process:
            try:
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(0.4)
            finally:
                process.kill()


class TestWorker:
    def test_has_one_unit_and_its_secrets(self) -> None:
        assert set(slot("jobs", "blue")) == {"service", "/etc/higuera/ab/jobs-blue.env"}
        assert len(slot("backend", "blue")) == 4

    def test_is_told_no_port(self) -> None:
        text = slot("jobs", "blue")["service"].text
        words = [
            w for line in settings_of(text, "Environment") for w in Systemd().environment(line)
        ]
        assert "QUEUE=mail" in words
        assert {word.partition("=")[0] for word in words} & {"PORT", "HOST", "HOSTNAME"} == set()
        assert settings_of(text, "User") == ["ab-jobs"]


class TestAdoption:
    """Run for real in a folder, before a plan has the routes that nginx learns of now."""

    def adopt(self, root: Path, stack: Stack) -> None:
        lines = f"set -eu\n{adoption(stack)}".replace("/srv/", f"{root}/srv/")
        subprocess.run(["sh", "-c", lines], check=True)

    def plan(self, root: Path, link: str, *routes: str) -> Path:
        """A plan that has these routes; `link` leads to it."""
        traffic = root / swap().paths.traffic.lstrip("/")
        plan = traffic / "plans" / f"of-{link}"
        for route in routes:
            (plan / route).mkdir(parents=True)
            (plan / route / "00.sock").symlink_to(f"/run/{link}-{route}.sock")
            (plan / route / "00.release").symlink_to(f"../slots/{link}-{route}")
        (traffic / link).symlink_to(f"plans/{plan.name}")
        return plan

    def answers(self, plan: Path) -> dict[str, str]:
        """The socket that each route of a plan leads to."""
        return {
            folder.name: (folder / "00.sock").readlink().stem for folder in sorted(plan.iterdir())
        }

    def test_a_new_route_gets_what_answers_it_so_far(self, tmp_path: Path) -> None:
        live = self.plan(tmp_path, "live", "root")
        previous = self.plan(tmp_path, "previous", "root", "api")
        self.adopt(tmp_path, swap())
        slugs = {route_slug(prefix) for prefix in swap().routes}
        assert self.answers(live) == dict.fromkeys(slugs, "live-root")
        assert self.answers(previous) == {
            "root": "previous-root",
            "api": "previous-api",
            "api-v2": "previous-api",
            "apis": "previous-root",
        }
        assert (live / "api-v2/00.release").readlink() == Path("../slots/live-root")

    def test_a_route_that_is_there_is_left_alone(self, tmp_path: Path) -> None:
        live = self.plan(tmp_path, "live", "root", "api", "api-v2", "apis")
        before = {path: path.lstat().st_ino for path in live.rglob("*")}
        self.adopt(tmp_path, swap())
        assert {path: path.lstat().st_ino for path in live.rglob("*")} == before

    def test_again_changes_nothing(self, tmp_path: Path) -> None:
        live = self.plan(tmp_path, "live", "root")
        self.adopt(tmp_path, swap())
        before = {path: path.lstat().st_ino for path in live.rglob("*")}
        self.adopt(tmp_path, swap())
        assert {path: path.lstat().st_ino for path in live.rglob("*")} == before

    def test_what_a_broken_run_left_does_no_harm(self, tmp_path: Path) -> None:
        live = self.plan(tmp_path, "live", "root")
        (live / ".new-api").mkdir()
        (live / ".new-api/00.sock").symlink_to("/run/nowhere.sock")
        self.adopt(tmp_path, swap())
        assert self.answers(live)["api"] == "live-root"
        assert not (live / "api/root").exists()

    def test_nothing_is_live(self, tmp_path: Path) -> None:
        self.adopt(tmp_path, swap())
        assert list(tmp_path.iterdir()) == []

    def test_one_route_needs_no_lines(self) -> None:
        assert adoption(bare()) == ""
        assert "adopt api root" in adoption(forms())
