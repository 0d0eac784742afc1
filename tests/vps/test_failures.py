"""What goes wrong: a sentence on the screen, a non-zero exit, and the live release still serves."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from aftermath import refused
from harness import BIN, Project, until


def still_serves_one(project: Project) -> None:
    """The first release answers, and nothing else runs beside it."""
    assert project.get("/api/version").json()["version"] == "one"
    assert "Mini one" in project.get("/").text
    assert sorted(project.pids()) == ["mini-backend-blue.service", "mini-web-blue.service"]


def test_broken_build(mini: Project) -> None:
    mini.edit("app/build.sh", "set -eu", "set -eu\necho 'no such module: coffee' >&2; exit 3")
    refused(mini, "no such module: coffee", "failed with exit status 3")
    still_serves_one(mini)


def test_backend_dies_at_start(mini: Project) -> None:
    mini.edit(
        "app/backend/server.js", "const VERSION", "throw new Error('no coffee')\nconst VERSION"
    )
    refused(mini, "did not become healthy", "no coffee")
    still_serves_one(mini)


def test_a_page_that_is_broken_never_takes_traffic(mini: Project) -> None:
    mini.edit("app/web/server.js", "Mini one", "Oops")
    printed = refused(mini, "Candidate smoke", "smoke page failed", "incident note: ")
    assert "Starting operation: Cutover" not in printed
    still_serves_one(mini)
    (note,) = (mini.folder / "docs" / "incidents").glob("INCIDENT-*-mini.md")
    text = note.read_text()
    assert "failed at: candidate smoke" in text
    assert "live      plan 0001" in text
    assert "candidates: ok" in text
    assert mini.shell("cat /var/lib/higuera/mini/incidents/*").strip() == text.strip()


def test_a_failed_deploy_is_no_obstacle_to_the_next(mini: Project) -> None:
    mini.edit(
        "app/backend/server.js", "const VERSION", "throw new Error('no coffee')\nconst VERSION"
    )
    refused(mini, "no coffee")
    mini.edit("app/backend/server.js", "throw new Error('no coffee')\n", "")
    mini.edit("app/backend/server.js", "VERSION = 'one'", "VERSION = 'two'")
    mini.deployed()
    assert mini.get("/api/version").json()["version"] == "two"
    releases = mini.shell("ls /srv/mini/releases").split()
    assert len(releases) == 2, "the aborted release is pruned"


def test_broken_nginx_template_never_replaces_the_running_one(mini: Project) -> None:
    (mini.folder / "templates" / "nginx").mkdir(parents=True)
    (mini.folder / "templates" / "nginx" / "nginx.conf.j2").write_text(
        "events {} http { nonsense; }"
    )
    before = mini.shell("sha256sum /etc/nginx/nginx.conf")
    refused(mini, 'unknown directive "nonsense"')
    assert mini.shell("sha256sum /etc/nginx/nginx.conf") == before
    still_serves_one(mini)


def test_reload_without_effect_is_noticed(mini: Project) -> None:
    """A port that is taken: `nginx -t` passes, the reload exits 0, the old configuration stays."""
    mini.shell(
        "systemd-run --quiet --unit=squatter /opt/higuera/runtimes/node-22.23.3/bin/node -e "
        "\"require('net').createServer().listen(8111, '127.0.0.1')\" && sleep 0.5"
    )
    mini.environment(
        f'host: "@sandbox/{mini.vps}"\nsecrets: generate\nstack: {{nginx: {{status_port: 8111}}}}\n'
    )
    before = mini.shell("sha256sum /etc/nginx/nginx.conf /etc/nginx/higuera/*")
    refused(mini, "the old configuration is still live", "8111 failed (98: Address already in use)")
    assert mini.shell("sha256sum /etc/nginx/nginx.conf /etc/nginx/higuera/*") == before
    still_serves_one(mini)


def test_unknown_key(mini: Project) -> None:
    mini.edit("inventory/stack.yml", "port: 3000", "port: 3000\n    prot: 1")
    refused(mini, "inventory/stack.yml:", "services.web.prot: unknown key (did you mean port?)")


def test_missing_secret_is_named_before_anything_is_touched(bare: Project) -> None:
    bare.environment(f'host: "@sandbox/{bare.vps}"\n')
    (bare.folder / ".env.sandbox").unlink()
    refused(bare, "secret MINI_SECRET: is set nowhere", ".env.sandbox")
    assert bare.shell("ls /srv") == ""


def test_sudo_that_wants_a_password(mini: Project) -> None:
    host = mini.host
    mini.environment(f"host: {{address: {host.address}, user: nosudo, key: {host.key}}}\n")
    refused(mini, "sudo wants a password from nosudo", "NOPASSWD")


def test_wrong_key(mini: Project, tmp_path: Path) -> None:
    key = tmp_path / "wrong"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    mini.environment(f"host: {{address: {mini.host.address}, user: root, key: {key}}}\n")
    refused(mini, "Authentication", "name it: host.user and host.key")


def test_missing_key_file(mini: Project) -> None:
    mini.environment(f"host: {{address: {mini.host.address}, user: root, key: /nowhere/key}}\n")
    refused(mini, "No such private key file: /nowhere/key", "correct host.key")


def test_a_host_that_is_down(mini: Project) -> None:
    down = mini.host.address.rpartition(".")[0] + ".250"
    mini.environment(f"host: {{address: {down}, user: root, key: {mini.host.key}}}\n")
    refused(mini, "Could not connect", "is it up")


def test_not_debian(mini: Project) -> None:
    mini.shell("sed -i 's/^ID=.*/ID=fedora/; s/^VERSION_ID=.*/VERSION_ID=44/' /usr/lib/os-release")
    refused(mini, "runs fedora 44; Higuera deploys to Debian 12")


@pytest.mark.parametrize("answer", ["", "no\n"])
def test_a_declined_prompt_is_no_success(mini: Project, answer: str) -> None:
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    done = subprocess.run(
        [str(BIN / "pyinfra"), "inventory", "deploy.py"],
        cwd=mini.folder,
        env={**os.environ, **mini.variables},
        input=answer,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Declined" in done.stderr
    assert "Traceback" not in done.stderr
    still_serves_one(mini)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_deploy_is_no_success(mini: Project, number: int) -> None:
    started = mini.folder / "started"
    mini.edit("app/build.sh", "set -eu", f"set -eu\necho $$ >{started}\nsleep 60")
    with mini.deploying(subprocess.PIPE) as process:
        until(lambda: started.exists() and started.read_text() != "", "the build runs")
        process.send_signal(number)
        printed, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + number, printed
    assert "interrupted" in printed and "Traceback" not in printed
    build = Path("/proc") / started.read_text().strip()
    until(lambda: not build.exists(), "the build is ended as well", 5)
    still_serves_one(mini)


def test_an_app_that_crashes_again_and_again_answers_when_it_is_well(mini: Project) -> None:
    """Each crash takes the proxy in front of it along, and a request starts that again."""
    kill = "systemctl kill --kill-who=main --signal=KILL mini-backend-blue.service"
    ask = "curl -s -m 10 -o /dev/null http://127.0.0.1/api/health"
    mini.shell(f"for _ in 1 2 3 4 5 6 7 8; do {kill}; {ask}; done; true")
    until(lambda: mini.get("/api/health").status_code == 200, "it answers")
    assert mini.shell("systemctl --failed --plain --no-legend") == ""
