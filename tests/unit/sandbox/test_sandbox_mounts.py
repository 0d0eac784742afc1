"""Which mounts lie under a folder."""

from pathlib import Path

from higuera.sandbox import mounts

MOUNTINFO = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
90 27 0:50 / /s/vps/a/root rw - overlay overlay rw
91 90 0:51 / /s/vps/a/root/proc rw - proc proc rw
92 27 0:52 / /s/vps/ab/root rw - overlay overlay rw
93 27 0:53 / /s/vps/with\\040space rw - tmpfs tmpfs rw
"""


def test_only_what_lies_below_the_folder_is_found_the_deepest_first() -> None:
    assert mounts.mount_points(Path("/s/vps/a"), MOUNTINFO) == [
        Path("/s/vps/a/root/proc"),
        Path("/s/vps/a/root"),
    ]


def test_the_folder_itself_counts() -> None:
    assert mounts.mount_points(Path("/s/vps/ab/root"), MOUNTINFO) == [Path("/s/vps/ab/root")]


def test_escaped_spaces_are_read() -> None:
    assert mounts.mount_points(Path("/s/vps/with space"), MOUNTINFO) == [Path("/s/vps/with space")]
