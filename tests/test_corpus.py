"""Parquet by other writers comes back from Neo4j whole, value by value, or is refused by name."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pyarrow.parquet as pq
import pytest

from tests.corpus import passage, plain
from tests.corpus.java import files as java
from tests.corpus.registry import SHAPES
from tests.corpus.shape import ROWS, Writer
from tests.roundtrip.harness import unequal
from tests.roundtrip.lanes import LANES

if TYPE_CHECKING:
    from collections.abc import Callable

    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.corpus.passage import Exported, Stored, Written
    from tests.corpus.shape import Shape
    from tests.roundtrip.lanes import Lane

REFUSED = [(shape, lane) for shape in SHAPES for lane in LANES if shape.words(lane.format)]
TAKEN = [(shape, lane) for shape in SHAPES for lane in LANES if not shape.words(lane.format)]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Shape], Written]:
    """Each shape, written once."""
    place = tmp_path_factory.mktemp("corpus")
    return cache(lambda shape: passage.written(shape, place / str(SHAPES.index(shape))))


@pytest.fixture(scope="session")
def exported(
    written: Callable[[Shape], Written], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Lane], Exported]:
    """What an export made of all shapes of a lane that it must take."""

    @cache
    def made(lane: Lane) -> Exported:
        several = [written(shape) for shape, of in TAKEN if of == lane]
        return passage.exported(several, tmp_path_factory.mktemp("exported"), lane)

    return made


@pytest.fixture(scope="session")
def stored(
    exported: Callable[[Lane], Exported], neo4j: Neo4j, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Lane], Stored]:
    """What one Neo4j line holds of all that was exported in a lane."""

    @cache
    def made(lane: Lane) -> Stored:
        return passage.stored(exported(lane), tmp_path_factory.mktemp("stored"), neo4j, lane)

    return made


def test_the_corpus_has_many_shapes_of_every_writer_and_names_each_once() -> None:
    labels = {shape.label for shape in SHAPES}

    assert len(labels) == len(SHAPES) > 200
    assert {shape.writer for shape in SHAPES} == set(get_args(Writer))


def test_every_file_by_java_is_a_shape() -> None:
    there = {file.stem for file in Path(java.__file__).parent.glob("*.parquet")}

    assert there == {file.name for file in java.FILES}
    assert there == {shape.name for shape in SHAPES if shape.writer == "parquet-java"}


# What pyarrow cannot read, or reads as something else.
UNREAD = {
    *(
        "pyarrow INT96 of all years",
        "parquet-java INT96 of all years",
        "parquet-java INT96 in lists",
    ),
    *("pyarrow INT96 of instants", "pyarrow instants of whole hours", "parquet-java enums"),
    "DuckDB arrays",
}


@pytest.mark.parametrize(
    "shape",
    dict.fromkeys(shape for shape, _ in TAKEN if shape.at == ROWS and shape.label not in UNREAD),
    ids=str,
)
def test_pyarrow_finds_in_a_file_what_its_writer_was_given(
    shape: Shape, written: Callable[[Shape], Written]
) -> None:
    here = written(shape)
    table = pq.read_table(here.folder / ROWS)

    assert Counter(plain.rows(table, shape.rules)) == here.rows


@pytest.mark.parametrize(("shape", "lane"), REFUSED, ids=str)
def test_a_shape_is_refused_by_name_and_without_a_word_of_polars_own(
    shape: Shape,
    lane: Lane,
    written: Callable[[Shape], Written],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    said = passage.refusal([written(shape)], tmp_path / "build", lane)

    assert said is not None
    missing = [word for word in (shape.label, *shape.words(lane.format)) if word not in said]
    assert not missing, (missing, said)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("shape", "lane"), TAKEN, ids=str)
def test_a_shape_is_exported(
    shape: Shape, lane: Lane, exported: Callable[[Lane], Exported]
) -> None:
    said = exported(lane).refusals.get(shape.label)
    assert said is None, said


@pytest.mark.neo4j
@pytest.mark.parametrize(("shape", "lane"), TAKEN, ids=str)
def test_a_shape_comes_back(
    shape: Shape, lane: Lane, stored: Callable[[Lane], Stored], written: Callable[[Shape], Written]
) -> None:
    store = stored(lane)

    stopped = store.stopped.get(shape.label)
    assert stopped is None, stopped
    assert shape.label in store.found, "it was not exported"
    told = list(unequal(written(shape).rows, store.found[shape.label]))
    assert not told, "\n".join(told)


@pytest.mark.neo4j
@pytest.mark.parametrize("lane", LANES, ids=str)
def test_kgimport_itself_finds_its_stores_of_the_corpus_right(
    lane: Lane, stored: Callable[[Lane], Stored]
) -> None:
    assert stored(lane).differences is None
