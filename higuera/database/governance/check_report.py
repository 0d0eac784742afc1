"""The report of `higuera migrations check`, for a person and for a program. Pure."""

import json
from collections import Counter
from dataclasses import asdict

from higuera.database.governance.check import Remark, Report
from higuera.database.governance.classes import RANKS


def format_lines(report: Report) -> str:
    """The choice of what is pending, a line a remark, and the summary."""
    lines = [f"pending: {report.choice}", *map(_line, report.remarks), _summary(report)]
    return "".join(f"{line}\n" for line in lines)


def format_json(report: Report) -> str:
    """All of it as one JSON object."""
    files = [
        {
            "file": checked.file,
            "pending": checked.pending,
            "class": checked.kind,
            **asdict(checked.papers),
        }
        for checked in report.files
    ]
    found = {
        "status": report.status,
        "pending": report.choice,
        "files": files,
        "remarks": [asdict(remark) for remark in report.remarks],
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _line(remark: Remark) -> str:
    note = "note: " if remark.weight == "note" else ""
    text = " ".join(remark.text.split())
    return f"{remark.file}:{remark.line}: {note}{remark.source}: {text}"


def _summary(report: Report) -> str:
    pending = [checked for checked in report.files if checked.pending]
    kinds = Counter[str](checked.kind or "not read" for checked in pending)
    listed = [f"{kinds[kind]} {kind}" for kind in (*RANKS, "not read") if kinds[kind]]
    of = f"{len(report.files)} migrations, {len(pending)} pending"
    classes = f" ({', '.join(listed)})" if listed else ""
    errors = f", {report.count('error')} errors" if report.count("error") else ""
    return f"{of}{classes}: {report.count('finding')} findings{errors}"
