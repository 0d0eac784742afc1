"""What hardens a host: each group by its name, texts that their programs can read."""

import subprocess
import sys
from pathlib import Path

import pytest
from render_stacks import forms

from higuera.render import hardening
from higuera.render.hardening import sysctl_values
from higuera.render.host import JOURNALD, POSTGRESQL, settings_files, unwanted
from higuera.spec.stack import Stack

SHELLCHECK = Path(sys.executable).parent / "shellcheck"
# Of each group its files; what no key turns off is in all of them.
GROUPS = {
    "kernel": set[str](),  # shares its file with core_dumps, which shares another with logins
    "modules": {hardening.MODULES},
    "core_dumps": {hardening.LIMITS, hardening.COREDUMP, hardening.MANAGER},
    "logins": {hardening.LOGINS},
    "banner": set(hardening.BANNERS),
    "mounts": {hardening.MOUNTS},
}


def stack(**settings: object) -> Stack:
    data = forms().model_dump(exclude_unset=True)
    return Stack.model_validate({**data, "settings": settings})


def texts(**settings: object) -> dict[str, str]:
    return {file.path: file.text for file in settings_files(stack(**settings), [22])}


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_has_its_switch(group: str) -> None:
    assert set(texts()) - set(texts(hardening={group: False})) == GROUPS[group]


def test_upgrades_swap_and_logs_have_theirs() -> None:
    assert set(texts()) - set(texts(logs=False)) == {hardening.LOGS, hardening.LOGS_TIMER}
    assert set(texts()) - set(texts(journal_limit=False)) == {JOURNALD}
    assert set(texts()) - set(texts(upgrades=False)) == {hardening.UPGRADES}
    assert set(texts()) - set(texts(swap=False)) == {hardening.SWAP, hardening.SWAP_TOOL}


def test_kernel_and_core_dumps_share_a_file() -> None:
    both = sysctl_values(texts()[hardening.SYSCTL])
    kernel = sysctl_values(texts(hardening={"core_dumps": False})[hardening.SYSCTL])
    dumps = sysctl_values(texts(hardening={"kernel": False})[hardening.SYSCTL])
    assert kernel | dumps == both
    assert kernel["kernel/kptr_restrict"] == "2" and "kernel/kptr_restrict" not in dumps
    assert dumps["kernel/core_pattern"] == "|/bin/false"
    assert hardening.SYSCTL not in texts(hardening={"kernel": False, "core_dumps": False})


def test_logins_and_core_dumps_share_a_file() -> None:
    both = texts()[hardening.PROFILE]
    assert "umask 027" in both and "TMOUT" in both and "ulimit -c 0" in both
    logins = texts(hardening={"core_dumps": False})[hardening.PROFILE]
    assert "umask" in logins and "ulimit" not in logins
    assert "umask" not in texts(hardening={"logins": False})[hardening.PROFILE]
    assert hardening.PROFILE not in texts(hardening={"logins": False, "core_dumps": False})


def test_every_value_may_be_missing_in_a_kernel() -> None:
    lines = texts()[hardening.SYSCTL].splitlines()
    assert {line[0] for line in lines} == {"#", "-"}


def test_what_is_turned_off_is_taken_away_but_not_from_debian() -> None:
    assert unwanted(settings_files(stack(), [22])) == []
    keys = ("upgrades", "swap", "logs", "journal_limit")
    settings = {"hardening": dict.fromkeys(GROUPS, False), **dict.fromkeys(keys, False)}
    left = unwanted(settings_files(stack(**settings), [22]))
    assert left == [*hardening.OUR_FILES, JOURNALD]
    elsewhere = stack().model_copy(update={"database": None})
    assert unwanted(settings_files(elsewhere, [22])) == [POSTGRESQL]
    assert not {hardening.LOGINS, hardening.LOGS, *hardening.BANNERS} & set(left)


@pytest.mark.parametrize(
    ("upgrades", "line"),
    [
        ({}, 'Automatic-Reboot-Time "04:00"'),
        ({"reboot": "23:30"}, 'Automatic-Reboot-Time "23:30"'),
        ({"reboot": False}, 'Automatic-Reboot "false"'),
    ],
)
def test_the_reboot_is_stated(upgrades: dict[str, object], line: str, tmp_path: Path) -> None:
    path = tmp_path / "60higuera"
    path.write_text(texts(upgrades=upgrades)[hardening.UPGRADES])
    done = subprocess.run(
        ["apt-config", "dump"],
        env={"APT_CONFIG": str(path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"Unattended-Upgrade::{line};" in done.stdout
    assert 'Unattended-Upgrade::Origins-Pattern:: "origin=Debian,codename=' in done.stdout


@pytest.mark.parametrize("reboot", ["4:00", "24:00", "04:60", "now", True])
def test_a_reboot_is_a_time_or_none(reboot: object) -> None:
    with pytest.raises(ValueError, match="reboot"):
        stack(upgrades={"reboot": reboot})


def test_the_host_keeps_its_system_to_itself() -> None:
    for path in hardening.BANNERS:
        assert "Debian" not in texts()[path] and "\\" not in texts()[path]


def test_passwords_never_expire() -> None:
    """An account with a key alone would be locked out when its password did."""
    assert "\nPASS_MAX_DAYS 99999\n" in texts()[hardening.LOGINS]


@pytest.mark.parametrize("swap", ["auto", "512M", "3G"])
def test_the_swap_tool_is_clean_shell(swap: str, tmp_path: Path) -> None:
    path = tmp_path / "swap"
    path.write_text(texts(swap=swap)[hardening.SWAP_TOOL])
    done = subprocess.run([SHELLCHECK, "-s", "sh", path], capture_output=True, text=True)
    assert done.stdout == ""


def test_no_ordering_cycle_with_a_tmp_in_memory(tmp_path: Path) -> None:
    """tmp.mount comes after swap.target and before local-fs.target."""
    stop = "[Unit]\nDefaultDependencies=no\nBefore=local-fs.target\nAfter=swap.target\n[Mount]\n"
    units = {
        "tmp.mount": f"{stop}What=tmpfs\nWhere=/tmp\nType=tmpfs\n",
        "higuera-swap.service": texts()[hardening.SWAP].replace(hardening.SWAP_TOOL, "/bin/true"),
        "higuera-mounts.service": texts()[hardening.MOUNTS],
    }
    wants = {"local-fs": "tmp.mount", "swap": "higuera-swap.service"}
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    for target, unit in {**wants, "sysinit": "higuera-mounts.service"}.items():
        folder = tmp_path / f"{target}.target.wants"
        folder.mkdir()
        (folder / unit).symlink_to(tmp_path / unit)
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", "verify", tmp_path / "tmp.mount", "sysinit.target"],
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{tmp_path}:/lib/systemd/system"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ordering cycle" not in done.stderr


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_shell_may_read_its_profile_twice(shell: str, tmp_path: Path) -> None:
    """A readonly variable that is set again ends a POSIX shell, and so the login."""
    path = tmp_path / "profile"
    path.write_text(texts()[hardening.PROFILE])
    script = f'. {path}; . {path}; echo "in $TMOUT"; {shell} -c \'. {path}; echo "$TMOUT"\''
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("in 3600\n3600\n", "")


def test_logs_are_turned_over_while_nginx_is_stopped(tmp_path: Path) -> None:
    fake = tmp_path / "systemctl"
    fake.write_text('#!/bin/sh\n[ "$1" != --quiet ] && echo "$@" || [ "$NGINX" = up ]\n')
    fake.chmod(0o755)
    script = texts()[hardening.LOGS].partition("postrotate\n")[2].partition("endscript")[0]
    for state, said in (("up", "kill --kill-who=main --signal=USR1 nginx.service\n"), ("down", "")):
        done = subprocess.run(
            ["sh", "-ec", script],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", "NGINX": state},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == said


def test_swap_is_a_file_that_the_kernel_takes(tmp_path: Path) -> None:
    """All of it for real but the last word: a container may not turn swap on."""
    swapon = tmp_path / "swapon"
    swapon.write_text('#!/bin/sh\nswaplabel "$1" && stat -c "%a %s" "$1"\n')
    swapon.chmod(0o755)
    text = texts(swap="64M")[hardening.SWAP_TOOL]
    tool = tmp_path / "tool"
    tool.write_text(text.replace(hardening.SWAP_FILE, str(tmp_path / "file")))
    done = subprocess.run(
        ["/bin/sh", tool, "on"],
        env={"PATH": f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    label, size = done.stdout.splitlines()
    assert label.startswith("UUID:")
    assert size == f"600 {64 * 1024 * 1024}"


FAKES = {
    "grep": '[ "$SWAPS" = "$3" ] || [ "$SWAPS" = yes ]',
    "awk": 'case "$1" in *MemTotal*) echo "$MEMORY" ;; *) echo "$DISK" ;; esac',
    "df": ":",
    "stat": 'echo "$SIZE"',
    "dd": 'echo "dd $3" ; : >"${2#of=}"',
    "mkswap": ":",
    "swapon": "echo on",
    "swapoff": "echo off",
}


@pytest.mark.parametrize(
    ("swap", "host", "said"),
    [
        ("auto", {}, ["dd bs=1M", "on"]),
        ("auto", {"SWAPS": "yes"}, ["there is swap already"]),
        ("auto", {"MEMORY": "2000001"}, ["there is memory enough"]),
        ("auto", {"DISK": "3000"}, ["too little disk for 1024 MiB of swap: none is made"]),
        ("auto", {"SIZE": "1073741824"}, ["on"]),
        ("2G", {"MEMORY": "9000000", "DISK": "9000"}, ["dd bs=1M", "on"]),
        ("2G", {"SIZE": "2147483648"}, ["on"]),
        ("2G", {"SIZE": "1073741824", "DISK": "9000"}, ["dd bs=1M", "on"]),
    ],
)
def test_swap_is_made_where_it_is_needed(
    swap: str, host: dict[str, str], said: list[str], tmp_path: Path
) -> None:
    for name, body in FAKES.items():
        fake = tmp_path / name
        fake.write_text(f"#!/bin/sh\n{body}\n")
        fake.chmod(0o755)
    text = texts(swap=swap)[hardening.SWAP_TOOL]
    tool = tmp_path / "tool"
    tool.write_text(text.replace(hardening.SWAP_FILE, str(tmp_path / "file")))
    given = {"SWAPS": "no", "MEMORY": "1000000", "DISK": "9999", "SIZE": "0", **host}
    done = subprocess.run(
        ["/bin/sh", tool, "on"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == said
