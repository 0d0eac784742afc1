"""The data catalog as Markdown, as lines for a person, as JSON. Pure; without the day."""

import json
from collections.abc import Iterable

from higuera.database.governance.data_catalog import Coverage, DataCatalog, Item

NOTE = "Made by `higuera db catalog --markdown`; edit the comments or the YAML file instead."


def format_lines(catalog: DataCatalog, minimum: float | None) -> str:
    """What lacks a word, what is stale, and the coverage."""
    lacking = [f"{item.name}: no {' and no '.join(item.missing)}" for item in catalog.uncovered()]
    stale = [f"stale: {sentence}" for sentence in catalog.stale]
    return "".join(f"{line}\n" for line in [*lacking, *stale, summary(catalog, minimum)])


def summary(catalog: DataCatalog, minimum: float | None) -> str:
    """One line: how much has owner and purpose, against what is asked."""
    all_ = catalog.coverage()
    tables = len(catalog.tables())
    under = minimum is not None and all_.is_under(minimum)
    asked = f", under the {minimum:g} % asked for" if under else ""
    of = f"{all_.covered} of {all_.total}: {tables} tables, {all_.total - tables} columns"
    return f"{all_.percent:.1f} % have owner and purpose ({of}){asked}; {len(catalog.stale)} stale"


def format_json(catalog: DataCatalog, minimum: float | None) -> str:
    """All of it as one JSON object."""
    coverage = catalog.coverage()
    found = {
        "status": catalog.status(minimum),
        "coverage": {**_numbers(coverage), "minimum": minimum},
        "stale": catalog.stale,
        "tables": [
            {**_item(table), "columns": [_item(column) for column in columns]}
            for table, columns in catalog.tables()
        ],
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def format_markdown(catalog: DataCatalog) -> str:
    """A page for the app's docs: the tables, then each with its columns."""
    rows = ([_code(_short(table)), *_said(table)] for table, _ in catalog.tables())
    head = ["# Data catalog", NOTE, _table(["table", "owner", "purpose", "status"], rows)]
    parts = [_section(table, columns) for table, columns in catalog.tables()]
    return "\n\n".join([*head, *parts]) + "\n"


def _section(table: Item, columns: list[Item]) -> str:
    rows = (
        [_code(column.row.column or ""), _code(column.row.type), *_said(column)]
        for column in columns
    )
    head = ["column", "type", "owner", "purpose", "status"]
    return f"## {_code(_short(table))}\n\n{_table(head, rows)}"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _said(item: Item) -> list[str]:
    return [_text(item.owner) or "?", _text(item.purpose) or "?", str(item.status)]


def _short(item: Item) -> str:
    return item.name.removeprefix("public.")


def _text(text: str) -> str:
    """On one line, and nothing in it ends a cell or starts HTML."""
    flat = " ".join(text.split())
    return flat.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _code(name: str) -> str:
    flat = " ".join(name.split()).replace("|", "\\|")
    mark = "``" if "`" in flat else "`"
    return f"{mark}{flat}{mark}"


def _item(item: Item) -> dict[str, object]:
    until = item.status.until
    return {
        "name": item.name,
        "type": item.row.type,
        "owner": item.owner or None,
        "purpose": item.purpose or None,
        "status": item.status.word,
        "until": until.isoformat() if until else None,
    }


def _numbers(coverage: Coverage) -> dict[str, float]:
    return {
        "percent": coverage.percent,
        "covered": coverage.covered,
        "total": coverage.total,
    }
