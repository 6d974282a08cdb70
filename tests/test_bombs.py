"""Some kilobytes of Parquet that unpack to gigabytes are refused, in memory that is bounded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kgimport import declaration
from kgimport.commands.export import export
from kgimport.errors import ExitCode, SourceError
from kgimport.locations import LocalPath
from kgimport.options import ExportOptions
from kgimport.sources import footers, listing, pages

GRAPH = "{graph: g, tables: {t: {location: t.parquet, node: {labels: [T], key: [id]}}}}"


def bomb(folder: Path, rows: int, size: int, *, categories: bool = False) -> Path:
    """A table whose text is one and the same in all rows; its file says it once."""
    (folder / "graph.yml").write_text(GRAPH)
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows), pa.array(["x" * size]))
    table = pa.table({"id": range(rows), "text": text})
    path = folder / "t.parquet"
    pq.write_table(
        table,
        path,
        compression="zstd",
        dictionary_pagesize_limit=2**31 - 1,
        write_statistics=False,
        store_schema=categories,
    )
    assert path.stat().st_size < 100_000
    return path


# Runs kgimport in so many bytes of address space, and tells the peak of what it took of it.
_BOUNDED = """
import os, resource, subprocess, sys
done = subprocess.run(
    [sys.executable, "-m", "kgimport", *sys.argv[2:]],
    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2),
)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""
_SPACE = 8 * 2**30


def bounded(folder: Path, *arguments: str) -> tuple[int, int, str]:
    """The exit code of an export, the MiB that it took, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(_SPACE), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    code, peak = done.stdout.split()[-2:]
    return int(code), int(peak), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="bounds memory as Linux does")
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_page_that_nothing_can_hold_is_refused_before_it_is_read(
    form: str, tmp_path: Path
) -> None:
    bomb(tmp_path, 10, 300_000_000)

    code, peak, said = bounded(
        tmp_path, "export", "--graph", "graph.yml", "--out", "build", "--format", form
    )

    assert code == ExitCode.SOURCE, said
    assert said.endswith(
        "kgimport: the rows of table t cannot be read: the column text has a page of 300 MB that "
        "holds 1 value: t.parquet\n→ write smaller pages and row groups, or shorten or leave out "
        "the long values\n"
    )
    assert peak < 300
    assert sorted(each.name for each in tmp_path.iterdir()) == ["graph.yml", "t.parquet"]


@pytest.mark.skipif(sys.platform != "linux", reason="bounds memory as Linux does")
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_rows_that_nothing_can_hold_at_one_time_are_refused_before_they_are_written(
    form: str, tmp_path: Path
) -> None:
    bomb(tmp_path, 2_000, 3_000_000)

    code, peak, said = bounded(
        tmp_path, "export", "--graph", "graph.yml", "--out", "build", "--format", form
    )

    assert code == ExitCode.SOURCE, said
    assert said.endswith(
        "kgimport: the rows of table t take too much memory: 2,000 rows, with up to 3 MB in column "
        "text\n→ allow more with --memory 1431, or shorten the values of that column or leave it "
        "out\n"
    )
    assert peak < 1_000
    assert sorted(each.name for each in tmp_path.iterdir()) == ["graph.yml", "t.parquet"]


@pytest.mark.parametrize(("size", "categories"), [(5_000_000, False), (3_000_000, True)])
def test_a_text_that_is_repeated_too_often_is_refused_before_it_is_read(
    size: int, categories: bool, tmp_path: Path
) -> None:
    path = bomb(tmp_path, 2_000, size, categories=categories)

    said = rf"the column text repeats values of {size / 1e6:.1f} MB in 2,000 rows: t\.parquet"
    with pytest.raises(SourceError, match=said):
        footers.shapes("t", listing.some(LocalPath(str(path))))


def test_a_footer_that_says_less_than_the_pages_is_not_believed(tmp_path: Path) -> None:
    path = bomb(tmp_path, 10, 300_000_000)
    whole = path.read_bytes()
    about = pq.read_metadata(path).row_group(0).column(1)
    honest = _varint(2 * about.total_uncompressed_size)
    assert whole.count(honest) > 0
    path.write_bytes(whole.replace(honest, _varint(2_000, len(honest))))
    assert pq.read_metadata(path).row_group(0).column(1).total_uncompressed_size == 1_000

    with pytest.raises(SourceError, match="the column text has a page of 300 MB"):
        footers.shapes("t", listing.some(LocalPath(str(path))))


def _varint(number: int, length: int = 0) -> bytes:
    """A number of Thrift's, which may take more bytes than it needs."""
    found: list[int] = []
    while number > 0x7F or len(found) + 1 < length:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def test_a_footer_of_a_million_pieces_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    size = 2**27 + 1
    with path.open("wb") as file:
        file.write(b"PAR1")
        file.truncate(size + 4)
        file.seek(0, 2)
        file.write(size.to_bytes(4, "little") + b"PAR1")

    with pytest.raises(SourceError, match=r"a footer of 134 MB: t\.parquet"):
        footers.shapes("t", listing.some(LocalPath(str(path))))


def test_a_large_page_of_many_short_texts_is_none(tmp_path: Path) -> None:
    """As writers make them that put a column of a row group into one page."""
    texts = pa.array([f"{at:0100}" for at in range(10_000)]).take(
        pa.array(list(range(10_000)) * 300)
    )
    path = tmp_path / "t.parquet"
    pq.write_table(
        pa.table({"text": texts}),
        path,
        use_dictionary=False,
        compression="zstd",
        data_page_size=2**31 - 1,
        max_rows_per_page=2**31 - 1,
        row_group_size=3_000_000,
        write_batch_size=3_000_000,
    )
    chunk = pq.read_metadata(path).row_group(0).column(0)
    with path.open("rb") as stream:
        found, _ = pages.header(stream, pages.begin(chunk), path.stat().st_size)
    assert found[2] > pages.LARGEST

    assert list(footers.shapes("t", listing.some(LocalPath(str(path))))[0].columns) == ["text"]


def test_long_texts_are_exported_as_long_as_they_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgimport.commands.export._GROUP_BYTES", 2**26)
    bomb(tmp_path, 20, 2_000_000)
    graph = declaration.load_yaml(tmp_path / "graph.yml")
    little = ExportOptions(memory_mb=16)

    with pytest.raises(SourceError, match="take too much memory: 20 rows"):
        export(graph, tmp_path / "build", options=little)
    for form in ("csv", "parquet"):
        options = ExportOptions(format=form, memory_mb=64)
        record = export(graph, tmp_path / "build", options=options)
        assert record.nodes == 20
    (written,) = (tmp_path / "build" / "parquet" / "t").glob("part-*")
    assert pq.read_metadata(written).num_row_groups == 2
