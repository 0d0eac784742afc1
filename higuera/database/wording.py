"""Names and types in the server's own words, without a server: by PostgreSQL's own grammar."""

import re
from typing import Any

from pglast import keywords, parse_sql
from pglast.parser import ParseError
from pglast.stream import RawStream

QUOTED = keywords.RESERVED_KEYWORDS | keywords.COL_NAME_KEYWORDS | keywords.TYPE_FUNC_NAME_KEYWORDS
# What format_type calls otherwise than pg_type does; {} is where a length or a precision stands.
WORDS = {
    "bit": "bit{}",
    "bool": "boolean",
    "bpchar": "character{}",
    "float4": "real",
    "float8": "double precision",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "json": "json",
    "numeric": "numeric{}",
    "time": "time{} without time zone",
    "timestamp": "timestamp{} without time zone",
    "timestamptz": "timestamp{} with time zone",
    "timetz": "time{} with time zone",
    "varbit": "bit varying{}",
    "varchar": "character varying{}",
    # No types: the grammar makes a sequence and one of these.
    "bigserial": "bigint",
    "serial": "integer",
    "smallserial": "smallint",
}


def quote_ident(name: str) -> str:
    """A name as the function of that name writes it; of the newest server, which quotes most."""
    bare = re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in QUOTED
    return name if bare else '"' + name.replace('"', '""') + '"'


def format_type(written: str) -> str:
    """A type as the function of that name writes it; what is no type stays as it is."""
    try:
        statement: Any = parse_sql(f"create table t (c {written})")[0].stmt
    except ParseError:
        return written
    type_ = statement.tableElts[0].typeName
    return _element(type_) + "[]" * bool(type_.arrayBounds)


def _element(type_: Any) -> str:
    names = [part.sval for part in type_.names]
    if names[0] == "pg_catalog":
        del names[0]
    modifiers = [RawStream()(modifier) for modifier in type_.typmods or ()]
    if names == ["numeric"] and len(modifiers) == 1:
        modifiers.append("0")
    inside = f"({','.join(modifiers)})" if modifiers else ""
    if names == ["interval"]:  # its modifiers are bits
        return RawStream()(type_).partition("[")[0].replace(" (", "(")
    if len(names) == 1 and names[0] in WORDS:
        return WORDS[names[0]].format(inside)
    return ".".join(map(quote_ident, names)) + inside
