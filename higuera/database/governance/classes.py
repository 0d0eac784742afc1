"""What one statement does to the code that runs already: expand, data or contract. Pure.

The question behind each rule: does the release before this one go on working? What cannot be told
from the text (a DO block, a procedure, a replaced function) is `unknown`, and treated as contract.
"""

from collections.abc import Callable, Iterator
from typing import Any, get_args

from pglast import ast

from higuera.database.governance.alter_table import alter_table
from higuera.database.governance.syntax import (
    ADDS,
    Kind,
    Made,
    Name,
    Verdict,
    dotted,
    name_of,
    qualified,
    walk,
)

# The highest of its statements' classes is a migration's. Unknown may be anything below contract
# and contract too, so it stands above what is known to be less.
RANKS: tuple[Kind, ...] = get_args(Kind)

# Functions that a SELECT may call without leaving a trace (PostgreSQL 15, chapter 9).
HARMLESS = frozenset(
    [
        *("abs", "array_agg", "avg", "bool_and", "bool_or", "btrim", "cardinality", "count"),
        *("current_database", "current_schema", "current_setting", "date_trunc", "extract"),
        *("format", "gen_random_uuid", "generate_series", "json_agg", "json_build_object"),
        *("jsonb_agg", "jsonb_build_object", "left", "length", "lower", "ltrim", "max", "md5"),
        *("min", "now", "pg_get_constraintdef", "pg_get_indexdef", "position", "replace", "right"),
        *("round", "row_number", "rtrim", "set_config", "string_agg", "substr", "substring"),
        *("sum", "timezone", "to_char", "to_regclass", "to_regtype", "unnest", "upper", "version"),
    ]
)
WRITES = {
    ast.InsertStmt: "INSERT INTO",
    ast.UpdateStmt: "UPDATE",
    ast.DeleteStmt: "DELETE FROM",
    ast.MergeStmt: "MERGE INTO",
}
# Dropped things that share the names of tables, or of types.
NAMED = ("TABLE", "FOREIGN_TABLE", "INDEX", "VIEW", "MATVIEW", "SEQUENCE", "TYPE", "DOMAIN")
WORDS = {"MATVIEW": "MATERIALIZED VIEW", "OPCLASS": "OPERATOR CLASS", "STATISTIC_EXT": "STATISTICS"}
# Never in a transaction, whatever their options.
ALONE = (
    ast.CreatedbStmt,
    ast.DropdbStmt,
    ast.CreateTableSpaceStmt,
    ast.DropTableSpaceStmt,
    ast.AlterSystemStmt,
)
# ALTER DOMAIN, by PostgreSQL's letter (AlterDomainStmt in parsenodes.h).
DOMAIN_NARROWING = {
    "O": "sets it not null",
    "C": "adds a constraint",
    "X": "drops a constraint",
}


def judge(statement: Any, made: Made) -> list[Verdict]:
    """What a statement does, one verdict or more; `made` learns what it makes."""
    rule = RULES.get(type(statement))
    if rule is not None:
        return list(rule(statement, made))
    name = type(statement).__name__.removesuffix("Stmt")
    return [("unknown", f"{name}: not known what that does to running code")]


def runs_alone(statement: Any) -> bool:
    """Whether PostgreSQL refuses it inside a transaction: CONCURRENTLY, VACUUM and their like."""
    if isinstance(statement, ast.ReindexStmt):
        return any(option.defname == "concurrently" for option in statement.params or ())
    if isinstance(statement, ast.VacuumStmt):
        return bool(statement.is_vacuumcmd)  # ANALYZE is the same node
    if isinstance(statement, ast.AlterTableStmt):  # DETACH PARTITION … CONCURRENTLY
        return any(getattr(command.def_, "concurrent", False) for command in statement.cmds or ())
    if isinstance(statement, (ast.IndexStmt, ast.DropStmt)):
        return bool(statement.concurrent)
    return isinstance(statement, ALONE)


def _additive(statement: Any, made: Made) -> Iterator[Verdict]:
    yield ADDS


def _create_relation(statement: Any, made: Made) -> Iterator[Verdict]:
    relations = (getattr(statement, slot, None) for slot in ("relation", "sequence", "view"))
    name = name_of(next(relation for relation in relations if relation is not None))
    if getattr(statement, "replace", False):
        yield "unknown", f"OR REPLACE: running code may rely on the {dotted(name)} that was there"
        return
    if not getattr(statement, "if_not_exists", False):  # what was there already is not new
        made.names.add(name)
    yield ADDS


def _create_type(statement: Any, made: Made) -> Iterator[Verdict]:
    given = statement.domainname if isinstance(statement, ast.CreateDomainStmt) else None
    made.names.add(qualified(given or statement.typeName))
    yield ADDS


def _create_code(statement: Any, made: Made) -> Iterator[Verdict]:
    if statement.replace:
        yield "unknown", "OR REPLACE: running code may rely on what was there"
        return
    yield ADDS


def _create_trigger(statement: Any, made: Made) -> Iterator[Verdict]:
    """Triggers and rules: they run within the statements of running code."""
    table = name_of(statement.relation)
    if table in made.names:
        yield ADDS
        return
    yield "unknown", f"{dotted(table)}: a trigger or rule changes what running code's writes do"


def _create_index(statement: Any, made: Made) -> Iterator[Verdict]:
    table = name_of(statement.relation)
    if statement.idxname and not statement.if_not_exists:
        made.names.add((table[0], statement.idxname))
    keys = [(*table, element.name) for element in statement.indexParams if element.name]
    new = table in made.names or any(made.columns.get(key) is False for key in keys)
    if statement.unique and (not new or statement.nulls_not_distinct):
        yield "contract", f"{dotted(table)}: unique index narrows what is written"
        return
    yield ADDS


def _create_policy(statement: Any, made: Made) -> Iterator[Verdict]:
    if statement.permissive:
        yield ADDS
        return
    yield "contract", f"restrictive policy {statement.policy_name} hides rows"


def _drop(statement: Any, made: Made) -> Iterator[Verdict]:
    word = statement.removeType.name.removeprefix("OBJECT_")
    for item in statement.objects:
        name = _object(item)
        if word in NAMED and name in made.names:
            made.names.discard(name)
            yield ADDS
        else:
            yield "contract", f"DROP {WORDS.get(word, word.replace('_', ' '))} {dotted(name)}"


def _object(item: Any) -> Name:
    if isinstance(item, ast.ObjectWithArgs):
        return qualified(item.objname)
    if isinstance(item, ast.TypeName):
        return qualified(item.names)
    return qualified(item if isinstance(item, tuple) else (item,))


def _drop_other(statement: Any, made: Made) -> Iterator[Verdict]:
    words = type(statement).__name__.removesuffix("Stmt").removeprefix("Drop")
    yield "contract", f"DROP {words.upper()}"


def _rename(statement: Any, made: Made) -> Iterator[Verdict]:
    old = name_of(statement.relation) if statement.relation else ()
    column = (*old, statement.subname or "")
    if column in made.columns:
        made.columns[(*old, statement.newname)] = made.columns[column]
        yield ADDS
    elif old in made.names:
        if not statement.subname:
            made.names.add((old[0], statement.newname))
        yield ADDS
    else:
        name = dotted(old or _object(statement.object)) if old or statement.object else ""
        where = f"{name}: " if name else ""
        yield "contract", f"{where}renames {statement.subname or 'it'} to {statement.newname}"


def _move(statement: Any, made: Made) -> Iterator[Verdict]:
    yield "contract", f"moves something to schema {statement.newschema}"


def _alter_enum(statement: Any, made: Made) -> Iterator[Verdict]:
    if statement.oldVal:
        yield "contract", f"{_type(statement)}: renames the value {statement.oldVal}"
        return
    yield ADDS


def _alter_domain(statement: Any, made: Made) -> Iterator[Verdict]:
    letter = statement.subtype
    if qualified(statement.typeName) in made.names:
        yield ADDS
    elif letter == "T" and statement.def_ is None:
        yield "contract", f"{_type(statement)}: drops its default"
    elif letter in DOMAIN_NARROWING:
        yield "contract", f"{_type(statement)}: {DOMAIN_NARROWING[letter]}"
    else:
        yield ADDS


def _type(statement: Any) -> str:
    return dotted(qualified(statement.typeName))


def _alter_sequence(statement: Any, made: Made) -> Iterator[Verdict]:
    name = dotted(name_of(statement.sequence))
    options = {option.defname for option in statement.options or ()}
    if options == {"owned_by"}:
        yield ADDS
    elif "restart" in options:
        yield "data", f"restarts sequence {name}"
    else:
        yield "unknown", f"changes how sequence {name} counts"


def _grant(statement: Any, made: Made) -> Iterator[Verdict]:
    granted = getattr(statement, "action", statement).is_grant
    yield ADDS if granted else ("contract", "REVOKE")


def _set(statement: Any, made: Made) -> Iterator[Verdict]:
    if statement.name == "search_path":
        made.forget()
    yield ADDS


def _truncate(statement: Any, made: Made) -> Iterator[Verdict]:
    names = ", ".join(dotted(name_of(relation)) for relation in statement.relations)
    yield "data", f"TRUNCATE {names}"


def _copy(statement: Any, made: Made) -> Iterator[Verdict]:
    if statement.is_program:
        yield "unknown", "COPY … PROGRAM: not known what it runs"
    elif statement.is_from:
        yield "data", f"COPY {dotted(name_of(statement.relation))} FROM"
    else:
        yield from _query(statement, made)


def _query(statement: Any, made: Made) -> Iterator[Verdict]:
    """What a query calls may write. The writes in its WITH are found by who walks it."""
    into = getattr(statement, "into", None) or getattr(statement, "intoClause", None)
    if into is not None and not getattr(statement, "if_not_exists", False):
        made.names.add(name_of(into.rel))
    calls = {_called(node) for node in walk(statement) if isinstance(node, ast.FuncCall)}
    if "set_config" in calls:
        made.forget()
    if unknown := sorted(calls - HARMLESS):
        yield "data", f"SELECT calls {', '.join(unknown)}, which may write"
        return
    yield ADDS


def _called(call: Any) -> str:
    words = [part.sval for part in call.funcname]
    return words[-1] if words[0] == "pg_catalog" else ".".join(words)


def _write(statement: Any, made: Made) -> Iterator[Verdict]:
    yield "data", written(statement)


def written(statement: Any) -> str:
    """`DELETE FROM forms`."""
    return f"{WRITES[type(statement)]} {dotted(name_of(statement.relation))}"


def _black_box(statement: Any, made: Made) -> Iterator[Verdict]:
    word = type(statement).__name__.removesuffix("Stmt").upper()
    yield "unknown", f"{word}: not known what it runs"


Rule = Callable[[Any, Made], Iterator[Verdict]]
# By the node's name without `Stmt`; what is not here is unknown.
_BY_NAME: dict[Rule, str] = {
    _additive: """
        CheckPoint ClosePortal Cluster Comment CompositeType ConstraintsSet CreateAm CreateCast
        CreateConversion CreateExtension CreateFdw CreateForeignServer CreateOpClass CreateOpFamily
        CreatePLang CreatePublication CreateRole CreateSchema CreateStats CreateSubscription
        CreateTableSpace CreateTransform CreateUserMapping Createdb Deallocate Discard Fetch
        ImportForeignSchema AlterStats Listen Lock Notify RefreshMatView Reindex SecLabel
        Transaction Unlisten Vacuum VariableShow""",
    _create_relation: "Create CreateForeignTable CreateSeq View",
    _create_type: "CreateEnum CreateDomain CreateRange",
    _create_code: "CreateFunction Define",
    _create_trigger: "CreateTrig Rule",
    _create_index: "Index",
    _create_policy: "CreatePolicy",
    alter_table: "AlterTable",
    _drop: "Drop",
    _drop_other: "DropRole DropOwned Dropdb DropSubscription DropTableSpace DropUserMapping",
    _rename: "Rename",
    _move: "AlterObjectSchema",
    _alter_enum: "AlterEnum",
    _alter_domain: "AlterDomain",
    _alter_sequence: "AlterSeq",
    _grant: "Grant GrantRole AlterDefaultPrivileges",
    _set: "VariableSet",
    _truncate: "Truncate",
    _copy: "Copy",
    _query: "Select CreateTableAs Explain Prepare DeclareCursor",
    _write: "Insert Update Delete Merge",
    _black_box: "Do Call Execute Load",
}
RULES: dict[type, Rule] = {
    getattr(ast, f"{name}Stmt"): rule for rule, names in _BY_NAME.items() for name in names.split()
}
