"""Tables of several files by pyarrow: hive folders, files that differ, files that are no part."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from kgimport.graph import ColumnRule
from tests.corpus.by_pyarrow import DATES, numbered
from tests.corpus.shape import Shape, refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.corpus.shape import Make

TEN = numbered({"score": pa.array(range(10), pa.int32())})


def files(parts: Mapping[str, pa.Table], says: pa.Table = TEN) -> Make:
    """Writes each file below the folder, whatever folders its name begins with."""

    def make(folder: Path) -> pa.Table:
        for name, table in parts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, folder / name)
        return says

    return make


def _beside(*names: str, content: bytes = b"") -> Make:
    """A table, and files beside it that hold no Parquet."""

    def make(folder: Path) -> pa.Table:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return files({"part-0.parquet": TEN})(folder)

    return make


def _named(*names: str) -> Make:
    """The same table in as many files, each with a part of the rows."""
    step = TEN.num_rows // len(names)
    return files({name: TEN.slice(at * step, step) for at, name in enumerate(names)})


def _hidden(*names: str) -> Make:
    """A table, and hidden files that would double it."""
    return files(dict.fromkeys(("part-0.parquet", *names), TEN))


def _mixed(first: pa.Array, second: pa.Array, says: pa.DataType | None = None) -> Make:
    """Two files with a column that is of another type in each."""
    parts, rows = {}, 0
    for name, column in (("first.parquet", first), ("second.parquet", second)):
        key = pa.array(range(rows, rows + len(column)), pa.int64())
        parts[name] = pa.table({"id": key, "mixed": column})
        rows += len(column)
    if says is None:
        return files(parts)
    both = pa.concat_arrays([first.cast(says), second.cast(says)])
    return files(parts, numbered({"mixed": both}))


def _two(first: pa.Table, second: pa.Table, says: pa.Table = TEN) -> Make:
    return files({"first.parquet": first, "second.parquet": second}, says)


_TURNED = _two(TEN.slice(0, 4), TEN.slice(4).select(["score", "id"]), TEN)
_REQUIRED = TEN.slice(4).cast(
    pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("score", pa.int32())])
)


def _hive(columns: dict[str, pa.Array], **how: Any) -> Make:
    """A dataset with a folder for each value of these columns, which are texts then."""

    def make(folder: Path) -> pa.Table:
        table = numbered({"v": pa.array(range(len(next(iter(columns.values())))))})
        for name, column in columns.items():
            table = table.append_column(name, column)
        schema = pa.schema([table.schema.field(name) for name in columns])
        ds.write_dataset(
            table,
            folder,
            format="parquet",
            partitioning=ds.partitioning(schema, flavor="hive"),
            **how,
        )
        texts = {name: pa.field(name, pa.string()) for name in columns}
        return table.cast(pa.schema([texts.get(each.name, each) for each in table.schema]))

    return make


_CODES = {"zip": pa.array(["00501", "501", "0501", "1e3", "NaN", "null", " 5 ", "+5"])}
_SPECIAL = {
    "c": pa.array(
        ["a=b", "a/b", "100%", "%2F", "a b", "é", "日本", "a+b", "a:b", "😀", ".", "#?&", "'\""]
    )
}
_NUMBERS = {"year": pa.array([2025, 2026, 2026], pa.int32()), "month": pa.array([1, 2, 12])}
_DATES = {"day": DATES}
_TRUTHS = {"c": pa.array([True, False, True])}
_HOLES = {"c": pa.array(["x", None, "y"]), "d": pa.array([None, 1, 2])}
_MANY = {"c": pa.array([f"{at:03}" for at in range(60)])}


def _as_long(folder: Path) -> pa.Table:
    made = _hive(_NUMBERS)(folder)
    return made.cast(made.schema.set(3, pa.field("month", pa.int64())))


def _folders(*names: str) -> Make:
    """A part of the table in each of these folders, whose columns it must not have."""
    return _named(*(f"{name}/part.parquet" for name in names))


_CLASH = numbered({"score": pa.array([1, 2])})
_US, _UTC = pa.timestamp("us"), pa.timestamp("us", "UTC")
_EPOCH = pa.array([0, 1])

shape = partial(Shape, "pyarrow")
SHAPES = (
    shape("ten files", _named(*(f"{at}.parquet" for at in range(10))), at=""),
    shape("files in folders", _named("a/1.parquet", "a/b/2.parquet"), at=""),
    shape("a glob", _named("p1.parquet", "p2.parquet"), at="p*.parquet"),
    shape("columns in another order", _TURNED, at=""),
    shape("a column that one file requires", _two(TEN.slice(0, 4), _REQUIRED), at=""),
    shape(
        "a column that a file lacks",
        _two(TEN.slice(0, 4), TEN.slice(4).drop(["score"])),
        refused("score"),
        at="",
    ),
    shape(
        "a column that only the last file has",
        _two(TEN.slice(0, 4).drop(["score"]), TEN.slice(4)),
        refused("score"),
        at="",
    ),
    shape("an empty file among others", _two(TEN, TEN.slice(0, 0)), at=""),
    shape(
        "int32 and int64",
        _mixed(pa.array([1, None], pa.int32()), pa.array([2**40], pa.int64()), pa.int64()),
        at="",
    ),
    shape(
        "int64 and int8",
        _mixed(pa.array([2**40], pa.int64()), pa.array([-1], pa.int8()), pa.int64()),
        at="",
    ),
    shape(
        "uint8 and int16",
        _mixed(pa.array([255], pa.uint8()), pa.array([-1], pa.int16()), pa.int64()),
        at="",
    ),
    shape(
        "uint32 and int32",
        _mixed(pa.array([2**32 - 1], pa.uint32()), pa.array([-1], pa.int32()), pa.int64()),
        at="",
    ),
    shape(
        "float32 and float64",
        _mixed(pa.array([0.1], pa.float32()), pa.array([0.1]), pa.float64()),
        at="",
    ),
    shape(
        "categories and texts",
        _mixed(
            pa.array(["a", "b"]).dictionary_encode(),
            pa.array(["c"], pa.large_string()),
        ),
        refused("mixed"),
        at="",
    ),
    shape(
        "naive and UTC",
        _mixed(_EPOCH.cast(_US), _EPOCH.cast(_UTC)),
        refused("mixed", "first.parquet", "second.parquet"),
        at="",
    ),
    shape(
        "UTC and naive",
        _mixed(_EPOCH.cast(_UTC), _EPOCH.cast(_US)),
        refused("mixed", "first.parquet", "second.parquet"),
        at="",
    ),
    shape("integers and texts", _mixed(_EPOCH, pa.array(["1"])), refused("mixed"), at=""),
    shape("dates and timestamps", _mixed(DATES, _EPOCH.cast(_US)), refused("mixed"), at=""),
    shape("a hidden marker", _beside("_SUCCESS", ".part-0.parquet.crc", "_metadata"), at=""),
    shape("hidden files", _hidden("_part.parquet", ".part.parquet"), at=""),
    shape(
        "hidden folders",
        _hidden("_temporary/0/p.parquet", ".staging/p.parquet", "a/_b/c/p.parquet"),
        at="",
    ),
    shape("a glob beside hidden files", _hidden("_part.parquet", ".part.parquet"), at="*.parquet"),
    shape(
        "files without a suffix",
        _named("000000_0", "b.parq", "c.PARQUET", "d.snappy", "e.parquet"),
        at="",
    ),
    shape("one file without a suffix", _named("rows"), at="rows"),
    shape(
        "a file that is no Parquet",
        _beside("readme.txt", content=b"rows\n"),
        refused("readme.txt"),
        at="",
    ),
    shape(
        "a file that only ends as Parquet",
        _beside("z.parquet", content=b"text PAR1"),
        refused("z.parquet"),
        at="",
    ),
    shape("a file of no bytes", _beside("z.parquet"), refused("z.parquet"), at=""),
    shape("hive texts", _hive(_CODES), at=""),
    shape("hive texts with special characters", _hive(_SPECIAL), at=""),
    shape("hive numbers", _hive(_NUMBERS), at=""),
    shape("hive numbers by a cast", _as_long, rules={"month": ColumnRule(type="long")}, at=""),
    shape("hive dates", _hive(_DATES), at=""),
    shape("hive booleans", _hive(_TRUTHS), at=""),
    shape("hive nulls", _hive(_HOLES), at=""),
    shape("60 hive folders", _hive(_MANY), at=""),
    shape("a hive folder above a file", _named("run=7/rows.parquet"), at="run=7/rows.parquet"),
    shape(
        "a hive folder above a folder",
        _named("run=7/t/1.parquet", "run=7/t/2.parquet"),
        at="run=7/t",
    ),
    shape(
        "hive folders that clash with a column",
        files({"score=1/a.parquet": _CLASH}),
        refused("score"),
        at="",
    ),
    shape("hive folders of other keys", _folders("alpha=1", "beta=1"), refused("alpha"), at=""),
    shape(
        "hive folders of another depth",
        _folders("alpha=1", "alpha=2/beta=1"),
        refused("beta"),
        at="",
    ),
    shape(
        "a file beside hive folders",
        _named("part.parquet", "alpha=1/part.parquet"),
        refused("alpha"),
        at="",
    ),
)
