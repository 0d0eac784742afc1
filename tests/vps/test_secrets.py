"""Secrets from an encrypted file and a command, rotated under load, refused where all would see."""

import json
import subprocess
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from harness import HIGUERA, Project
from under_load import loaded

CANARY = "canary-rotated-71c0de"


def seal(project: Project, text: str) -> None:
    """What a person does who has the public key, with a key in its usual place."""
    key = project.folder / "home" / ".config" / "sops" / "age" / "keys.txt"
    if not key.exists():
        key.parent.mkdir(parents=True)
        subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True)
    command = ["age", "-r", public.stdout.strip(), "-o", "secrets.sandbox.age"]
    subprocess.run(command, cwd=project.folder, input=text.encode(), check=True)


def secret_of(project: Project) -> str:
    return str(project.get("/api/secret").json()["digest"])


def listed(project: Project) -> dict[str, Any]:
    (row,) = json.loads(project.run(HIGUERA, "secrets", "list", "--json").stdout)
    return dict(row)


def refusal(project: Project, told: str) -> str:
    """What a deploy prints that has to be refused."""
    done = project.deploy("-y")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert told in done.stdout + done.stderr
    return done.stdout + done.stderr


def test_secrets_move_what_uses_them(mini: Project) -> None:
    (mini.folder / ".env.sandbox").unlink()
    seal(mini, "MINI_SECRET=canary-first\nOLD=canary-old\n")
    assert mini.plan() == [], "the same value from another source"
    before = listed(mini)
    assert (before["used_by"], before["from"]) == (["backend"], "secrets.sandbox.age")
    assert before["on_host"] == "same"

    pids, began = mini.pids(), int(time.time())
    with loaded(mini) as counted:
        seal(mini, f"MINI_SECRET={CANARY}\nOLD=canary-old\n")
        assert listed(mini) == {**before, "on_host": "other"}
        printed = mini.deployed("-vvv", "--diff", "--debug")
    assert "secrets that nothing uses: OLD (secrets.sandbox.age)" in printed
    assert counted["failures"] == 0, f"{counted['reasons']}\n{counted['lost']}"
    assert counted["requests"] > 100
    assert secret_of(mini) == sha256(CANARY.encode()).hexdigest()
    after = mini.pids()
    assert after["mini-web-blue.service"] == pids["mini-web-blue.service"]
    assert "mini-web-green.service" not in after and "mini-backend-green.service" in after
    there = listed(mini)
    since = datetime.strptime(there["since"], "%Y-%m-%dT%H:%M:%SZ")
    assert since.replace(tzinfo=UTC).timestamp() >= began > 0
    assert there["on_host"] == "same" and before["since"] < there["since"]

    (mini.folder / "secrets.sandbox.age").unlink()
    given = f'{{MINI_SECRET: "!echo {CANARY}-again"}}'
    mini.environment(f'host: "@sandbox/{mini.vps}"\nsecrets: {given}\n')
    printed += mini.deployed()
    assert secret_of(mini) == sha256(f"{CANARY}-again".encode()).hexdigest()

    standing = "ls /srv/mini/releases; readlink -f /srv/mini/traffic/live"
    before_refusal = mini.shell(standing)
    assert len(before_refusal.splitlines()) == 4, "three releases and the plan that serves"
    public = f"    env: {{VITE_A: {CANARY}-again}}\n"
    mini.edit("inventory/stack.yml", "    port: 3000\n", f"    port: 3000\n{public}")
    printed += refusal(mini, "VITE_A (services.web.env) holds the value of the secret MINI_SECRET")
    static = "    static: {/assets/: assets}\n"
    mini.edit("inventory/stack.yml", public, static)
    with (mini.folder / "app" / "build.sh").open("a") as build:
        build.write(f'mkdir "dist/$1/assets"; echo "x{CANARY}-againx" >"dist/$1/assets/a.js"\n')
    printed += refusal(mini, "services.web: the build put the secret MINI_SECRET into assets/a.js")
    assert CANARY not in printed
    assert mini.shell(standing) == before_refusal
