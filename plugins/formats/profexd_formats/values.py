"""How a value of each DuckDB type is written: SQL expressions that the engine evaluates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from json import dumps
from typing import Literal

from profexd.api import DataType, identifier, literal

_SMALL_INTEGERS = frozenset({"tinyint", "utinyint", "smallint", "usmallint", "integer", "uinteger"})
_BIG_INTEGERS = frozenset({"bigint", "ubigint", "hugeint", "uhugeint", "bignum"})
_FLOATS = frozenset({"float", "double"})
_LOCAL_TIMESTAMPS = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"})
_INSTANTS = frozenset({"timestamp with time zone", "timestamptz_ns"})
_NESTED = frozenset({"list", "array", "struct", "map", "tuple"})
TIMESTAMPS = _LOCAL_TIMESTAMPS | _INSTANTS
BARE = _SMALL_INTEGERS | _BIG_INTEGERS | _FLOATS | {"boolean", "decimal"}
"""Types that JSON writes without quotes."""
QUOTED_AS_IT_IS = TIMESTAMPS | {"blob", "date", "time", "uuid"}
"""Types whose text needs but quotes to be JSON."""
_PLAIN_TEXT = frozenset({"varchar", "enum", "uuid", "interval", "date", "time"})
_ASCII = frozenset({"blob", "bit", "uuid", "interval", "date", "time", "time_ns"})
_PARQUET_HOLDS = (
    _SMALL_INTEGERS
    | _FLOATS
    | {"boolean", "bigint", "ubigint", "decimal", "varchar", "json", "enum", "uuid", "blob"}
    | {"date", "time", "time_ns"}
)
_TO_JSON_IS_RIGHT = _SMALL_INTEGERS | _BIG_INTEGERS | _PLAIN_TEXT | {"boolean"}

_YEARS = ("0001", "10000")
"""Of four digits from the first on, up to the second."""
_LINE_BREAKS = ("chr(10)", "chr(13)")

TimestampFormat = Literal["rfc3339", "clevertap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the options say about values."""

    ts_format: TimestampFormat = "rfc3339"
    omit_nulls: bool = False
    special_floats: bool = False
    quote_bigints: bool = False
    indent: bool = False
    ascii: bool = False

    @property
    def colon(self) -> str:
        return ": " if self.indent else ":"


def text(value: str, type_: DataType, rules: Rules) -> str:
    """Return SQL for the text of ``value``, uncast where DuckDB's own cast is right."""
    match type_.id:
        case "decimal" if type_.precision == type_.scale:
            # DuckDB writes .5 where there are no digits before the point.
            return f"regexp_replace(CAST({value} AS VARCHAR), '^(-?)[.]', '\\10.')"
        case "blob":
            return f"base64({value})"
        case "json":
            return f"CAST({value} AS VARCHAR)"
        case "time with time zone":
            return f"regexp_replace(CAST({value} AS VARCHAR), '([+-][0-9]+)$', '\\1:00')"
        case "union":
            return _of_union(
                value, type_, lambda member, kind: f"CAST({text(member, kind, rules)} AS VARCHAR)"
            )
        case "variant":
            return (
                f"CASE WHEN regexp_matches(variant_typeof({value}), '^(OBJECT|ARRAY)')"
                f" THEN CAST(to_json({value}) AS VARCHAR) ELSE CAST({value} AS VARCHAR) END"
            )
        case "double":
            return _double(value)
        case "bigint" | "ubigint":
            # The same digits as those of a cast, in half the time.
            return f"CAST(to_json({value}) AS VARCHAR)"
        case kind if kind in TIMESTAMPS:
            return _timestamp(value, type_, rules)
        case kind if kind in _NESTED:
            return json(value, type_, replace(rules, omit_nulls=False, indent=False))
        case kind if kind in BARE or kind in _PLAIN_TEXT:
            return value
        case _:
            return f"CAST({value} AS VARCHAR)"


def json(value: str, type_: DataType, rules: Rules, *, depth: int = 0) -> str:
    """Return SQL for the JSON text of ``value``: NULL where it is NULL.

    ``depth`` is how many levels of indentation the value stands in.
    """
    if _plain(type_, rules):
        return f"CAST(to_json({value}) AS VARCHAR)"
    if rules.omit_nulls and type_.id in _NESTED and _plain(type_, replace(rules, omit_nulls=False)):
        # Where nothing within is NULL, nothing is left out.
        whole = f"CAST(to_json({value}) AS VARCHAR)"
        sparse = _nested(value, type_, rules, depth)
        return f"CASE WHEN contains({whole}, 'null') THEN {sparse} ELSE {whole} END"
    match type_.id:
        case "json":
            # Line breaks in JSON can only stand between two tokens; a record is one line.
            written = f"CAST({value} AS VARCHAR)"
            breaks = " OR ".join(f"contains({written}, {sign})" for sign in _LINE_BREAKS)
            joined = f"translate({written}, {' || '.join(_LINE_BREAKS)}, '  ')"
            return f"CASE WHEN {breaks} THEN {joined} ELSE {written} END"
        case "float" | "double":
            return _float(value, type_, rules)
        case kind if kind in _BIG_INTEGERS and rules.quote_bigints:
            return f"'\"' || CAST({value} AS VARCHAR) || '\"'"
        case kind if kind in BARE:
            return f"CAST({text(value, type_, rules)} AS VARCHAR)"
        case "blob" | "date" | "time":
            return f"'\"' || CAST({text(value, type_, rules)} AS VARCHAR) || '\"'"
        case kind if kind in TIMESTAMPS:
            return f"'\"' || {text(value, type_, rules)} || '\"'"
        case kind if kind in _NESTED:
            return _nested(value, type_, rules, depth)
        case "union":
            return _of_union(
                value, type_, lambda member, kind: json(member, kind, rules, depth=depth)
            )
        case "variant":
            return f"CAST(to_json({value}) AS VARCHAR)"
        case _:
            return f"CAST(to_json(CAST({text(value, type_, rules)} AS VARCHAR)) AS VARCHAR)"


def exact(value: str, type_: DataType, rules: Rules) -> str:
    """Return SQL for ``value`` in the nearest type that Parquet can hold without loss.

    Integers of 39 digits become NULL: ``too_long`` counts them.
    """
    if not _inexact(type_, rules):
        return value
    match type_.id:
        case "hugeint" | "uhugeint":
            # DuckDB would write a DOUBLE.
            return f"TRY_CAST({value} AS DECIMAL(38, 0))"
        case "list" | "array":
            item = exact("e", type_.children[0][1], rules)
            return f"list_transform({value}, lambda e: {item})"
        case "struct":
            packed = ", ".join(
                f"{identifier(name)} := "
                + exact(f"struct_extract({value}, {literal(name)})", child, rules)
                for name, child in type_.children
            )
            return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({packed}) END"
        case kind if kind in _NESTED or kind == "variant":
            return json(value, type_, rules)
        case _:
            return f"CAST({text(value, type_, rules)} AS VARCHAR)"


def too_long(value: str, type_: DataType) -> str | None:
    """Return SQL that counts the integers in ``value`` that ``exact`` has no room for.

    None where the type can hold no such integer.
    """
    match type_.id:
        case "hugeint" | "uhugeint":
            lost = f"{value} IS NOT NULL AND TRY_CAST({value} AS DECIMAL(38, 0)) IS NULL"
            return f"CASE WHEN {lost} THEN 1 ELSE 0 END"
        case "list" | "array":
            counted = too_long("e", type_.children[0][1])
            if counted is None:
                return None
            return f"coalesce(list_sum(list_transform({value}, lambda e: {counted})), 0)"
        case "struct":
            counts = [
                too_long(f"struct_extract({value}, {literal(name)})", child)
                for name, child in type_.children
            ]
            return " + ".join(count for count in counts if count is not None) or None
        case _:
            return None


def members(pairs: list[tuple[str, str]], rules: Rules, *, depth: int) -> str:
    """Return SQL for a JSON object of ``(name, SQL of its JSON text or NULL)``."""
    written = [(f"{json_key(name, rules)}{rules.colon}", value) for name, value in pairs]
    if not written:
        return "'{}'"
    comma = _comma(rules, depth)
    if rules.omit_nulls:
        inner = ", ".join(f"{literal(key)} || {value}" for key, value in written)
        body = f"concat_ws({literal(comma)}, {inner})"
        if not rules.indent:
            return f"'{{' || {body} || '}}'"
        return _around("{", "}", body, rules, depth)
    # One concat copies each piece once; a chain of || does not, and has a depth limit.
    pieces = ", ".join(
        f"{literal((comma if place else '') + key)}, coalesce({value}, 'null')"
        for place, (key, value) in enumerate(written)
    )
    return _around("{", "}", f"concat({pieces})", rules, depth, never_empty=True)


def ascii_json(value: str, type_: DataType) -> str:
    """Return SQL that escapes all but ASCII in the JSON text of a value of ``type_``.

    What lies beyond U+FFFF becomes a surrogate pair.
    """
    if type_.id in BARE or type_.id in TIMESTAMPS or type_.id in _ASCII:
        return value
    code = "unicode(c)"
    high = f"55296 + (({code} - 65536) >> 10)"
    low = f"56320 + (({code} - 65536) & 1023)"

    def escaped(number: str) -> str:
        return f"'\\u' || lpad(lower(hex({number})), 4, '0')"

    return (
        f"CASE WHEN regexp_matches({value}, '[^\\x00-\\x7F]') THEN"
        f" array_to_string(list_transform(string_split({value}, ''), lambda c:"
        f" CASE WHEN {code} < 128 THEN c WHEN {code} < 65536 THEN {escaped(code)}"
        f" ELSE {escaped(high)} || {escaped(low)} END), '') ELSE {value} END"
    )


def _plain(type_: DataType, rules: Rules) -> bool:
    """Whether DuckDB's own to_json writes the type, and all within it, as we do."""
    if type_.id in _NESTED:
        if rules.indent or type_.id == "tuple" or (rules.omit_nulls and type_.id != "list"):
            return False
        return all(_plain(child, rules) for _, child in type_.children)
    if type_.id in ("date", "time"):
        return True
    if type_.id in _BIG_INTEGERS and rules.quote_bigints:
        return False
    return type_.id in _TO_JSON_IS_RIGHT


def _inexact(type_: DataType, rules: Rules) -> bool:
    if type_.id in _NESTED:
        # pyarrow cannot read the fixed-size lists that DuckDB writes where one of them is NULL.
        return type_.id in ("array", "tuple") or any(
            _inexact(child, rules) for _, child in type_.children
        )
    if type_.id in TIMESTAMPS:
        return rules.ts_format != "rfc3339"
    return type_.id not in _PARQUET_HOLDS


def _timestamp(value: str, type_: DataType, rules: Rules) -> str:
    instant = type_.id in _INSTANTS
    # The engine's own text of an instant goes through ICU; the wall clock of UTC does not.
    clock = f"({value} AT TIME ZONE 'UTC')" if instant else value
    quick = ""
    if type_.id in ("timestamp", "timestamp with time zone") and rules.ts_format == "rfc3339":
        # Whole seconds are the rule, and a format takes less time than to change a cast's text.
        wall, zone = f"make_timestamp(epoch_us({value}))", "+00" if instant else ""
        first, last = (f"CAST('{year}-01-01 00:00:00{zone}' AS {type_.text})" for year in _YEARS)
        form = "%Y-%m-%dT%H:%M:%S" + ("Z" if instant else "")
        quick = (
            f"WHEN {value} >= {first} AND {value} < {last} AND epoch_us({value}) % 1000000 = 0"
            f" THEN strftime({wall if instant else value}, '{form}') "
        )
    if rules.ts_format == "clevertap":
        return f"strftime({clock}, '%Y%m%d%H%M%S')"
    written = f"CAST({clock} AS VARCHAR)"
    stamp = f"replace({written}, ' ', 'T')"
    # Years before 1 and infinities have no RFC 3339 form: they stay as DuckDB writes them.
    # Nanoseconds reach no year before 1, and do not compare with one either.
    usual = [] if type_.id.endswith("_ns") else [f"{clock} >= TIMESTAMP '0001-01-01'"]
    if instant:
        usual.append(f"isfinite({clock})")
        stamp += " || 'Z'"
    if not usual:
        return stamp
    return f"CASE {quick}WHEN {' AND '.join(usual)} THEN {stamp} ELSE {written} END"


def _nested(value: str, type_: DataType, rules: Rules, depth: int) -> str:
    match type_.id:
        case "struct":
            return _struct(value, type_, rules, depth)
        case "tuple":
            return _tuple(value, type_, rules, depth)
        case "map":
            return _map(value, type_, rules, depth)
        case _:
            return _list(value, type_, rules, depth)


def _float(value: str, type_: DataType, rules: Rules) -> str:
    special = "'null'"
    if rules.special_floats:
        special = (
            f"CASE WHEN isnan({value}) THEN 'NaN' WHEN {value} > 0 THEN 'Infinity'"
            " ELSE '-Infinity' END"
        )
    # to_json would widen a FLOAT.
    finite = _double(value) if type_.id == "double" else f"CAST({value} AS VARCHAR)"
    return f"CASE WHEN isfinite({value}) THEN {finite} WHEN {value} IS NOT NULL THEN {special} END"


def _double(value: str) -> str:
    """The text of a DOUBLE: where it has no exponent, to_json makes it in a third of the time."""
    size = f"abs({value})"
    usual = f"({size} >= 1e-4 AND {size} < 1e16) OR {value} = 0"
    quick, any_ = (f"CAST({made} AS VARCHAR)" for made in (f"to_json({value})", value))
    return f"CASE WHEN {usual} THEN {quick} ELSE {any_} END"


def _list(value: str, type_: DataType, rules: Rules, depth: int) -> str:
    element = f"e{depth}"
    item = json(element, type_.children[0][1], rules, depth=depth + 1)
    items = f"list_transform({value}, lambda {element}: coalesce({item}, 'null'))"
    return _around("[", "]", _joined(items, rules, depth), rules, depth)


def _struct(value: str, type_: DataType, rules: Rules, depth: int) -> str:
    pairs = [
        (name, json(f"struct_extract({value}, {literal(name)})", child, rules, depth=depth + 1))
        for name, child in type_.children
    ]
    return f"CASE WHEN {value} IS NOT NULL THEN {members(pairs, rules, depth=depth)} END"


def _tuple(value: str, type_: DataType, rules: Rules, depth: int) -> str:
    items = [
        f"coalesce({json(f'{value}[{place}]', child, rules, depth=depth + 1)}, 'null')"
        for place, (_, child) in enumerate(type_.children, start=1)
    ]
    body = f", {literal(_comma(rules, depth))}, ".join(items) or "''"
    whole = _around("[", "]", f"concat({body})", rules, depth)
    return f"CASE WHEN {value} IS NOT NULL THEN {whole} END"


def _map(value: str, type_: DataType, rules: Rules, depth: int) -> str:
    entry = f"e{depth}"
    children = dict(type_.children)
    # entry.key would be sought in a column that is named like the entry.
    name = text(f"struct_extract({entry}, 'key')", children["key"], rules)
    key = f"CAST(to_json(CAST({name} AS VARCHAR)) AS VARCHAR)"
    item = json(f"struct_extract({entry}, 'value')", children["value"], rules, depth=depth + 1)
    if not rules.omit_nulls:
        item = f"coalesce({item}, 'null')"
    # array_to_string leaves NULLs out, as omit wants; of nothing but NULLs it makes NULL.
    items = (
        f"list_transform(map_entries({value}),"
        f" lambda {entry}: {key} || {literal(rules.colon)} || {item})"
    )
    body = f"coalesce({_joined(items, rules, depth)}, '')"
    return f"CASE WHEN {value} IS NOT NULL THEN {_around('{', '}', body, rules, depth)} END"


def _of_union(value: str, type_: DataType, written: Callable[[str, DataType], str]) -> str:
    """The value of a union is the value of the member that is set."""
    cases = " ".join(
        f"WHEN {literal(name)} THEN {written(f'union_extract({value}, {literal(name)})', child)}"
        for name, child in type_.children
    )
    return f"CASE CAST(union_tag({value}) AS VARCHAR) {cases} END"


def _joined(items: str, rules: Rules, depth: int) -> str:
    return f"array_to_string({items}, {literal(_comma(rules, depth))})"


def _comma(rules: Rules, depth: int) -> str:
    return ",\n" + "\t" * (depth + 1) if rules.indent else ","


def _around(
    left: str, right: str, body: str, rules: Rules, depth: int, *, never_empty: bool = False
) -> str:
    if not rules.indent:
        return f"'{left}' || {body} || '{right}'"
    first = literal(left + "\n" + "\t" * (depth + 1))
    last = literal("\n" + "\t" * depth + right)
    if never_empty:
        return f"{first} || {body} || {last}"
    return f"CASE WHEN {body} = '' THEN '{left}{right}' ELSE {first} || {body} || {last} END"


def json_key(name: str, rules: Rules) -> str:
    """Return a name as a JSON string."""
    return dumps(name, ensure_ascii=rules.ascii)
