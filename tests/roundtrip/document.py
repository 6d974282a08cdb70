"""The tables in docs/values.md, generated: `python -m tests.roundtrip.document docs/values.md`.

Each stands between `<!-- begin: … -->` and `<!-- end -->`; what is around them stays as it is.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.graph import ColumnRule
from kgimport.targets import Carrier, neo4j
from kgimport.targets.fields import carrier
from kgimport.values import Refusal
from tests.roundtrip.lanes import LANES
from tests.roundtrip.nasty import NASTY, type_name
from tests.roundtrip.samples import Column, frame
from tests.warehouse_types import (
    DUCKDB_EXACT,
    DUCKDB_REFUSED,
    POSTGRES_EXACT,
    POSTGRES_REFUSED,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kgimport.values import Rule
    from tests.roundtrip.nasty import Nasty
    from tests.warehouse_types import Exact, Refused

_LIST, _PRICE = pl.List(pl.String()), pl.Decimal(10, 2)
_PAIR = pl.Struct({"a": pl.Float64(), "b": pl.String()})
_PAIR_CELL = {"a": 1.0, "b": "x"}
# A type, the policies chosen for it, and a cell by which its spelling is shown.
_SHOWN: tuple[tuple[pl.DataType, dict[str, Any], Any], ...] = (
    (pl.String(), {}, 'say "hi"'),
    (pl.Categorical(), {}, "red"),
    (pl.Enum(["red"]), {}, "red"),
    (pl.Boolean(), {}, True),
    (pl.Int64(), {}, -7),
    (pl.Int64(), {"epoch": "us"}, 1_709_210_096_000_001),
    (pl.UInt64(), {}, 7),
    (pl.UInt64(), {"uint64": "string"}, 2**64 - 1),
    (pl.Int128(), {}, 7),
    (pl.Float64(), {}, float("inf")),
    (pl.Float32(), {}, 0.10000000149011612),
    (_PRICE, {}, 150),
    (_PRICE, {"decimal": "string"}, 150),
    (_PRICE, {"decimal": "double"}, 150),
    (pl.Decimal(38, 0), {}, 7),
    (pl.Date(), {}, 19_783),
    (pl.Time(), {}, 45_296_000_000_001),
    (pl.Datetime("us"), {}, 1_709_210_096_000_001),
    (pl.Datetime("us"), {"timezone": "Europe/Stockholm"}, 1_709_210_096_000_001),
    (pl.Datetime("us", "UTC"), {}, 1_709_210_096_000_001),
    (pl.Datetime("us", "Europe/Stockholm"), {}, 1_709_210_096_000_001),
    (pl.Duration("ms"), {}, -90_061_001),
    (pl.Binary(), {}, b"\x00\xff"),
    (pl.Binary(), {"binary": "base64"}, b"\x00\xff"),
    (pl.Binary(), {"binary": "hex"}, b"\x00\xff"),
    (pl.Binary(), {"binary": "bytes"}, b"\x00\xff"),
    (_LIST, {}, ["a", "b"]),
    (_LIST, {"empty_list": "null", "null_in_list": "drop"}, ["a", None]),
    (pl.Array(pl.Float32(), 2), {}, [0.5, -0.25]),
    (pl.List(_LIST), {}, [["a"]]),
    (_PAIR, {}, _PAIR_CELL),
    (_PAIR, {"struct": "json"}, _PAIR_CELL),
    (pl.Map(pl.String(), pl.Int64()), {}, None),
    (pl.Null(), {}, None),
)


def types() -> str:
    """For every type, with each of its policies: how it travels, and which values do not."""
    rows = (_type_row(*each) for each in _SHOWN)
    head = ("Polars type", "policy", "Neo4j type", "header", "cell", "refused", "in Parquet")
    return _table(head, rows)


def _type_row(dtype: pl.DataType, policies: dict[str, str], cell: Any) -> tuple[str, ...]:
    rule = ColumnRule(**policies)  # type: ignore[arg-type]
    how, other = carrier(neo4j.CSV, dtype, rule), carrier(neo4j.PARQUET, dtype, rule)
    policy = ", ".join(f"`{name}: {choice}`" for name, choice in policies.items())
    if isinstance(how, Refusal):
        return _code(type_name(dtype)), policy, "", "", "", f"always: {how.reason}", ""
    assert isinstance(other, Carrier), other
    names = ", ".join(_names(how))
    return (
        _code(type_name(dtype)),
        policy,
        _code(how.cypher),
        _code(how.header),
        _code(_spelled(how, dtype, cell)),
        names,
        _in_parquet(how, other, dtype, cell),
    )


def _names(how: Carrier) -> list[str]:
    return list(dict.fromkeys(rule.name for rule in how.rules))


def _in_parquet(how: Carrier, other: Carrier, dtype: pl.DataType, cell: Any) -> str:
    """The column type that is written, and where the refusals are others than in CSV."""
    made = other.write if other.native else other.spell
    written = frame([Column("c", dtype, (cell,))]).select(made(other.value(pl.col("c"))))
    kind = str(written.to_arrow().schema.types[0]).replace("large_", "")
    told = [_code(kind.replace("item: ", ""))]
    if other.native_unless is not None:
        told.append("text where a value is before 1970")
    if lifted := [name for name in _names(how) if name not in _names(other)]:
        told.append(f"not refused: {', '.join(lifted)}")
    if added := [name for name in _names(other) if name not in _names(how)]:
        told.append(f"refused: {', '.join(added)}")
    return "; ".join(told)


def _spelled(how: Carrier, dtype: pl.DataType, cell: Any) -> str:
    values = frame([Column("c", dtype, (cell,))]).select(how.spell(how.value(pl.col("c"))))
    line = values.write_csv(include_header=False, quote_style="necessary")
    return line.removesuffix("\n").replace("\x1f", "␟")


def checks() -> str:
    """Every check of values, by what it finds."""
    found: dict[str, str] = {}
    for dtype, policies, _ in _SHOWN:
        for chosen in (policies, {**policies, "type": "string"}):
            rules = _rules(dtype, ColumnRule(**chosen))
            found |= {rule.name: rule.sentence for rule in rules if rule.name not in found}
    rows = ((_code(name), found[name]) for name in sorted(found))
    return _table(("check", "refuses"), rows)


def _rules(dtype: pl.DataType, rule: ColumnRule) -> Iterator[Rule]:
    """The rules of the carriers in CSV and then in Parquet."""
    for target in (neo4j.CSV, neo4j.PARQUET):
        how = carrier(target, dtype, rule)
        if isinstance(how, Carrier):
            yield from how.rules


def nasty() -> str:
    """The nasty list, with what becomes of each thing on both Neo4j lines."""
    return "\n\n".join(_group(group) for group in dict.fromkeys(each.group for each in NASTY))


def _group(group: str) -> str:
    rows = (
        (_inline(each.what), _code(each.type), *map(_inline, _outcomes(each)))
        for each in NASTY
        if each.group == group
    )
    head = ("what", "column", "keys in CSV", "dense ids in Parquet")
    return f"### {group}\n\n" + _table(head, rows)


def _outcomes(each: Nasty) -> tuple[str, str]:
    """What becomes of it in each of the lanes, the second only where it is something else."""
    first, second = (each.outcome(lane) for lane in LANES)
    return first, "" if second == first else second


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(text: str) -> str:
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text.replace('|', chr(92) + '|')}{fence}"


def _inline(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def warehouse(exact: Iterable[Exact], refused: Iterable[Refused]) -> str:
    """What becomes of a warehouse's values, each in its own SQL."""
    arrive = (
        (
            _sql(each.sql),
            _code(type_name(each.dtype)),
            ", ".join(f"`{name}: {choice}`" for name, choice in each.policies.items()),
            _code(each.neo4j) if each.neo4j else "refused: type",
        )
        for each in exact
    )
    do_not = ((_sql(each.sql), "", "", f"refused: {each.check}") for each in refused)
    head = ("value in SQL", "Polars type", "policy", "Neo4j type")
    return _table(head, (*arrive, *do_not))


def _sql(text: str) -> str:
    return _code(text.replace("\n", " "))


_PARTS: dict[str, Callable[[], str]] = {
    "types": types,
    "checks": checks,
    "duckdb": partial(warehouse, DUCKDB_EXACT, DUCKDB_REFUSED),
    "postgres": partial(warehouse, POSTGRES_EXACT, POSTGRES_REFUSED),
    "nasty": nasty,
}


def renewed(text: str) -> str:
    """The document with its generated parts as they are now."""
    for name, make in _PARTS.items():
        begin = f"<!-- begin: {name} -->"
        if found := re.search(f"{begin}.*?<!-- end -->", text, re.DOTALL):
            part = f"{begin}\n\n{make()}\n\n<!-- end -->"
            text = text[: found.start()] + part + text[found.end() :]
    return text


def skeleton() -> Iterator[str]:
    """A document that holds the parts and nothing else."""
    for name in _PARTS:
        yield f"<!-- begin: {name} --><!-- end -->\n"


if __name__ == "__main__":
    place = Path(sys.argv[1])
    before = place.read_text(encoding="utf-8") if place.exists() else "\n".join(skeleton())
    place.write_text(renewed(before), encoding="utf-8")
