"""Batches of Arrow become Parquet with the same rows, in parts and groups of a limited size."""

from __future__ import annotations

import weakref
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kgimport.errors import SourceError, ValueRefusedError
from kgimport.sources import batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

ROWS = 1000
SCHEMA = pa.schema({"id": pa.int64(), "text": pa.string()})


def batch(number: int) -> pa.RecordBatch:
    ids = range(number * ROWS, (number + 1) * ROWS)
    return pa.record_batch([list(ids), ["x" * 92 for _ in ids]], schema=SCHEMA)


def stream(found: Iterable[pa.RecordBatch], schema: pa.Schema = SCHEMA) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(schema, found)


def write(place: Path, found: pa.RecordBatchReader, schema: pa.Schema | None = None) -> int:
    return batches.write("t", found, schema or found.schema, place)


def one(values: list[Any], dtype: pa.DataType) -> pa.RecordBatchReader:
    rows = pa.record_batch({"c": pa.array(values, dtype)})
    return stream([rows], rows.schema)


def test_rows_are_written_in_their_order_in_parts_and_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = batch(0).nbytes
    monkeypatch.setattr(batches, "GROUP_BYTES", 2 * size)
    monkeypatch.setattr(batches, "PART_BYTES", 4 * size)

    assert write(tmp_path / "t", stream(map(batch, range(11)))) == 11 * ROWS

    files = [pq.ParquetFile(path) for path in sorted((tmp_path / "t").iterdir())]
    groups = [[f.metadata.row_group(at).num_rows for at in range(f.num_row_groups)] for f in files]
    assert groups == [[2 * ROWS, 2 * ROWS], [2 * ROWS, 2 * ROWS], [2 * ROWS, ROWS]]
    ids = [each for file in files for each in file.read()["id"].to_pylist()]
    assert ids == list(range(11 * ROWS))


def test_only_a_few_groups_are_in_memory_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "GROUP_BYTES", 3 * batch(0).nbytes)
    alive: list[weakref.ref[pa.RecordBatch]] = []
    most = 0

    def made() -> Iterator[pa.RecordBatch]:
        nonlocal most
        for number in range(60):
            most = max(most, sum(each() is not None for each in alive))
            new = batch(number)
            alive.append(weakref.ref(new))
            yield new

    with_own_batches = type("Reader", (), {"__iter__": lambda _: made()})()
    batches.write("t", with_own_batches, SCHEMA, tmp_path / "t")

    assert 0 < most <= 3 * 3


def test_values_are_cast_to_the_wanted_types_exactly_or_not_at_all(tmp_path: Path) -> None:
    wanted = pa.schema({"c": pa.decimal128(38, 3)})

    write(tmp_path / "t", one(["1.5", "-2.125", None], pa.string()), wanted)

    assert pq.read_table(tmp_path / "t")["c"].to_pylist() == [
        Decimal("1.5"),
        Decimal("-2.125"),
        None,
    ]
    for text in ("1.2345", "x", "1" * 36):
        with pytest.raises(pa.ArrowInvalid):
            write(tmp_path / text, one([text], pa.string()), wanted)


def test_values_that_are_not_of_their_type_are_refused(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    digits = pa.Array.from_buffers(
        pa.decimal128(38), 1, [None, pa.py_buffer(b"\xff" * 15 + b"\x7f")]
    )

    for at, values in enumerate((broken, digits)):
        rows = pa.record_batch({"c": values})
        with pytest.raises(pa.ArrowInvalid):
            write(tmp_path / str(at), stream([rows], rows.schema))


@pytest.mark.parametrize(
    "dtype",
    [
        pa.month_day_nano_interval(),
        pa.duration("s"),
        pa.uuid(),
        pa.list_(pa.struct({"a": pa.opaque(pa.binary(), "x", "y")})),
        pa.dictionary(pa.int8(), pa.string()),
    ],
    ids=str,
)
def test_types_that_readers_take_for_others_are_refused(tmp_path: Path, dtype: pa.DataType) -> None:
    schema = pa.schema({"c": dtype})

    with pytest.raises(ValueRefusedError, match=r"cannot be read exactly:\n  t\.c \("):
        write(tmp_path / "t", stream([], schema))
    assert not (tmp_path / "t").exists()


def test_columns_of_the_same_name_are_refused() -> None:
    batches.must_have_own_names("t", ["a", "A"])

    with pytest.raises(SourceError, match="columns of the same name: a, a"):
        batches.must_have_own_names("t", ["a", "b", "a"])
    with pytest.raises(SourceError, match="columns of the same name: a, A"):
        batches.must_have_own_names("t", ["a", "A"], str.casefold)


def test_without_rows_there_is_a_file_with_the_columns(tmp_path: Path) -> None:
    assert write(tmp_path / "t", stream([])) == 0

    (file,) = (tmp_path / "t").iterdir()
    assert pq.read_schema(file) == SCHEMA


def test_an_error_of_the_reader_is_the_caller_s(tmp_path: Path) -> None:
    def failing() -> Iterator[pa.RecordBatch]:
        yield batch(0)
        raise KeyError("gone")

    reader = type("Reader", (), {"__iter__": lambda _: failing()})()
    with pytest.raises(KeyError, match="gone"):
        batches.write("t", reader, SCHEMA, tmp_path / "t")


def test_an_error_within_the_stream_is_no_error_of_the_disk(tmp_path: Path) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield batch(0)
        raise OSError("division by zero")

    with pytest.raises(batches.ArrivalError, match="division by zero"):
        write(tmp_path / "t", stream(broken()))


def test_a_check_sees_each_batch_before_it_is_cast(tmp_path: Path) -> None:
    seen: list[int] = []

    def check(each: pa.RecordBatch) -> pa.RecordBatch:
        seen.append(each.num_rows)
        raise pa.ArrowInvalid("out of bounds")

    with pytest.raises(pa.ArrowInvalid, match="out of bounds"):
        batches.write("t", stream([batch(0)]), SCHEMA, tmp_path / "t", check=check)
    assert seen == [ROWS]


def test_groups_are_smaller_where_less_memory_is_allowed(tmp_path: Path) -> None:
    batches.write("t", stream(map(batch, range(30))), SCHEMA, tmp_path / "t", memory_mb=32)

    groups = pq.ParquetFile(tmp_path / "t" / "00000.parquet").num_row_groups
    assert groups == 3  # of a mebibyte
