"""SQL that makes an object from its properties; empty where that is not plain."""

from collections.abc import Callable

from higuera.database.catalog import Properties
from higuera.database.names import Name

Maker = Callable[[Name, Properties], list[str]]
NOT_PLAIN: list[str] = []


def create(name: Name, properties: Properties) -> list[str]:
    """The statements, each with its semicolon; an empty list where that is not plain."""
    maker = _MAKERS.get(name.kind)
    return maker(name, properties) if maker else NOT_PLAIN


def literal(value: object) -> str:
    """An SQL string literal."""
    text = str(value)
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def options(given: object) -> str:
    """From `['fillfactor=90']` to `fillfactor='90'`."""
    pairs = [str(each).partition("=") for each in given] if isinstance(given, list) else []
    return ", ".join(f"{key}={literal(value)}" for key, _, value in pairs)


def column_text(properties: Properties) -> str:
    """All that stands behind a column's name; without what only ALTER TABLE can say."""
    words = [str(properties["type"])]
    if collation := properties.get("collation"):
        words.append(f"COLLATE {collation}")
    if properties.get("not null"):
        words.append("NOT NULL")
    if (default := properties.get("default")) is not None:
        words.append(f"DEFAULT {default}")
    if generated := properties.get("generated"):
        expression, _, kind = str(generated).rpartition(" ")
        words.append(f"GENERATED ALWAYS AS ({expression}) {kind}")
    if properties.get("identity"):
        words.append(identity(properties))
    return " ".join(words)


def identity(properties: Properties) -> str:
    """`GENERATED ALWAYS AS IDENTITY (START WITH 5)`."""
    text = f"GENERATED {properties['identity']} AS IDENTITY"
    sequence = properties.get("sequence")
    return f"{text} ({sequence})" if sequence else text


def column_extras(table: str, column: str, properties: Properties) -> list[str]:
    """What is said of a column once it is there."""
    alter = f"ALTER TABLE {table} ALTER COLUMN {column}"
    made = []
    for key in ("storage", "compression", "statistics"):
        if key in properties:
            made.append(f"{alter} SET {key.upper()} {properties[key]};")
    if "options" in properties:
        made.append(f"{alter} SET ({options(properties['options'])});")
    return made


def _column(name: Name, properties: Properties) -> list[str]:
    if "type" not in properties or "foreign options" in properties:
        return NOT_PLAIN  # it is inherited, and only somewhat changed
    add = f"ALTER TABLE {name.owner} ADD COLUMN {name.last} {column_text(properties)};"
    has_value = {"default", "generated", "identity"} & properties.keys()
    if properties.get("not null") and not has_value:
        add += " -- refused while the table holds rows: they have no value for it"
    return [add, *column_extras(name.owner, name.last, properties)]


def _defined(name: Name, properties: Properties) -> list[str]:
    """Functions, indexes and others whose definition is the statement itself."""
    if properties.get("valid") is False or "definition" not in properties:
        return NOT_PLAIN
    definition = str(properties["definition"]).strip().rstrip(";")
    if name.kind == "index":
        definition = definition.replace(" ON ONLY ", " ON ", 1)  # of a partitioned table: on all
    made = [f"{definition};"]
    if properties.get("clustered"):
        made.append(f"ALTER TABLE {properties['of']['table']} CLUSTER ON {name.last};")
    if "statistics" in properties:
        return NOT_PLAIN
    if "target" in properties:
        made.append(f"ALTER STATISTICS {name.rest} SET STATISTICS {properties['target']};")
    if state := properties.get("state"):
        made.append(f"ALTER TABLE {name.owner} {state} {name.kind.upper()} {name.last};")
    return made


def _constraint(name: Name, properties: Properties) -> list[str]:
    definition = properties["definition"]
    return [f"ALTER TABLE {name.owner} ADD CONSTRAINT {name.last} {definition};"]


def _view(name: Name, properties: Properties) -> list[str]:
    given = f" WITH ({options(properties['options'])})" if "options" in properties else ""
    method = f" USING {properties['access method']}" if "access method" in properties else ""
    definition = str(properties["definition"]).strip().rstrip(";")
    made = [f"CREATE {name.kind.upper()} {name.rest}{method}{given} AS {definition};"]
    for column, default in (properties.get("defaults") or {}).items():
        made.append(f"ALTER VIEW {name.rest} ALTER COLUMN {column} SET DEFAULT {default};")
    return made


def _policy(name: Name, properties: Properties) -> list[str]:
    text = f"CREATE POLICY {name.last} ON {name.owner}"
    text += " AS RESTRICTIVE" if properties.get("restrictive") else ""
    text += f" FOR {properties['command']} TO {', '.join(properties['roles'])}"
    if using := properties.get("using"):
        text += f" USING ({using})"
    if check := properties.get("with check"):
        text += f" WITH CHECK ({check})"
    return [f"{text};"]


def _enum(name: Name, properties: Properties) -> list[str]:
    values = ", ".join(literal(value) for value in properties.get("values") or [])
    return [f"CREATE TYPE {name.rest} AS ENUM ({values});"]


def _domain(name: Name, properties: Properties) -> list[str]:
    said = ("type", "collation", "not null")
    plain: Properties = {key: properties[key] for key in said if key in properties}
    text = f"CREATE DOMAIN {name.rest} AS {column_text(plain)}"
    if "default" in properties:
        text += f" DEFAULT {properties['default']}"
    made = [f"{text};"]
    for key, definition in properties.items():
        if key.startswith("constraint "):
            made.append(f"ALTER DOMAIN {name.rest} ADD {key.upper()[:10]}{key[10:]} {definition};")
    return made


def _type(name: Name, properties: Properties) -> list[str]:
    if "input" in properties:
        return NOT_PLAIN
    if "range of" not in properties:
        attributes = ", ".join(properties.get("attributes") or [])
        return [f"CREATE TYPE {name.rest} AS ({attributes});"]
    words = {
        "subtype": "range of",
        "subtype_opclass": "operator class",
        "collation": "collation",
        "canonical": "canonical",
        "subtype_diff": "difference",
        "multirange_type_name": "multirange",
    }
    given = [f"{word} = {properties[key]}" for word, key in words.items() if key in properties]
    return [f"CREATE TYPE {name.rest} AS RANGE ({', '.join(given)});"]


def sequence_text(properties: Properties) -> str:
    """All that stands behind a sequence's name."""
    return (
        f"AS {properties['type']} INCREMENT BY {properties['increment']}"
        f" MINVALUE {properties['min']} MAXVALUE {properties['max']}"
        f" START WITH {properties['start']} CACHE {properties['cache']}"
        f" {'CYCLE' if properties.get('cycle') else 'NO CYCLE'}"
    )


def _sequence(name: Name, properties: Properties) -> list[str]:
    unlogged = "UNLOGGED " if properties.get("unlogged") else ""
    made = [f"CREATE {unlogged}SEQUENCE {name.rest} {sequence_text(properties)};"]
    if owned := properties.get("owned by"):
        made.append(f"ALTER SEQUENCE {name.rest} OWNED BY {owned};")
    return made


def _schema(name: Name, properties: Properties) -> list[str]:
    return [f"CREATE SCHEMA {name.rest};"]


def _extension(name: Name, properties: Properties) -> list[str]:
    return [f"CREATE EXTENSION {name.rest} WITH SCHEMA {properties['schema']};"]


def _event_trigger(name: Name, properties: Properties) -> list[str]:
    tags = ", ".join(literal(tag) for tag in properties.get("tags") or [])
    when = f" WHEN TAG IN ({tags})" if tags else ""
    made = [
        f"CREATE EVENT TRIGGER {name.rest} ON {properties['event']}{when}"
        f" EXECUTE FUNCTION {properties['function']};"
    ]
    if state := properties.get("state"):
        made.append(f"ALTER EVENT TRIGGER {name.rest} {state};")
    return made


def _publication(name: Name, properties: Properties) -> list[str]:
    tables, schemas = properties.get("tables") or [], properties.get("schemas") or []
    of = [f"TABLE {table}" for table in tables] + [f"TABLES IN SCHEMA {each}" for each in schemas]
    target = "FOR ALL TABLES" if properties.get("all tables") else f"FOR {', '.join(of)}" * bool(of)
    given = f"publish = {literal(properties['publish'])}"
    given += ", publish_via_partition_root = true" if properties.get("via root") else ""
    if "generated columns" in properties:
        return NOT_PLAIN
    return [" ".join(f"CREATE PUBLICATION {name.rest} {target} WITH ({given});".split())]


_MAKERS: dict[str, Maker] = {
    "schema": _schema,
    "extension": _extension,
    "enum": _enum,
    "domain": _domain,
    "type": _type,
    "sequence": _sequence,
    "function": _defined,
    "procedure": _defined,
    "column": _column,
    "constraint": _constraint,
    "index": _defined,
    "view": _view,
    "materialized view": _view,
    "trigger": _defined,
    "policy": _policy,
    "rule": _defined,
    "statistics": _defined,
    "publication": _publication,
    "event trigger": _event_trigger,
}
