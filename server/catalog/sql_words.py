"""What a statement may be made of: kinds of nodes with the parts they may have, functions, and types."""

from __future__ import annotations

from sqlglot import exp

_QUERY = frozenset({"with_", "order", "limit", "offset"})
_BOTH = frozenset({"this", "expression"})
_THIS = frozenset({"this"})
_NONE: frozenset[str] = frozenset()


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _node(name: str) -> type[exp.Expr]:
    found: type[exp.Expr] = getattr(exp, name)
    return found


SHAPES: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: _QUERY | {"expressions", "distinct", "from_", "joins", "where", "group", "having", "windows"},
    **{kind: _QUERY | {"this", "expression", "distinct"} for kind in (exp.Union, exp.Except, exp.Intersect)},
    exp.Subquery: frozenset({"this", "alias", "order", "limit", "offset"}),
    exp.With: frozenset({"expressions", "recursive"}),
    exp.CTE: frozenset({"this", "alias", "materialized"}),
    exp.From: _THIS,
    exp.Join: frozenset({"this", "on", "side", "kind", "using", "method"}),
    exp.Table: frozenset({"this", "alias"}),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.Lateral: frozenset({"this", "alias"}),
    exp.Group: frozenset({"expressions"}),
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression", "offset"}),
    exp.Offset: frozenset({"expression"}),
    exp.Distinct: frozenset({"expressions", "on"}),
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over", "first"}),
    exp.WindowSpec: frozenset({"kind", "start", "start_side", "end", "end_side"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Boolean: _THIS,
    exp.Var: _THIS,
    exp.Placeholder: frozenset({"this", "kind"}),
    exp.Tuple: frozenset({"expressions"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this", "expressions"}),
    exp.DataTypeParam: _THIS,
    exp.Interval: frozenset({"this", "unit"}),
    exp.Filter: _BOTH,
    exp.WithinGroup: _BOTH,
    exp.Anonymous: frozenset({"this", "expressions"}),
    exp.JSONPath: frozenset({"expressions"}),
    **{_node(name): _THIS for name in ("Where", "Having", "Paren", "Not", "Neg", "Exists", "Any", "All")},
    **{_node(name): _THIS for name in ("JSONPathKey", "JSONPathSubscript")},
    **{_node(name): _NONE for name in ("Star", "Null", "JSONPathRoot")},
    **{_node(name): _BOTH for name in ("Add", "Sub", "Mul", "Mod", "And", "Or", "Xor", "EQ", "NEQ", "GT", "GTE", "LT")},
    **{_node(name): _BOTH for name in ("LTE", "Is", "NullSafeEQ", "NullSafeNEQ", "Escape", "IntDiv")},
    **{_node(name): _BOTH for name in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")},
    **{_node(name): _BOTH | {"negate"} for name in ("Like", "ILike", "Glob")},
    exp.DPipe: _BOTH | {"safe"},
    exp.Div: _BOTH | {"typed", "safe"},
}
"""Kinds of nodes and the parts that they may have; whatever is not here is refused."""

FUNCTIONS: frozenset[type[exp.Expr]] = frozenset(
    _node(name)
    for name in _listed(
        "Count Sum Avg Min Max Abs Round Ceil Floor Sign Sqrt Pow Exp Ln Lower Upper Length Trim Substring Left Right "
        "Coalesce Nullif Concat ConcatWs GroupConcat Replace StrPosition Reverse Greatest Least Initcap "
        "Extract TimestampTrunc DateTrunc CurrentDate CurrentTimestamp TimeToStr Date DateAdd DateSub DateDiff "
        "TsOrDsToDate TsOrDsToTimestamp TsOrDsAdd Year Month Day DayOfWeek DayOfMonth DayOfYear Week Quarter Hour "
        "Minute Second LastDay DatetimeDiff TimestampDiff "
        "RowNumber Rank DenseRank PercentRank CumeDist Ntile Lag Lead FirstValue LastValue NthValue "
        "Stddev StddevPop StddevSamp Variance VariancePop PercentileCont PercentileDisc LogicalAnd LogicalOr "
        "JSONExtract JSONExtractScalar ArrayAgg"
    )
)
"""Functions that only look at their arguments, cost little, and cannot make much out of little."""

FUNCTION_NAMES: frozenset[str] = _listed(
    "date datetime time julianday strftime unixepoch ifnull total instr ltrim rtrim iif typeof age date_part to_char "
    "char_length character_length json_type json_valid json_array_length lcase ucase mod date_format datediff "
    "timestampdiff monthname dayname count_if json_value json_length jsonb_array_length"
)
"""The same for functions that the parser has no node for."""

DATA_TYPES: frozenset[str] = _listed(
    "TINYINT SMALLINT INT BIGINT UINT UBIGINT DECIMAL FLOAT DOUBLE BOOLEAN TEXT CHAR NCHAR VARCHAR NVARCHAR DATE TIME "
    "TIMETZ TIMESTAMP TIMESTAMPTZ DATETIME INTERVAL JSON JSONB"
)
"""Types that a value may be cast to; never those that look things up, such as regclass."""

SQLITE_FUNCTIONS: frozenset[str] = FUNCTION_NAMES | _listed(
    "count sum avg min max abs round ceil ceiling floor sign sqrt pow power exp ln lower upper length trim substr "
    "substring coalesce nullif concat concat_ws group_concat string_agg replace like glob current_date "
    "current_timestamp current_time row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value "
    "last_value nth_value json_extract -> ->> json_array_length"
)
"""What SQLite itself is told to let through, besides."""
