"""prepare, start, stop and job: what may be touched beside the live release, and what not."""

from pathlib import Path

import pytest
from tool_host import SERVICES, History, ToolHost, forms_stack, history_of

from higuera.spec.stack import Stack

HALT = [
    "systemctl stop forms-web-green.socket forms-web-green-proxy.service forms-web-green.service",
    "systemctl start forms-web-green.socket",
]


@pytest.fixture
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.getbasetemp())


@pytest.fixture
def host(history: History) -> ToolHost:
    """r1 is live on blue, r2 is uploaded."""
    host = history.after(1)
    host.release("r2")
    return host


class TestPrepare:
    def test_points_the_slot_at_the_release(self, host: ToolHost) -> None:
        host.run("prepare", "web", "green", "r2")
        assert (host.slots / "web-green").readlink() == Path("../releases/r2/web")
        assert (host.slots / "web-green.env").read_text() == 'RELEASE="r2"\n'
        assert (host.slots / "web-green/version").read_text() == "web r2"

    def test_stops_it_first_and_lets_its_socket_listen(self, host: ToolHost) -> None:
        host.run("prepare", "web", "green", "r2")
        calls = [call.replace("--quiet ", "") for call in host.calls()]
        assert calls == [
            "systemctl daemon-reload",
            *HALT,
            "systemctl enable forms-web-green.socket",
            "systemctl restart forms-web-green.socket",
        ]

    def test_again_is_the_same(self, host: ToolHost) -> None:
        host.run("prepare", "web", "green", "r2")
        before = host.tree()
        host.run("prepare", "web", "green", "r2")
        assert host.tree() == before

    def test_a_slot_that_does_not_stop_is_not_changed(self, host: ToolHost) -> None:
        host.run("prepare", "web", "green", "r1")
        before = host.tree()
        host.fail("systemctl-stop", "timeout\n")
        assert host.try_to("prepare", "web", "green", "r2").returncode == 1
        assert host.tree() == before


REFUSED = [
    (["prepare", "web", "blue", "r2"], "web-blue is serving; move traffic off it first"),
    (["start", "web", "blue"], "web-blue is serving; move traffic off it first"),
    (["stop", "web", "blue"], "web-blue is serving; move traffic off it first"),
    (["stop", "backend", "blue"], "backend-blue is serving; move traffic off it first"),
    (["prepare", "web", "red", "r2"], "there is no slot red of a service web"),
    (["prepare", "mail", "green", "r2"], "there is no slot green of a service mail"),
    (["prepare", "web", "green", "r9"], "release r9 has no web"),
    (["prepare", "web", "green", ""], "release  has no web"),
    (["start", "mail", "green"], "there is no slot green of a service mail"),
    (["stop", "web", ""], "there is no slot  of a service web"),
    (["stop", "", "blue"], "there is no slot blue of a service "),
]


@pytest.mark.parametrize(("words", "sentence"), REFUSED)
def test_refused_with_a_sentence_and_nothing_changed(
    host: ToolHost, words: list[str], sentence: str
) -> None:
    before = host.tree()
    done = host.try_to(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"higuera-forms: {sentence}\n"
    assert (host.tree(), host.calls()) == (before, [])


def test_a_live_slot_has_one_name(tmp_path: Path) -> None:
    data = forms_stack().model_dump()
    data["services"]["web-app"] = data["services"].pop("web")
    data["routes"]["/"] = "web-app"
    host = ToolHost.make(tmp_path, Stack.model_validate(data))
    host.deploy("r1", "blue")
    assert host.try_to("stop", "web-app", "blue").returncode == 1
    host.calls()
    done = host.try_to("stop", "web", "app-blue")
    sentence = "there is no slot app-blue of a service web"
    assert (done.returncode, done.stderr) == (1, f"higuera-forms: {sentence}\n")
    assert host.calls() == []


class TestStart:
    def test_healthy(self, host: ToolHost) -> None:
        host.run("prepare", "backend", "green", "r2")
        host.calls()
        assert host.run("start", "backend", "green") == "backend-green is healthy"
        asked = [call.split()[-1] for call in host.calls() if call.startswith("curl")]
        assert asked == ["http://127.0.0.1:3101/api/health", "http://localhost/api/health"]

    @pytest.mark.parametrize(
        ("show", "why"),
        [
            ("ActiveState=failed\nNRestarts=0\n", "it exited"),
            ("ActiveState=inactive\nNRestarts=0\n", "it exited"),
            ("ActiveState=activating\nSubState=auto-restart\nNRestarts=0\n", "it exited"),
            ("ActiveState=active\nNRestarts=3\n", "it exited and was restarted"),
        ],
    )
    def test_a_candidate_that_dies_is_stopped(self, host: ToolHost, show: str, why: str) -> None:
        host.run("prepare", "web", "green", "r2")
        (host.stubs / "show").write_text(show)
        host.fail("curl")
        host.calls()
        done = host.try_to("start", "web", "green")
        assert done.returncode == 1
        assert done.stderr.startswith(f"forms-web-green did not become healthy: {why}\n")
        calls = [call.replace("--quiet ", "") for call in host.calls()]
        assert calls[-2:] == HALT
        assert host.live == "0001"

    def test_the_last_lines_of_a_long_log(self, host: ToolHost) -> None:
        """Of what it said since its start; with --lines, systemd 252 prints the first of these."""
        host.stub("journalctl", 'case "$*" in *--lines*) seq 25 ;; *--since*) seq 40 ;; esac')
        host.run("prepare", "web", "green", "r2")
        (host.stubs / "show").write_text("ActiveState=failed\nNRestarts=0\n")
        host.fail("curl")
        told = host.try_to("start", "web", "green").stderr.splitlines()
        last = told.index("the last lines of its log:")
        assert told[last + 1 :] == [str(number) for number in range(16, 41)]

    def test_one_that_answers_and_was_restarted_is_not_healthy(self, host: ToolHost) -> None:
        host.run("prepare", "web", "green", "r2")
        (host.stubs / "show").write_text("ActiveState=active\nNRestarts=1\n")
        assert host.try_to("start", "web", "green").returncode == 1

    def test_silence_ends_at_the_deadline(self, tmp_path: Path) -> None:
        data = forms_stack().model_dump()
        data["settings"]["health_deadline"] = 1
        host = ToolHost.make(tmp_path, Stack.model_validate(data))
        host.release("r1")
        host.run("prepare", "web", "blue", "r1")
        host.fail("curl", "curl: (7) refused\n")
        done = host.try_to("start", "web", "blue")
        assert done.returncode == 1
        why = "no answer from http://127.0.0.1:3000/ in 1 s (curl: (7) refused)"
        assert done.stderr.startswith(f"forms-web-blue did not become healthy: {why}\n")

    def test_systemd_could_not(self, host: ToolHost) -> None:
        host.run("prepare", "web", "green", "r2")
        host.fail("systemctl-start", "no such account\n")
        done = host.try_to("start", "web", "green")
        assert done.returncode == 1
        assert "systemd could not start it" in done.stderr


class TestStop:
    def test_stops_the_idle_slot(self, host: ToolHost) -> None:
        for service in SERVICES:
            host.run("stop", service, "green")
        stopped = [call.split()[-1] for call in host.calls() if " stop " in call]
        assert stopped == ["forms-backend-green.service", "forms-web-green.service"]


class TestJob:
    def test_runs_once_and_shows_its_output(self, host: ToolHost) -> None:
        printed = host.migrations / "migrate.printed"
        host.hook(f"case \"$*\" in *'forms-migrate@r2.service') echo applied >{printed} ;; esac\n")
        assert host.run("job", "migrate", "r2") == "applied"
        calls = [call.replace("--quiet ", "") for call in host.calls()]
        assert calls == ["systemctl daemon-reload", "systemctl start forms-migrate@r2.service"]
        assert not printed.exists()

    def test_a_failure_is_one(self, host: ToolHost) -> None:
        host.fail("systemctl-start", "exit 1\n")
        done = host.try_to("job", "migrate", "r2")
        assert done.returncode == 1
        sentence = "higuera-forms: migrate of release r2 failed; its output is above\n"
        assert done.stdout.endswith(sentence)


class TestCheck:
    def test_asks_nginx_for_each_public_health_path(self, host: ToolHost) -> None:
        host.run("check")
        asked = [call.split()[-1] for call in host.calls()]
        assert asked == ["http://127.0.0.1/api/health", "http://127.0.0.1/"]

    def test_no_answer(self, host: ToolHost) -> None:
        host.fail("curl", "curl: (22) 502\n")
        done = host.try_to("check")
        assert done.returncode == 1
        assert done.stderr == "higuera-forms: nginx does not answer /api/health (curl: (22) 502)\n"


class TestEarlierStackFile:
    """What a slot was written with, and what a release was deployed with, still holds."""

    def unit(self, host: ToolHost, slot: str, text: str) -> None:
        file = host.root / "etc/systemd/system" / f"forms-{slot}.service"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"[Service]\n{text}\n")

    def asked(self, host: ToolHost) -> list[str]:
        return [call.split()[-1] for call in host.calls() if call.startswith("curl")]

    def test_a_slot_keeps_its_port(self, host: ToolHost) -> None:
        host.run("prepare", "web", "green", "r2")
        self.unit(host, "web-green", 'Environment="HOST=127.0.0.1" "HOSTNAME=x" "PORT=4444"')
        self.unit(host, "web-blue", 'Environment="PORT=5555"')
        host.calls()
        host.run("start", "web", "green")
        assert self.asked(host) == ["http://127.0.0.1:4444/", "http://localhost/"]
        host.run("status")
        assert self.asked(host) == ["http://127.0.0.1:3001/api/health", "http://127.0.0.1:5555/"]

    @pytest.mark.parametrize(
        "line",
        ['Environment="SMTP_PORT=25"', 'Environment="A=x" "B=PORT=25"', '# Environment="PORT=25"'],
    )
    def test_another_number_is_no_port(self, host: ToolHost, line: str) -> None:
        host.run("prepare", "web", "green", "r2")
        self.unit(host, "web-green", line)
        host.calls()
        host.run("start", "web", "green")
        assert self.asked(host)[0] == "http://127.0.0.1:3100/"

    def test_a_release_keeps_its_health_path(self, host: ToolHost) -> None:
        host.run("prepare", "web", "green", "r2")
        (host.releases / "r2/web.health").write_text("/up\n")
        (host.releases / "r1/backend.health").write_text("/api/old\n")
        host.calls()
        host.run("start", "web", "green")
        assert self.asked(host) == ["http://127.0.0.1:3100/up", "http://localhost/up"]
        host.run("status")
        assert self.asked(host) == ["http://127.0.0.1:3001/api/old", "http://127.0.0.1:3000/"]
        host.run("check")
        assert self.asked(host) == ["http://127.0.0.1/api/old", "http://127.0.0.1/"]

    def test_a_live_slot_has_one_name_all_the_same(self, tmp_path: Path) -> None:
        data = forms_stack().model_dump()
        data["services"]["web-app"] = data["services"].pop("web")
        data["routes"]["/"] = "web-app"
        host = ToolHost.make(tmp_path, Stack.model_validate(data))
        host.deploy("r1", "blue")
        self.unit(host, "web-app-blue", 'Environment="PORT=3000"')
        host.calls()
        assert host.try_to("stop", "web", "app-blue").returncode == 1
        assert host.calls() == []
