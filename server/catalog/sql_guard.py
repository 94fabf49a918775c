"""One statement of SQL, read strictly and written anew: only what is known to be harmless passes.

The text that a model wrote is never sent. It is parsed, every node of the tree is held against the lists below,
each table is replaced by the rows that may be seen of it, and the statement is generated from that tree.
"""

from __future__ import annotations

import difflib
import logging
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from server.catalog.sql_words import DATA_TYPES, FUNCTION_NAMES, FUNCTIONS, SHAPES

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # its warnings quote what a customer's model wrote

Dialect = Literal["sqlite", "postgresql", "mysql"]
DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgresql", "mysql")
MAX_CHARACTERS = 10_000
_GRAMMAR = {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mysql"}
_TABLES = 24
_NODES = 3_000
_DEPTH = 40
_TOKEN = secrets.token_hex(8)
_KEPT_NAMES = ("pg_", "sqlite_", "lo_")
_INSTEAD: dict[type[exp.Expr], str] = {
    exp.Collate: "`COLLATE` is not allowed here; compare `lower(…)`.",
    exp.Values: "`VALUES` is not allowed here; write the list itself, as in `IN (1, 2)`.",
    exp.RegexpLike: "A regular expression is not allowed here; use `LIKE`.",
    exp.RegexpILike: "A regular expression is not allowed here; use `LIKE`.",
    exp.Fetch: "`FETCH` is not allowed here; use `LIMIT`.",
}
_INSTEAD_OF_PART = {
    "joins": "A join in parentheses is not allowed; leave them out, or write a SELECT inside.",
    "locks": "Rows cannot be locked: nothing can be changed here.",
    "sample": "A sample of a table is not allowed; use `LIMIT`.",
}
_WORD = re.compile(r"[A-Za-z_]{1,20}")
_NUMBER = re.compile(r"[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?")
_SHOWN = 40


class NotAllowed(ValueError):
    """A statement that is not run; `str()` says why, `offset` where in its text when that is known."""

    def __init__(self, words: str, offset: int = 0) -> None:
        super().__init__(words)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Readable:
    """A table that may be read. `source` is the SELECT that stands for it; `columns` None when not known yet."""

    name: str
    source: str = ""
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a statement may name: tables by their lower-case names, and parameters such as `:order_id`."""

    dialect: Dialect
    tables: Mapping[str, Readable]
    parameters: frozenset[str] = frozenset()
    rows: int = 100


def checked(text: str, rules: Rules) -> exp.Query:
    """The tree of exactly one harmless SELECT. Raises NotAllowed."""
    if len(text) > MAX_CHARACTERS:
        raise NotAllowed(f"The statement is longer than {MAX_CHARACTERS:,} characters.")
    for wrong in ("\0", "_rapport"):
        if wrong in text.lower():
            raise NotAllowed(f"{wrong!r} may not stand in a statement.", text.lower().index(wrong))
    _shallow(text)
    return _checked(text, rules)


def _checked(text: str, rules: Rules) -> exp.Query:
    tree = _parsed(text, rules.dialect)
    nodes = list(tree.walk())
    if len(nodes) > _NODES:
        raise NotAllowed(f"The statement has more than {_NODES:,} parts; ask for less at once.")
    for node in nodes:
        if isinstance(node, exp.Placeholder) and node.name not in rules.parameters:
            raise NotAllowed(_no_parameter(node, rules), max(0, text.find(f":{node.name}")))
        _known(node, rules)
    _tables(tree, rules)
    _columns(tree, rules)
    _bounded(tree, rules.rows)
    return tree


def rewritten(text: str, rules: Rules) -> str:
    """The statement to send, with `:name` (SQLite) or `%(name)s` parameters. Raises NotAllowed.

    It is read twice: once as it came, once as it was generated, so that nothing can hide in how it is written.
    """
    first = _written(checked(text, rules), rules.dialect)
    tree = _checked(first, rules)
    if rules.dialect != "postgresql":
        _name_columns(tree)
    for table in list(tree.find_all(exp.Table)):
        _put_source(table, rules)
    for placeholder in list(tree.find_all(exp.Placeholder)):
        placeholder.replace(exp.Var(this=parameter(placeholder.name)))
    return finished(_written(tree, rules.dialect), rules.dialect)


def parameter(name: str) -> str:
    """What stands for a parameter in a `source`, until `finished`; no statement can contain it by itself."""
    return f"__{_TOKEN}_{name}__"


def finished(sql: str, dialect: Dialect) -> str:
    """The statement with parameters as the database's driver takes them."""
    if dialect == "sqlite":
        return re.sub(f"__{_TOKEN}_(\\w+?)__", r":\1", sql)
    return re.sub(f"__{_TOKEN}_(\\w+?)__", r"%(\1)s", sql.replace("%", "%%"))


# --- reading ---------------------------------------------------------------------------------------------


def _shallow(text: str) -> None:
    depth = 0
    for offset, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if depth > _DEPTH:
            raise NotAllowed(f"The statement is nested deeper than {_DEPTH} levels.", offset)


def _parsed(text: str, dialect: Dialect) -> exp.Query:
    try:
        found = [tree for tree in sqlglot.parse(text, dialect=_GRAMMAR[dialect]) if tree is not None]
    except SqlglotError as error:
        raise NotAllowed(*_said(error, text)) from None
    except (RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError):
        raise NotAllowed("The statement cannot be read as SQL.") from None
    if len(found) != 1:
        raise NotAllowed("Exactly one SELECT statement is taken.")
    tree = found[0]
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise NotAllowed("Only a SELECT statement is taken: nothing can be changed here.")
    return tree


def _said(error: SqlglotError, text: str) -> tuple[str, int]:
    details: list[dict[str, Any]] = getattr(error, "errors", [])
    if not details or not details[0].get("line"):
        return "The statement cannot be read as SQL.", 0
    lines = text.splitlines(keepends=True)
    before = sum(len(line) for line in lines[: details[0]["line"] - 1])
    near = str(details[0].get("highlight") or "")
    offset = max(0, min(before + details[0]["col"] - max(1, len(near)), len(text)))
    hint = f" near `{near[:_SHOWN]}`" if near.strip() else ""
    return f"The statement cannot be read as SQL{hint}.", offset


def _known(node: exp.Expr, rules: Rules) -> None:
    kind = type(node)
    shape = SHAPES.get(kind)
    if shape is None and kind not in FUNCTIONS:
        words = _INSTEAD.get(kind) or f"{_named(node, rules.dialect)} is not allowed here."
        raise NotAllowed(words, _offset(node))
    if shape is not None:
        extra = [key for key, value in node.args.items() if key not in shape and value not in (None, False, [])]
        if extra:
            said = f"`{extra[0].rstrip('_').upper()}` is not allowed in {_named(node, rules.dialect)}."
            raise NotAllowed(_INSTEAD_OF_PART.get(extra[0], said), _offset(node))
    _one(node, rules)


def _one(node: exp.Expr, rules: Rules) -> None:
    match node:
        case exp.Identifier():
            _identifier(node, rules.dialect)
        case exp.Anonymous() if str(node.this).lower() not in FUNCTION_NAMES or not isinstance(node.this, str):
            raise NotAllowed(f"The function `{str(node.this)[:_SHOWN]}` is not allowed here.", _offset(node))
        case exp.DataType() if str(node.this).rpartition(".")[2] not in DATA_TYPES:
            raise NotAllowed(f"The type `{node.sql()[:_SHOWN]}` is not allowed here.", _offset(node))
        case exp.Literal() if not node.is_string and not _NUMBER.fullmatch(str(node.this)):
            raise NotAllowed(f"`{str(node.this)[:_SHOWN]}` is no number that is taken here.", _offset(node))
        case exp.Var() if not _WORD.fullmatch(str(node.this)):
            raise NotAllowed(f"`{str(node.this)[:_SHOWN]}` is not allowed here.", _offset(node))
        case exp.Like() | exp.Glob() if rules.dialect == "sqlite":
            _pattern(node)


def _pattern(node: exp.Expr) -> None:
    """SQLite cannot be interrupted inside one comparison, whose time grows with each wildcard."""
    pattern = node.expression.this if isinstance(node.expression, exp.Escape) else node.expression
    if isinstance(pattern, exp.Placeholder):
        return
    if not isinstance(pattern, exp.Literal) or len(re.findall(r"[%*]+", str(pattern.this))) > 4:
        raise NotAllowed("A pattern must be a text with at most four wildcards.", _offset(node))


def _identifier(node: exp.Identifier, dialect: Dialect) -> None:
    name = str(node.this)
    if not name or len(name) > 63 or not name.isprintable() or "`" in name or '"' in name:
        raise NotAllowed(f"`{name[:_SHOWN]}` is no name that is taken here.", _offset(node))
    if name.lower().startswith(_KEPT_NAMES):
        raise NotAllowed(f"`{name[:_SHOWN]}` is not allowed here.", _offset(node))
    if dialect == "postgresql" and not node.args.get("quoted"):
        node.set("this", re.sub("[A-Z]+", lambda upper: upper[0].lower(), name))
    node.set("quoted", True)


def _no_parameter(node: exp.Placeholder, rules: Rules) -> str:
    name = (node.name or "?")[:_SHOWN]
    if not rules.parameters:
        return f"The parameter `{name}` is not allowed here; write the value itself."
    close = difflib.get_close_matches(name, rules.parameters, n=1)
    listed = ", ".join(f"`:{each}`" for each in sorted(rules.parameters))
    return f"`:{name}` is no parameter; " + (f"did you mean `:{close[0]}`?" if close else f"there are {listed}")


def _named(node: exp.Expr, dialect: Dialect) -> str:
    if not isinstance(node, exp.Func):
        return f"`{node.key.upper()}`"
    try:
        called = re.match(r"(\w{1,40})\(", node.sql(dialect=_GRAMMAR[dialect]))
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError):
        called = None
    return f"The function `{called[1] if called else node.sql_name()}`"


def _offset(node: exp.Expr) -> int:
    return next((int(each.meta["start"]) for each in node.walk() if "start" in each.meta), 0)


# --- tables and columns ----------------------------------------------------------------------------------


def _tables(tree: exp.Query, rules: Rules) -> None:
    parts = _parts(tree, rules)
    tables = list(tree.find_all(exp.Table))
    if len(tables) > _TABLES:
        raise NotAllowed(f"The statement reads more than {_TABLES} tables.")
    for table in tables:
        if not isinstance(table.this, exp.Identifier):
            raise NotAllowed("A function cannot stand in FROM here.", _offset(table))
        name = table.name.lower()
        if name in parts:
            if not _is_in_sight(table, parts[name]):
                told = f"`{table.name[:_SHOWN]}` is a part of WITH that cannot be seen from here"
                raise NotAllowed(f"{told}; write WITH at the beginning of the statement.", _offset(table))
            _rename(table, parts[name])
        elif name not in rules.tables and not table.name.startswith("_rapport_"):
            raise NotAllowed(_no_table(table.name, rules), _offset(table))


def _parts(tree: exp.Query, rules: Rules) -> dict[str, str]:
    """The parts of WITH under names of their own: a part that is out of sight is then no table at all."""
    parts: dict[str, str] = {}
    for part in tree.find_all(exp.CTE):
        name = part.alias.lower()
        if name in rules.tables or name in parts:
            words = "is a table" if name in rules.tables else "stands there twice"
            raise NotAllowed(f"`{part.alias[:_SHOWN]}` {words}; call this part of WITH something else.", _offset(part))
        number = name.removeprefix("_rapport_") if name.startswith("_rapport_") else str(len(parts) + 1)
        parts[name] = f"_rapport_{number}"
        part.args["alias"].set("this", exp.to_identifier(parts[name], quoted=True))
    return parts


def _is_in_sight(table: exp.Table, part: str) -> bool:
    above: exp.Expr | None = table
    while above is not None:
        there = above.args.get("with_")
        if there is not None and any(each.alias == part for each in there.expressions):
            return True
        above = above.parent
    return False


def _rename(table: exp.Table, name: str) -> None:
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
    table.set("this", exp.to_identifier(name, quoted=True))


def _no_table(name: str, rules: Rules) -> str:
    close = difflib.get_close_matches(name.lower(), rules.tables, n=1)
    there = f"did you mean `{rules.tables[close[0]].name}`?" if close else f"there are {_listed(rules)}"
    return f"There is no table `{name[:_SHOWN]}`; {there}"


def _listed(rules: Rules) -> str:
    return ", ".join(f"`{table.name}`" for table in rules.tables.values())


def _columns(tree: exp.Query, rules: Rules) -> None:
    real = {name.lower() for table in rules.tables.values() for name in table.columns or ()}
    if not real:
        return
    known = real | {name.lower() for name in _given_names(tree)}
    for column in tree.find_all(exp.Column):
        if isinstance(column.this, exp.Identifier) and column.name.lower() not in known:
            close = difflib.get_close_matches(column.name.lower(), sorted(real), n=1)
            hint = f"did you mean `{close[0]}`?" if close else "see the tables' columns."
            raise NotAllowed(f"There is no column `{column.name[:_SHOWN]}`; {hint}", _offset(column))


def _given_names(tree: exp.Query) -> Iterator[str]:
    for node in tree.find_all(exp.Alias, exp.TableAlias):
        yield node.name if isinstance(node, exp.TableAlias) else node.alias
        if isinstance(node, exp.TableAlias):
            yield from (each.name for each in node.args.get("columns") or ())
    yield from (table.name for table in tree.find_all(exp.Table))


def _bounded(tree: exp.Query, rows: int) -> None:
    """Makes the statement bring at most one row more than wanted, so that a cut is seen."""
    most = rows + 1
    limit = tree.args.get("limit")
    if limit is not None:
        said = limit.expression
        if not isinstance(said, exp.Literal) or not str(said.this).isascii() or not str(said.this).isdigit():
            raise NotAllowed("LIMIT needs a whole number.", _offset(limit))
        most = min(most, int(said.this))
        limit.set("expression", exp.Literal.number(most))
    else:
        tree.set("limit", exp.Limit(expression=exp.Literal.number(most)))


# --- writing ---------------------------------------------------------------------------------------------


def _name_columns(tree: exp.Query) -> None:
    """Names what SQLite and MySQL name by its text, in which the source of a table would be told as well."""
    for place, value in enumerate(list(tree.selects), 1):
        if not isinstance(value, exp.Alias) and value.find(exp.Table):
            value.replace(exp.alias_(value.copy(), f"value_{place}", quoted=True))


def _put_source(table: exp.Table, rules: Rules) -> None:
    readable = rules.tables.get(table.name.lower())
    if readable is None:
        return
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
    table.replace(exp.Subquery(this=exp.Var(this=readable.source), alias=alias.copy()))


def _written(tree: exp.Query, dialect: Dialect) -> str:
    try:
        sql = tree.sql(dialect=_GRAMMAR[dialect], identify=True, comments=False, unsupported_level=ErrorLevel.RAISE)
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError):
        raise NotAllowed("The statement holds something that this database does not have.") from None
    return sql
