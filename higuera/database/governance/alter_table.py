"""What ALTER TABLE does to the code that runs already, command by command. Pure."""

from collections.abc import Iterator
from typing import Any

from pglast import ast
from pglast.enums import A_Expr_Kind, ConstrType
from pglast.enums import AlterTableType as At

from higuera.database.governance.syntax import ADDS, Made, Name, Verdict, dotted, name_of, walk

# Column types that bring their own default.
SERIAL = ("serial", "bigserial", "smallserial", "serial2", "serial4", "serial8")
# What takes something away or narrows it, in words ({} is the name).
NARROWING = {
    At.AT_DropColumn: "drops column {}",
    At.AT_DropConstraint: "drops constraint {}",
    At.AT_DropExpression: "drops what column {} is generated from",
    At.AT_DropIdentity: "drops the identity of column {}",
    At.AT_SetExpression: "changes what column {} is generated from",
    At.AT_AlterColumnType: "changes the type of column {}",
    At.AT_DropInherit: "ends its inheritance",
    At.AT_DetachPartition: "detaches a partition",
    At.AT_DetachPartitionFinalize: "detaches a partition",
    At.AT_EnableRowSecurity: "turns on row security",
    At.AT_ForceRowSecurity: "forces row security",
}
# What takes nothing from anybody.
HARMLESS = frozenset(
    {
        At.AT_DropNotNull,
        At.AT_SetStatistics,
        At.AT_SetOptions,
        At.AT_ResetOptions,
        At.AT_SetStorage,
        At.AT_SetCompression,
        At.AT_ValidateConstraint,
        At.AT_SetAccessMethod,
        At.AT_SetTableSpace,
        At.AT_SetRelOptions,
        At.AT_ResetRelOptions,
        At.AT_ClusterOn,
        At.AT_DropCluster,
        At.AT_AddInherit,
        At.AT_AttachPartition,
        At.AT_ReplicaIdentity,
    }
)
# What fills a column may be the same in two rows; an identity and a serial never are.
SAME_FOR_MANY = {ConstrType.CONSTR_DEFAULT, ConstrType.CONSTR_GENERATED}
# What a null may fail in a CHECK; it passes plain comparisons.
SEES_NULL = (ast.NullTest, ast.BooleanTest, ast.CoalesceExpr, ast.FuncCall)
DISTINCT = (A_Expr_Kind.AEXPR_DISTINCT, A_Expr_Kind.AEXPR_NOT_DISTINCT)
CONSTRAINTS = {
    ConstrType.CONSTR_PRIMARY: "primary key",
    ConstrType.CONSTR_UNIQUE: "unique",
    ConstrType.CONSTR_CHECK: "check",
    ConstrType.CONSTR_FOREIGN: "foreign key",
    ConstrType.CONSTR_EXCLUSION: "exclusion",
    ConstrType.CONSTR_NOTNULL: "not null",
}


def alter_table(statement: Any, made: Made) -> Iterator[Verdict]:
    """One verdict a command; anything may be done to a table that the same file made."""
    table = name_of(statement.relation)
    for command in statement.cmds:
        verdict = _command(table, command, made)
        yield ADDS if table in made.names else verdict


def _command(table: Name, command: Any, made: Made) -> Verdict:
    rule = {
        At.AT_AddColumn: _add_column,
        At.AT_ColumnDefault: _default,
        At.AT_SetNotNull: _not_null,
        At.AT_AddConstraint: _add_constraint,
        At.AT_AddIndexConstraint: _add_constraint,
    }.get(command.subtype)
    if rule is not None:
        return rule(table, command, made)
    if command.subtype in HARMLESS:
        return ADDS
    if command.subtype not in NARROWING:
        words = command.subtype.name.removeprefix("AT_")
        return "unknown", f"{dotted(table)}: {words}: not known what that does to running code"
    if (*table, command.name) in made.columns:
        return ADDS
    return "contract", f"{dotted(table)}: {NARROWING[command.subtype].format(command.name)}"


def _add_column(table: Name, command: Any, made: Made) -> Verdict:
    column = command.def_
    given = {constraint.contype: constraint for constraint in column.constraints or ()}
    filled = _is_filled(column, given)
    if not command.missing_ok and ConstrType.CONSTR_GENERATED not in given:
        # One that was there already is not new; a generated one is made of what old code writes.
        made.columns[(*table, column.colname)] = filled
    if given.keys() & {ConstrType.CONSTR_NOTNULL, ConstrType.CONSTR_PRIMARY} and not filled:
        return "contract", f"{dotted(table)}: adds required column {column.colname}"
    if ConstrType.CONSTR_UNIQUE in given and given.keys() & SAME_FOR_MANY:
        return "contract", f"{dotted(table)}: what fills {column.colname} may be there already"
    for constraint in column.constraints or ():
        if constraint.contype == ConstrType.CONSTR_CHECK:
            verdict = _constraint(table, constraint, made)
            if verdict != ADDS:
                return verdict
    return ADDS


def _is_filled(column: Any, given: dict[Any, Any]) -> bool:
    if given.keys() & {ConstrType.CONSTR_IDENTITY, ConstrType.CONSTR_GENERATED}:
        return True
    if tuple(column.typeName.names)[-1].sval in SERIAL:
        return True
    default = given.get(ConstrType.CONSTR_DEFAULT)
    return default is not None and not _is_null(default.raw_expr)


def _is_null(expression: Any) -> bool:
    while isinstance(expression, ast.TypeCast):  # NULL::text
        expression = expression.arg
    return isinstance(expression, ast.A_Const) and bool(expression.isnull)


def _default(table: Name, command: Any, made: Made) -> Verdict:
    column = (*table, command.name)
    filled = command.def_ is not None and not _is_null(command.def_)
    if column in made.columns:
        made.columns[column] = filled
    elif not filled:
        return "contract", f"{dotted(table)}: drops the default of column {command.name}"
    return ADDS


def _not_null(table: Name, command: Any, made: Made) -> Verdict:
    if made.columns.get((*table, command.name)):
        return ADDS
    return "contract", f"{dotted(table)}: sets column {command.name} not null"


def _add_constraint(table: Name, command: Any, made: Made) -> Verdict:
    return _constraint(table, command.def_, made)


def _constraint(table: Name, constraint: Any, made: Made) -> Verdict:
    kind = getattr(constraint, "contype", ConstrType.CONSTR_UNIQUE)  # of an index that is there
    if _binds_no_old_code(table, kind, constraint, made):
        return ADDS
    return "contract", f"{dotted(table)}: {CONSTRAINTS[kind]} constraint narrows what is written"


def _binds_no_old_code(table: Name, kind: ConstrType, constraint: Any, made: Made) -> bool:
    """Old code leaves the columns of this file null, and null passes all of these."""
    if kind in (ConstrType.CONSTR_UNIQUE, ConstrType.CONSTR_FOREIGN):
        if not isinstance(constraint, ast.Constraint) or constraint.nulls_not_distinct:
            return False
        keys = (*(constraint.keys or ()), *(constraint.fk_attrs or ()))
        return any(made.columns.get((*table, key.sval)) is False for key in keys)
    if kind == ConstrType.CONSTR_CHECK:
        return _passes_nulls(table, list(walk(constraint.raw_expr)), made)
    return False


def _passes_nulls(table: Name, expression: list[Any], made: Made) -> bool:
    """Whether a CHECK names new columns alone, and lets them be what old code leaves there."""
    named = [node for node in expression if isinstance(node, ast.ColumnRef)]
    columns = [(*table, getattr(tuple(node.fields or ())[-1], "sval", "*")) for node in named]
    if not columns or not all(column in made.columns for column in columns):
        return False
    if all(made.columns[column] for column in columns):
        return True  # the default was held against it for the rows that are there
    return not any(
        isinstance(node, SEES_NULL) or getattr(node, "kind", None) in DISTINCT
        for node in expression
    )
