"""Columns of a `table` plugin: as JSON Schema, as SQL types, and the values between the two."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

from server.catalog.plugin_spec import TableColumn, TablePlugin
from server.plugins.references import Unfilled

Action = Literal["get", "set", "find"]
_BY_BYTES = ("mysql", "mariadb")
"""Where texts are alike when they only look alike, unless the column says otherwise."""
_LARGEST = 2**63 - 1
_SCHEMA: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer", "minimum": -_LARGEST, "maximum": _LARGEST},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time", "maxLength": 40},
    "date": {"type": "string", "format": "date", "maxLength": 40},
}
_SQL: dict[str, type[TypeEngine[Any]]] = {
    "text": sa.Text,
    "integer": sa.BigInteger,
    "number": sa.Double,
    "boolean": sa.Boolean,
    "datetime": sa.Text,
    "date": sa.Text,
}
_FITS: dict[str, tuple[type[TypeEngine[Any]], ...]] = {
    "text": (sa.String, sa.Uuid),
    "integer": (sa.Integer,),
    "number": (sa.Numeric, sa.Float, sa.Integer),
    "boolean": (sa.Boolean, sa.Integer),
    "datetime": (sa.DateTime, sa.String),
    "date": (sa.Date, sa.DateTime, sa.String),
}


def parameters_of(spec: TablePlugin, action: Action) -> dict[str, Any]:
    """The JSON Schema of a table function's arguments, exactly what the model sees."""
    if action == "set":
        return schema_of(spec.columns)
    words = {"type": "string", "maxLength": 300, "description": "Words to look for; empty for the first rows"}
    properties = {"query": words} if action == "find" else {}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def schema_of(columns: Mapping[str, TableColumn]) -> dict[str, Any]:
    """The JSON Schema of a partial row: at least one of the columns, nothing else."""
    properties = {name: _property(column) for name, column in columns.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}


def _property(column: TableColumn) -> dict[str, Any]:
    schema = dict(_SCHEMA[column.type])
    if column.max is not None and column.type == "text":
        schema["maxLength"] = column.max
    if column.description:
        schema["description"] = column.description
    return schema


def table_of(
    spec: TablePlugin, real: Mapping[str, TypeEngine[Any]] | None = None, dialect: str | None = None
) -> sa.Table:
    """The table in SQLAlchemy's terms; `real` are the types of a table that somebody else made."""
    real = real or {}
    text = mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin") if dialect in _BY_BYTES else sa.String(255)
    key = [sa.Column(sa.sql.quoted_name(name, True), real.get(name, text), primary_key=True) for name in spec.key]
    rest = [
        sa.Column(sa.sql.quoted_name(name, True), real.get(name, _SQL[column.type]()), nullable=True)
        for name, column in spec.columns.items()
    ]
    name = sa.sql.quoted_name(spec.table, True)
    return sa.Table(name, sa.MetaData(), *key, *rest, mysql_charset="utf8mb4", mariadb_charset="utf8mb4")


def fits(column: TableColumn, real: TypeEngine[Any]) -> bool:
    """Whether a column of that SQL type can hold such values; an unknown type is given the benefit."""
    return isinstance(real, (*_FITS[column.type], sa.types.NullType))


def to_sql(value: Any, column: TableColumn, real: TypeEngine[Any]) -> Any:
    """A checked argument as the column takes it. Raises Unfilled for what only looks right."""
    if column.type == "integer":
        return int(value)
    if column.type == "number":
        return float(value)
    if column.type in ("datetime", "date"):
        return _moment(value, real)
    if isinstance(value, str) and "\0" in value:
        raise Unfilled("a text may not hold a NUL character")
    return value


def _moment(text: str, real: TypeEngine[Any]) -> Any:
    """ISO 8601; a date alone is fine where no hour was said. Text unless the column is a time of its own."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unfilled("a time must be written like 2026-11-23T09:30:00+08:00 or 2026-11-23") from None
    if isinstance(real, sa.DateTime):
        return moment if real.timezone or not moment.tzinfo else moment.astimezone(UTC).replace(tzinfo=None)
    return moment.date() if isinstance(real, sa.Date) else text


def from_sql(value: Any) -> Any:
    """A value of a row as JSON has it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if isinstance(value, str | int | float | bool) else str(value)


def from_text(text: str, column: TableColumn) -> Any:
    """A value that was captured as text, or stands in a CSV file, as an argument. Raises Unfilled."""
    plain = text.strip()
    try:
        if column.type == "integer":
            return int(plain)
        if column.type == "number":
            return float(plain)
    except ValueError:
        raise Unfilled(f"`{plain[:40]}` is no {column.type}") from None
    if column.type == "boolean":
        if plain.lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise Unfilled(f"`{plain[:40]}` is neither true nor false")
        return plain.lower() in ("true", "1", "yes")
    return text
