#!/usr/bin/python3
"""`sshd -T -C SPEC [-f FILE]` as far as tests of the on-host tool need it: sshd_config(5) in brief.

The first value of a keyword counts, one in a Match that fits comes before all; a Match asks for
`User NAME`, for anything else nothing fits here.
"""

import sys
from pathlib import Path

given = dict(zip(sys.argv[1:], sys.argv[2:], strict=False))
asked = dict(part.split("=") for part in given.get("-C", "").split(",") if part)
everybody = {"port": "2222", "pidfile": "none"}
matched: dict[str, str] = {}


def read(path: Path) -> None:
    into: dict[str, str] | None = everybody
    for line in path.read_text().splitlines():
        keyword, *values = line.replace("=", " ").lower().split() or ["#"]
        if keyword == "include":
            for file in sorted(path.parent.glob(line.split("/")[-2] + "/*.conf")):
                read(file)
        elif keyword == "match":
            if values[0] == "localport" and "lport" not in asked and "-T" in sys.argv:
                sys.exit("'Match LocalPort' in configuration but 'lport' not in connection test")
            into = matched if values == ["user", asked.get("user")] else None
        elif into is not None and not keyword.startswith("#"):
            into.setdefault(keyword, " ".join(values))


read(Path(given.get("-f", "MAIN")))
if "-T" in sys.argv:
    print("\n".join(f"{keyword} {value}" for keyword, value in {**everybody, **matched}.items()))
