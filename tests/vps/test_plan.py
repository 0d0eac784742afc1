"""`higuera plan` on one VPS: exit status, words, and that it changes nothing."""

import json
import re
import subprocess

import pytest
from harness import HIGUERA, SECRETS, Project
from migrations import DRIZZLE, migration, next_code, sql

from higuera.plan.model import Plan

pytestmark = pytest.mark.xdist_group("plan")

# All that a plan could leave behind: every file with its time, every process' age, the journal.
# Not what others write down of a visit (the logs of logins, and of who asked nginx for its status),
# nor what a host writes by itself now and then.
EVERYTHING = """
find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /dev -o -path /var/log/journal \\
    -o -path /var/lib/postgresql -o -path /var/log/nginx/access.log -o -path /var/log/wtmp \\
    -o -path /var/log/lastlog -o -path /var/log/postgresql -o -path /var/lib/logrotate \\
    -o -path /var/lib/systemd/timers -o -path /var/lib/apt -o -path /var/backups \\) -prune \\
    -o -type f -printf '%p %m %u %s %T@\\n' | sort | sha256sum
find /run/higuera /run/systemd/system -printf '%p %T@\\n' | sort
systemctl list-units --plain --no-legend 'forms-*' 'nginx*' 'postgresql*' | sort
cat /var/lib/higuera/forms/journal.jsonl
ls -la /etc/higuera /etc/higuera/forms /var/lib/higuera/forms
"""


# What nginx makes where it is missing, even when it only tests its configuration.
NGINX_MAKES = "/run/nginx.pid /var/log/nginx/forms.log"
PROGRAMS = ["journald", "firewall", "timesyncd", "sysctl", "higuera-mounts", "swap"]
PROGRAMS += ["unattended-upgrades", "logrotate", "sshd", "PostgreSQL", "nginx"]


def plan(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    """The command; no secret is ever in what it prints. What it keeps fits its schema."""
    done = project.run(HIGUERA, "plan", "--out", "seen.json", *words)
    assert "Traceback" not in done.stderr
    for value in SECRETS.values():
        assert value not in done.stdout + done.stderr
    return done


def test_1_converged(forms_story: Project) -> None:
    """Nothing to do, and nothing is touched."""
    forms_story.shell("true")
    before, executions = forms_story.shell(EVERYTHING), forms_story.executions()
    done = plan(forms_story, "--out", "p.json")
    planned = forms_story.executions()
    assert (done.returncode, done.stderr) == (0, "")
    assert forms_story.shell(EVERYTHING) == before
    assert forms_story.plan() == []
    dry = forms_story.executions() - planned
    assert 0 < planned - executions <= dry + 1, "it takes as long as a dry run (bench/plan.py)"
    assert done.stdout.endswith("is as it should be\n")
    assert "target database: as it should be" in done.stdout
    assert "service: web is left alone" in done.stdout
    assert "last deploy: took" in done.stdout
    kept = Plan.model_validate_json((forms_story.folder / "p.json").read_text())
    assert (kept.verdict, kept.steps, kept.files) == ("nothing", [], [])
    assert ({each.does for each in kept.programs}, kept.preparations) == ({"stays"}, [])
    assert f"\nhost: left alone: {', '.join(PROGRAMS)}\n" in done.stdout


def test_2_what_its_nginx_refuses(forms_story: Project) -> None:
    """Another server for whatever name is asked for: the nginx of the host tells; nothing moves."""
    other = "/etc/nginx/higuera/other.conf"
    forms_story.shell(f"echo 'server {{ listen 80 default_server; }}' >{other}")
    forms_story.shell("sed -i 's/server_tokens off/server_tokens on/' /etc/nginx/nginx.conf")
    before = forms_story.shell(EVERYTHING)
    done = plan(forms_story)
    assert forms_story.shell(EVERYTHING) == before
    forms_story.shell(f"rm {other}")
    assert done.returncode == 1
    assert "\nrefused: nginx on the host refuses its new configuration:\n" in done.stdout
    told = f"nginx: [emerg] a duplicate default server for 0.0.0.0:80 in {other}:1"
    assert f"\nrefused: {told}\n" in done.stdout


def test_3_held_to_it(forms_story: Project) -> None:
    """What was planned is deployed; on a host that was changed by hand it is not."""
    forms_story.shell(
        "rm /etc/systemd/journald.conf.d/higuera.conf; cd /opt/higuera; mv runtimes r; "
        "systemctl mask --now --quiet logrotate.timer; chmod 0700 /srv/forms/releases; "
        "sed -i '/^Package: zstd$/,/^$/s/ installed$/ unpacked/' /var/lib/dpkg/status; "
        f"mkdir /root/away; mv {NGINX_MAKES} /root/away"
    )
    done = plan(forms_story)
    assert forms_story.shell(f"ls {NGINX_MAKES} 2>&-", check=False) == "", "its test made them"
    forms_story.shell("cd /root/away; mv nginx.pid /run; mv forms.log /var/log/nginx")
    forms_story.shell("mv /opt/higuera/r /opt/higuera/runtimes; dpkg --configure zstd")
    assert done.returncode == 2
    assert "\n  -    server_tokens on;\n  +    server_tokens off;\n" in done.stdout
    journald = "/etc/systemd/journald.conf.d/higuera.conf"
    assert f"setting: {journald} (new)\n  --- /dev/null\n  +++ {journald}\n" in done.stdout
    assert "\nhost: journald restarts (its limits change)\n" in done.stdout
    assert "\nhost: nginx reloads (its configuration changes)\n" in done.stdout
    assert "\nhost: logrotate starts (it is not on, or not after a reboot)\n" in done.stdout
    touched = ("journald", "logrotate", "nginx")
    alone = [name for name in PROGRAMS if name not in touched]
    assert f"\nhost: left alone: {', '.join(alone)}\n" in done.stdout
    assert "\npackages to install: zstd\nfolders to make: /opt/higuera/runtimes\n" in done.stdout
    assert "\nfolders to put right: /srv/forms/releases\n" in done.stdout
    assert re.search(
        r"\nupload: Node \S+ \(not on the host yet\): is on .*, \d+\.\d MiB\n", done.stdout
    )
    refused = forms_story.deploy("-y", HIGUERA_PLAN="p.json")
    assert refused.returncode == 1
    assert "on the host: /etc/nginx/nginx.conf changed" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "server_tokens on" in forms_story.shell("cat /etc/nginx/nginx.conf")
    assert plan(forms_story, "--out", "p.json").returncode == 2
    held = forms_story.run(HIGUERA, "deploy", "--plan", "p.json", "--yes")
    assert held.returncode == 0, held.stdout + held.stderr
    assert "as planned at" in held.stdout
    assert "server_tokens off" in forms_story.shell("cat /etc/nginx/nginx.conf")
    again = forms_story.run(HIGUERA, "deploy", "--plan", "p.json", "--yes")
    assert again.returncode == 1
    assert "on the host: /etc/nginx/nginx.conf changed" in again.stdout + again.stderr


def test_4_a_line_of_code_and_a_rotated_secret(forms_story: Project) -> None:
    """Just the service whose code or secret it is; no value is shown."""
    before = forms_story.shell(EVERYTHING)
    rotated = {"SESSION_SECRET": "canary-rotated-51c0"}
    done = forms_story.run(HIGUERA, "plan", "--json", **rotated)
    assert done.returncode == 2, done.stderr
    assert "canary-rotated" not in done.stdout + done.stderr
    found = Plan.model_validate_json(done.stdout)
    assert [each.name for each in found.services if each.restarts] == ["backend"]
    assert {each.kind for each in found.files} == {"secret"}
    assert found.builds == []
    next_code(forms_story, "ok", "planned")
    found = Plan.model_validate_json(plan(forms_story, "--json", "--out", "p.json").stdout)
    (build,) = found.builds
    assert (build.service, build.size) == ("backend", None)
    live = json.loads(forms_story.shell("cat /srv/forms/traffic/live/release/manifest.json"))
    assert build.live_size == live["services"]["backend"]["size"] > 100_000
    assert [each.name for each in found.services if each.restarts] == ["backend"]
    assert found.way_back.state == "open"
    next_code(forms_story, "planned", "another")
    moved(forms_story, "in the source: service backend changed")
    next_code(forms_story, "another", "planned")
    assert forms_story.shell(EVERYTHING) == before


def moved(project: Project, *what: str) -> None:
    """A deploy that is held to p.json and refused, since just this moved."""
    refused = project.deploy("-y", HIGUERA_PLAN="p.json")
    assert refused.returncode == 1
    told = [line.removeprefix("--> error:").strip() for line in refused.stderr.splitlines()]
    assert [line for line in told if line.startswith("in ")] == list(what), refused.stderr
    assert "Traceback" not in refused.stderr


def test_5_a_contract_migration(forms_story: Project) -> None:
    """Named with its class and what squawk says; whether there is a way back has to be tried."""
    migration(forms_story, "0002_name", 'ALTER TABLE "forms" RENAME COLUMN "title" TO "name";')
    moved(
        forms_story, "in the source: migrations changed", "in the source: service backend changed"
    )
    forms_story.edit("inventory/stack.yml", "# stop_limit: 30", "stop_limit: 45")
    file = forms_story.folder / DRIZZLE / "0002_name.sql"
    text = file.read_text()
    file.write_text(f"{text}selec 1;\n")
    done = plan(forms_story)
    assert done.returncode == 1, "it would fail in the rehearsal"
    line = text.count("\n") + 1
    assert f"0002_name.sql:{line}: PostgreSQL's parser: syntax error at or near" in done.stdout
    file.write_text(text)
    done = plan(forms_story, "--out", "p.json")
    assert done.returncode == 2
    unit = "/etc/systemd/system/forms-backend-blue.service"
    assert f"\nunit: {unit} (changes)\n  --- {unit}\n  +++ {unit}\n  @@ " in done.stdout
    assert "\n   KillMode=mixed\n  -TimeoutStopSec=30\n  +TimeoutStopSec=45\n" in done.stdout
    assert "service: backend starts afresh" in done.stdout
    assert "service: web is left alone" in done.stdout
    assert "migration: 0002_name (contract" in done.stdout
    assert "squawk renaming-column" in done.stdout
    assert "way back: unknown: 0002_name (contract): the deploy tries release" in done.stdout
    shown = plan(forms_story, "--format", "markdown")
    assert shown.returncode == 2
    assert "| migrations | 0002\\_name (contract) |" in shown.stdout


def test_6_drift(forms_story: Project) -> None:
    """The next release would be stopped: exit 1, the object, and what mends it."""
    sql(forms_story, "alter table forms add column by_hand text")
    moved(forms_story, "in the database: the schema changed")
    done = plan(forms_story)
    assert done.returncode == 1
    assert "+ column public.forms.by_hand" in done.stdout
    assert "mend: ALTER TABLE public.forms DROP COLUMN by_hand;" in done.stdout
    assert done.stdout.rstrip().endswith("would be refused")
    sql(forms_story, "alter table forms drop column by_hand")


def test_7_what_it_cannot_ask(forms_story: Project) -> None:
    """A database that is down is said so; a host that is down is exit 1 in a sentence."""
    forms_story.shell("systemctl stop postgresql@15-main.service")
    try:
        done = plan(forms_story)
        assert done.returncode == 2, "a deploy starts it, since it is the stack's own"
        assert "migrations: what is pending cannot be told\n" in done.stdout
        assert "target database: not known: the database gave no answer" in done.stdout
        assert "host: PostgreSQL starts (it does not answer)\n" in done.stdout
    finally:
        forms_story.shell("systemctl start postgresql@15-main.service")
    forms_story.environment("host: {address: 127.0.0.1, port: 9}\nsecrets: generate\n")
    done = plan(forms_story)
    assert done.returncode == 1
    assert "there is no plan; why is above" in done.stderr
    forms_story.environment()


def test_8_a_plan_of_another_place(forms_story: Project) -> None:
    """Refused before anything is asked."""
    assert plan(forms_story, "--out", "p.json").returncode in (0, 2)
    kept = json.loads((forms_story.folder / "p.json").read_text())
    (forms_story.folder / "p.json").write_text(json.dumps({**kept, "environment": "production"}))
    refused = forms_story.deploy("-y", HIGUERA_PLAN="p.json")
    assert refused.returncode == 1
    assert "the plan is for forms in production" in refused.stderr
    for text in ("{}", "no json", json.dumps({**kept, "version": 9})):
        (forms_story.folder / "p.json").write_text(text)
        refused = forms_story.deploy("-y", HIGUERA_PLAN="p.json")
        assert refused.returncode == 1
        assert "p.json: is " in refused.stderr
