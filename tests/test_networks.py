"""Components, degrees and PageRank, against plain computations row by row."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgimport import networks
from kgimport.networks import Edges

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

Pairs = list[tuple[int, int]]


def edges(pairs: Iterable[tuple[int, int]]) -> Edges:
    both = np.array(list(pairs), dtype=np.int32).reshape(-1, 2)
    return Edges(both[:, 0], both[:, 1])


def groups(pairs: Pairs, nodes: int) -> set[frozenset[int]]:
    """Components by union-find, one pair at a time."""
    parents = list(range(nodes))

    def root(node: int) -> int:
        while parents[node] != node:
            node = parents[node]
        return node

    for start, end in pairs:
        parents[root(start)] = root(end)
    members = defaultdict(set)
    for node in range(nodes):
        members[root(node)].add(node)
    return {frozenset(each) for each in members.values()}


def known(pairs: Pairs, nodes: int) -> list[set[int]]:
    """Each node's neighbours, in either direction, without itself."""
    found: list[set[int]] = [set() for _ in range(nodes)]
    for start, end in pairs:
        if start != end:
            found[start].add(end)
            found[end].add(start)
    return found


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, Pairs]:
    nodes = draw(st.integers(1, 12))
    node = st.integers(0, nodes - 1)
    return nodes, draw(st.lists(st.tuples(node, node), max_size=30))


@given(graphs())
def test_components_are_those_of_union_find(graph: tuple[int, Pairs]) -> None:
    nodes, pairs = graph
    found = defaultdict(set)
    for node, number in enumerate(networks.components(edges(pairs), nodes)):
        found[int(number)].add(node)

    assert {frozenset(each) for each in found.values()} == groups(pairs, nodes)


@given(graphs(), st.integers(1, 5))
def test_only_relationships_between_nodes_of_few_neighbours_are_within_a_limit(
    graph: tuple[int, Pairs], most: int
) -> None:
    nodes, pairs = graph
    few = [len(each) <= most for each in known(pairs, nodes)]

    found = networks.within(edges(pairs), nodes, most)

    assert found.tolist() == [few[start] and few[end] for start, end in pairs]


@given(graphs())
def test_a_degree_counts_relationships_and_neighbours_count_nodes(
    graph: tuple[int, Pairs],
) -> None:
    nodes, pairs = graph
    degrees = [sum(node in pair for pair in pairs) for node in range(nodes)]

    assert networks.degrees(edges(pairs), nodes).tolist() == degrees
    assert networks.neighbours(edges(pairs), nodes).tolist() == list(map(len, known(pairs, nodes)))


def ranks(pairs: Pairs, nodes: int) -> list[float]:
    """PageRank as its definition says it, in floating point."""
    now = [1 / nodes] * nodes
    out = [sum(start == node for start, _ in pairs) for node in range(nodes)]
    for _ in range(150):
        lost = sum(rank for rank, each in zip(now, out, strict=True) if not each)
        after = [0.15 / nodes + 0.85 * lost / nodes] * nodes
        for start, end in pairs:
            after[end] += 0.85 * now[start] / out[start]
        now = after
    return now


@given(graphs())
def test_pagerank_is_what_its_definition_gives(graph: tuple[int, Pairs]) -> None:
    nodes, pairs = graph

    found = networks.pagerank(edges(pairs), nodes)

    assert found.tolist() == pytest.approx(ranks(pairs, nodes), rel=1e-7)


@given(graphs(), st.randoms(use_true_random=False))
def test_ranks_are_the_same_to_the_bit_whatever_the_order(
    graph: tuple[int, Pairs], draw: Random
) -> None:
    nodes, pairs = graph
    shuffled = draw.sample(pairs, len(pairs))
    numbers = draw.sample(range(nodes), nodes)
    renamed = [(numbers[start], numbers[end]) for start, end in shuffled]

    one = networks.pagerank(edges(pairs), nodes)
    other = networks.pagerank(edges(renamed), nodes)

    assert one.tolist() == [other[number] for number in numbers]


def test_parts_are_joined_and_chosen_from() -> None:
    parts = [edges([(0, 1)]), edges([(1, 2), (2, 3)])]

    both = networks.joined(parts)

    assert (len(both), both.starts.tolist(), both.ends.tolist()) == (3, [0, 1, 2], [1, 2, 3])
    assert networks.joined(parts[:1]) is parts[0]
    assert both.only(np.array([False, False, True])).starts.tolist() == [2]
