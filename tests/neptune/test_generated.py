"""The round trip's tables, written for Neptune: refused, or read back as they are."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest

import kgimport
from tests.neptune import reader, wanted
from tests.neptune.wanted import OPTIONS
from tests.roundtrip import harness, samples
from tests.roundtrip.conftest import numbered
from tests.roundtrip.lanes import KEYS_CSV
from tests.roundtrip.samples import Nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kgimport.graph import Graph
    from tests.neptune.headers import Format
    from tests.neptune.wanted import Fit
    from tests.roundtrip.samples import Links, Sample

FORMS: tuple[Format, ...] = ("gremlin", "opencypher")
in_both_forms = pytest.mark.parametrize("form", FORMS)
pytestmark = pytest.mark.neptune


@cache
def fits(form: Format) -> Mapping[int, Fit]:
    """The samples that Neo4j holds, each with what is left of it for Neptune."""
    return {at: wanted.fit(sample, form) for at, sample in numbered(KEYS_CSV).items()}


@cache
def placed(form: Format) -> Sample:
    """What is left of all samples, as one graph in which each table has names of its own."""
    parts = [harness.placed(each.sample, at) for at, each in fits(form).items()]
    return samples.Sample(
        tuple(table for part in parts for table in part.nodes),
        tuple(table for part in parts for table in part.links),
    )


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Format], Path]:
    """The build directory of that graph."""

    @cache
    def made(form: Format) -> Path:
        folder = tmp_path_factory.mktemp(form)
        graph = samples.write(placed(form), folder / "in")
        kgimport.export(graph, folder / "build", options=OPTIONS[form])
        return folder / "build"

    return made


@in_both_forms
def test_an_export_refuses_exactly_the_columns_and_names_that_have_no_form(
    form: Format, tmp_path: Path
) -> None:
    unfit = {at: each for at, each in fits(form).items() if each.columns | each.names | each.points}
    for at, each in unfit.items():
        sample = numbered(KEYS_CSV)[at]
        message = _refusal(samples.write(sample, tmp_path / str(at)), form).message
        starts = tuple(f"  {table.name}{mark}" for table in sample.tables for mark in ".:")
        lines = [line for line in message.splitlines() if line.startswith(starts)]
        places = _places(sample, each)
        assert [place for place in places if not any(place in line for line in lines)] == []
        assert [line for line in lines if not any(place in line for place in places)] == []
    assert len(unfit) > 30


def _places(sample: Sample, unfit: Fit) -> list[str]:
    """How the lines about columns, points, labels and types begin."""
    names = {
        f"{each.name}: the {'label' if isinstance(each, Nodes) else 'type'} {name!r}"
        for each in sample.tables
        for table, name in unfit.names
        if table == each.name
    }
    return [*(_line(*place) for place in unfit.columns | unfit.points), *names]


def _line(table: str, name: str) -> str:
    """How the line about a property begins."""
    seen = "".join(each if each.isprintable() else repr(each).strip("'") for each in name)
    return f"{table}.{seen} ("


@in_both_forms
def test_an_export_refuses_exactly_the_rows_that_have_no_form(form: Format, tmp_path: Path) -> None:
    unfit = {at: each for at, each in fits(form).items() if each.rows}
    for at, each in unfit.items():
        whole = wanted.carried_only(numbered(KEYS_CSV)[at], each)
        error = _refusal(samples.write(whole, tmp_path / str(at)), form)
        found = {
            (finding.table, "" if finding.check == "duplicate-edge" else finding.columns[0])
            for finding in error.findings
        }
        assert found == each.rows, (error, whole)
    assert len(unfit) > 10


def _refusal(graph: Graph, form: Format) -> kgimport.KgimportError:
    with pytest.raises(kgimport.KgimportError) as caught:
        kgimport.check(graph, options=OPTIONS[form])
    return caught.value


@in_both_forms
def test_what_is_exported_is_what_neptune_reads(
    form: Format, builds: Callable[[Format], Path]
) -> None:
    graph = reader.read(builds(form), form)

    _assert_holds(graph, form)
    assert graph.repeated == 0
    # A changed value would stand next to the old one.
    assert not any(vertex.sets for vertex in graph.vertices.values())
    kinds = Counter(
        kind for v in graph.vertices.values() for p in v.properties.values() for kind, _ in p
    )
    assert kinds.keys() == {"String", "Long", "Double", "Bool", "Date"}
    assert len(graph.edges) > 30


def _assert_holds(graph: reader.Graph, form: Format) -> None:
    nodes, links = wanted.found(graph, _json(placed(form)))
    told = [*harness.unequal(Counter(wanted.nodes(placed(form), form)), nodes)]
    told += harness.unequal(Counter(wanted.links(placed(form), form)), links)
    assert not told, "\n".join(told)


def _json(sample: Sample) -> frozenset[tuple[str, str]]:
    """Which texts are JSON: (label or type, property)."""
    tables: list[tuple[str, Nodes | Links]] = [(each.labels[0], each) for each in sample.nodes]
    tables += [(word, each) for each in sample.links for word in harness._types(each)]
    return frozenset(
        (word, name) for word, table in tables for name in harness._json_properties(table)
    )
