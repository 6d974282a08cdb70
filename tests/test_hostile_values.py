"""Every type with the values at its limits, alone and nested: exported, or refused by its name.

Polars panics over some of them, and a panic names no column.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from itertools import chain, cycle
from typing import TYPE_CHECKING, Any, get_args

import polars as pl
import pytest
from polars._typing import TimeUnit

from kgimport.checks.scan import scan
from kgimport.commands.check import check
from kgimport.commands.export import export
from kgimport.errors import DeclarationError, ValueRefusedError
from kgimport.graph import ColumnRule, End, Graph, NodeTable, Point, RelationshipTable
from kgimport.locations import LocalPath
from kgimport.records import on_disk
from kgimport.values.scalars import SCALARS, TEXTS
from tests.roundtrip.cells import PER_SECOND
from tests.roundtrip.lanes import KEYS_CSV, LANES
from tests.roundtrip.samples import Column, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.roundtrip.lanes import Lane

LEAST, MOST = -(2**63), 2**63 - 1
INFINITE = (float("nan"), -float("nan"), float("inf"), -float("inf"), -0.0)
# With and without an offset of their own, by many names, and with every kind of clock change.
ZONES = (
    *(None, "UTC", "GMT", "Etc/UTC", "Etc/GMT+12", "Etc/GMT-14", "Europe/Stockholm"),
    *("Pacific/Apia", "Africa/Monrovia", "Asia/Kolkata"),
)
UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)


def integers() -> Iterator[tuple[pl.DataType, list[Any]]]:
    for bits in (8, 16, 32, 64, 128):
        signed, unsigned = (getattr(pl, f"{sign}Int{bits}")() for sign in ("", "U"))
        yield signed, [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 0]
        yield unsigned, [2**bits - 1, 2 ** (bits - 1), 0]


def moments() -> Iterator[tuple[pl.DataType, list[Any]]]:
    yield pl.Date(), [-(2**31), 2**31 - 1, -719_163, 2_932_897, 0]
    for unit in UNITS:
        seconds = (-62_135_596_801, 253_402_300_800, 4_102_444_800, 0)
        inside = (at * PER_SECOND[unit] for at in seconds)
        ticks = [LEAST, LEAST + 1, MOST, -1, *(at for at in inside if LEAST < at < MOST)]
        zones = ZONES if unit == "us" else (None, "UTC", "Europe/Stockholm")
        yield from ((pl.Datetime(unit, zone), ticks) for zone in zones)
        yield pl.Duration(unit), [LEAST, LEAST + 1, MOST, 0, -1]


def others() -> Iterator[tuple[pl.DataType, list[Any]]]:
    yield from ((of(), [*INFINITE]) for of in (pl.Float16, pl.Float32, pl.Float64))
    for precision, scale in ((1, 0), (18, 0), (19, 0), (38, 0), (38, 18), (38, 38)):
        most = 10**precision - 1
        yield pl.Decimal(precision, scale), [most, -most, 1, 0]
    yield pl.String(), ["", "\0", "\x1f", "\ufffe\U0010ffff", "null"]
    yield pl.Categorical(), ["", "\0"]
    yield pl.Enum([]), []
    yield pl.Enum(["", "a"]), ["", "a"]
    yield from ((pl.Boolean(), [True, False]), (pl.Time(), [0, 86_399_999_999_999]))
    yield from ((pl.Binary(), [b"", b"\x00\xff"]), (pl.Null(), []))


HOSTILE = tuple((of, [*cells, None]) for of, cells in chain(integers(), moments(), others()))


def nested(of: pl.DataType, cells: list[Any]) -> Iterator[tuple[pl.DataType, list[Any]]]:
    """The type alone and within each that holds others, with nothing in them among the cells."""
    yield of, cells
    yield pl.List(of), [[], *([cell] for cell in cells), cells, None]
    yield pl.Array(of, 0), [[], None]
    yield pl.Array(of, 2), [*([cell, None] for cell in cells), None]
    yield pl.List(pl.List(of)), [[], [[]], *([[cell]] for cell in cells), None]
    yield pl.Struct({"*": of}), [*({"*": cell} for cell in cells), None]
    yield pl.List(pl.Struct({"a": of})), [[], *([{"a": cell}] for cell in cells), None]
    inside = pl.Struct({"a": pl.List(of), "b": pl.Struct({"c": of})})
    yield inside, [{"a": [], "b": None}, *({"a": [c, c], "b": {"c": c}} for c in cells), None]


TYPES = tuple(each for one in HOSTILE for each in nested(*one))
EXACT: dict[str, Any] = {"decimal": "string", "binary": "base64", "struct": "json"}
LOOSE: dict[str, Any] = {"empty_list": "null", "null_in_list": "drop", "uint64": "string"}
POLICIES: tuple[dict[str, Any], ...] = (
    {},
    EXACT,
    {**LOOSE, "decimal": "double", "binary": "hex", "struct": "flatten"},
    {**EXACT, "binary": "bytes", "timezone": "UTC"},
    {"timezone": "Europe/Stockholm"},
    {"timezone": "Etc/GMT-14"},
    *({"epoch": unit} for unit in UNITS),
    *({"type": to} for to in ("string", "long", "double", "boolean", "date", "localdatetime")),
)


ROWS = max(len(cells) for _, cells in TYPES)


def wide(columns: tuple[tuple[pl.DataType, list[Any]], ...], place: Path, **more: Column) -> str:
    """Writes a file with a column for each type, its cells again and again, and some others."""
    own = [
        Column(f"c{at}", of, tuple(cells[row % len(cells)] for row in range(ROWS)))
        for at, (of, cells) in enumerate(columns)
    ]
    frame([*more.values(), *own]).write_parquet(place)
    return str(place)


KEY = Column("id", pl.Int64(), tuple(range(ROWS)))
NAMES = frozenset(f"c{at}" for at in range(len(TYPES)))
SKIP = ColumnRule(skip=True)


def told(command: Callable[[], object]) -> str:
    """What a refusal says; nothing where there is none."""
    try:
        command()
    except (DeclarationError, ValueRefusedError) as error:
        return error.message
    return ""


def named(message: str) -> frozenset[str]:
    """The columns of the table `t` that a refusal names, each in a line of its own."""
    return frozenset(re.findall(r"^ *t\.(c\d+)[^:]*: ", message, re.MULTILINE))


def nodes(place: str, rules: Mapping[str, ColumnRule], **more: Any) -> Graph:
    options = {"key": ("id",), "columns": rules, **more}
    return Graph("g", (NodeTable("t", LocalPath(place), ("T",), id_space="T", **options),))


def test_the_hostile_types_are_all_that_there_are() -> None:
    assert {of.base_type() for of, _ in HOSTILE} == set(SCALARS)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with a column for each hostile type, and a key."""
    return wide(TYPES, tmp_path_factory.mktemp("hostile") / "t.parquet", id=KEY)


# The lanes take turns; what becomes JSON goes both ways.
@pytest.mark.parametrize(
    ("policies", "lane"), [*zip(POLICIES, cycle(LANES)), (EXACT, KEYS_CSV)], ids=str
)
def test_each_type_is_exported_or_refused_by_name(
    tmp_path: Path, rows: str, policies: dict[str, Any], lane: Lane
) -> None:
    rules = dict.fromkeys(NAMES, ColumnRule(**policies))

    types = named(told(lambda: scan(nodes(rows, rules), lane.format)))
    fit = nodes(rows, {**rules, **dict.fromkeys(types, SKIP)})
    values = named(told(lambda: check(fit, options=lane.options)))
    sound = nodes(rows, {**rules, **dict.fromkeys(types | values, SKIP)})
    record = export(sound, tmp_path / "build", options=lane.options)

    exported = {field.column.removesuffix(".") for field in record.tables[0].fields} - {"id"}
    assert exported | types | values == NAMES
    assert record.nodes == ROWS


def _title(each: object) -> str:
    return "" if isinstance(each, list) else str(each)


@pytest.mark.parametrize(("of", "cells"), HOSTILE, ids=_title)
def test_each_type_that_may_be_a_key_is_one_at_its_limits(
    tmp_path: Path, of: pl.DataType, cells: list[Any]
) -> None:
    """Whatever the property becomes: here it is skipped."""
    place = tmp_path / "t.parquet"
    key = Column("id", of, tuple(cell for cell in cells if cell is not None and cell != ""))
    frame([key]).write_parquet(place)
    graph = nodes(str(place), {"id": SKIP})
    ties = RelationshipTable("r", LocalPath(str(place)), "R", End("t", ("id",)), End("t", ("id",)))
    both = replace(graph, relationships=(ties,))

    message = told(lambda: export(both, tmp_path / "build", options=KEYS_CSV.options))

    exact = of.is_integer() or of.base_type() in {pl.Boolean, pl.Date, pl.Datetime, *TEXTS}
    if exact or (isinstance(of, pl.Decimal) and of.scale == 0):
        record = on_disk.read_export(tmp_path / "build")
        assert (record.nodes, record.relationships) == (len(key.cells), len(key.cells))
    else:
        assert message == f"keys do not fit:\n  t.id is {of}, which cannot be a key"


def test_each_type_may_stand_beside_rows_that_are_set_aside(tmp_path: Path) -> None:
    """Nothing is asked of a skipped column, and a rejected row has it still."""
    place = wide(TYPES, tmp_path / "r.parquet", id=KEY)
    none = wide((), tmp_path / "t.parquet", id=replace(KEY, cells=(-1,)))
    end, skipped = End("t", ("id",)), dict.fromkeys(NAMES, SKIP)
    ties = RelationshipTable(
        "r", LocalPath(place), "R", end, end, on_missing="skip", columns=skipped
    )

    export(replace(nodes(none, {}), relationships=(ties,)), tmp_path / "build")

    aside = pl.read_parquet(tmp_path / "build" / "rejects" / "r.parquet")
    assert aside.drop("__missing__").equals(pl.read_parquet(place), null_equal=True)


def test_each_type_is_a_coordinate_or_refused_by_name(tmp_path: Path) -> None:
    place = wide(HOSTILE, tmp_path / "t.parquet", id=KEY)
    skipped = {f"c{at}": SKIP for at in range(len(HOSTILE))}
    for at, (of, _) in enumerate(HOSTILE):
        point = Point("p", (f"c{at}", f"c{at}"), "cartesian")
        graph = nodes(place, skipped, points=(point,))

        message = told(partial(check, graph))

        if of.is_numeric() or of == pl.Null:
            assert message == "" or "t.__point_p__: " in message, of
        else:
            reason = "coordinates must be integers, floats or decimals"
            assert f"t.c{at} ({of}): {reason}" in message, of
