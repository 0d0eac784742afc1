"""Random schemas, and random ways in which a target may have drifted from one."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

NAMES = ["a", "b", "Odd Name", 'qu"ote', "select", "ünï", "x" * 60]
TYPES = {
    "integer": ["0", "1"],
    "bigint": ["7"],
    "text": ["''", "'it''s'", "'a\\b'"],
    "character varying(20)": ["'v'"],
    "numeric(8,2)": ["1.50"],
    "boolean": ["true"],
    "timestamp with time zone": ["now()", "'2026-01-01 10:00+02'"],
    "text[]": ["'{}'", "array['a']"],
    "jsonb": ["'{}'"],
    "interval": ["'1 day'"],
}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Column:
    name: str
    kind: str
    required: bool
    default: str | None

    def sql(self) -> str:
        words = [quoted(self.name), self.kind, "not null" if self.required else ""]
        words.append(f"default {self.default}" if self.default is not None else "")
        return " ".join(words)


@dataclass
class Table:
    name: str
    columns: list[Column]
    extras: list[str] = field(default_factory=list)
    """Statements on it."""

    def sql(self) -> str:
        columns = ", ".join(column.sql() for column in self.columns)
        return "\n".join([f"create table {quoted(self.name)} ({columns});", *self.extras])


names = st.sampled_from(NAMES)


@st.composite
def columns(draw: st.DrawFn, name: str) -> Column:
    kind = draw(st.sampled_from(sorted(TYPES)))
    default = draw(st.none() | st.sampled_from(TYPES[kind]))
    return Column(name, kind, draw(st.booleans()), default)


@st.composite
def tables(draw: st.DrawFn, name: str) -> Table:
    own = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    table = Table(name, [draw(columns(column)) for column in own])
    for number in range(draw(st.integers(0, 3))):
        table.extras.append(draw(extras(table, number)))
    return table


@st.composite
def extras(draw: st.DrawFn, table: Table, number: int) -> str:
    """An index, a constraint, a policy, a trigger, a view: whatever stands on a table."""
    where = quoted(table.name)
    column = draw(st.sampled_from(table.columns))
    of, name = quoted(column.name), quoted(f"{table.name[:20]} {number}")
    check = f"{of} is not null"
    if column.kind.startswith("character"):
        check = f"{of} in ('a', 'b''c')"
    return draw(
        st.sampled_from(
            [
                f"create index {name} on {where} ({of});",
                f"create unique index on {where} ({of}) where {check};",
                f"alter table {where} add constraint {name} check ({check});",
                f"alter table {where} add unique ({of});",
                f"create policy {name} on {where} using ({check});",
                f"create statistics {name} on ({of} is null), ({of} is not null) from {where};",
                f"create trigger {name} before insert on {where} execute function f();",
                f"create rule {name} as on delete to {where} do instead nothing;",
                f"alter table {where} enable row level security;",
                f"alter table {where} set (fillfactor = {50 + number});",
            ]
        )
    )


@st.composite
def schemas(draw: st.DrawFn) -> list[Table]:
    own = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    return [draw(tables(name)) for name in own]


def sql_of(schema: list[Table]) -> str:
    f = "create function f() returns trigger language plpgsql as 'begin return new; end';"
    return "\n".join([f, *(table.sql() for table in schema)])


@st.composite
def drifts(draw: st.DrawFn, schema: list[Table]) -> str:
    """A statement that changes the schema, or does nothing at all."""
    table = draw(st.sampled_from(schema))
    column = draw(st.sampled_from(table.columns))
    alter = f"alter table {quoted(table.name)}"
    of = f"{alter} alter {quoted(column.name)}"
    fresh = draw(columns("fresh"))
    value = draw(st.sampled_from(TYPES[column.kind]))
    return draw(
        st.sampled_from(
            [
                "select;",
                f"{alter} add {fresh.sql()};",
                f"{alter} rename {quoted(column.name)} to fresh;",
                f"{alter} rename to fresh;",
                f"{of} set not null;",
                f"{of} drop not null;",
                f"{of} set default {value};",
                f"{of} drop default;",
                f"{alter} drop {quoted(column.name)} cascade;",
                f"drop table {quoted(table.name)};",
                f"{alter} enable row level security;",
                f"{alter} replica identity full;",
                f"{alter} set (fillfactor = 50);",
                draw(extras(table, 7)),
                draw(tables("other")).sql(),
            ]
        )
    )
