"""What the relationships of a graph make of its nodes: components, degrees, PageRank.

Nodes are numbers from 0. The order of the relationships changes nothing, not even the last bit of a
rank, so nothing is added up in floating point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

Integers = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# PageRank is counted in parts of all ranks together, so that its sums are exact. 85 times that
# number fits 64 bits.
_WHOLE = 2**56
_DAMPING, _PER_CENT = 85, 100
# The error shrinks by the damping in each round, so this is more than enough.
_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Edges:
    """Relationships: the numbers of their start nodes and of their end nodes, of equal length."""

    starts: Integers
    ends: Integers

    def __len__(self) -> int:
        return len(self.starts)

    def only(self, which: Bools) -> Edges:
        """Return those for which `which`, of the same length, is true."""
        return Edges(self.starts[which], self.ends[which])


def joined(parts: list[Edges]) -> Edges:
    """Return all relationships of one part or more."""
    if len(parts) == 1:
        return parts[0]
    starts, ends = ([getattr(each, side) for each in parts] for side in ("starts", "ends"))
    return Edges(np.concatenate(starts), np.concatenate(ends))


def components(edges: Edges, nodes: int) -> Integers:
    """Return each node's connected component, as a number from 0; directions do not matter."""
    # scipy computes with floats, and would copy anything else.
    _, labels = connected_components(_matrix(edges, nodes, np.float64), directed=False)
    found: Integers = labels
    return found


def within(edges: Edges, nodes: int, most: int) -> Bools:
    """Return which relationships have at both ends a node with at most that many neighbours."""
    few = neighbours(edges, nodes) <= most
    found: Bools = few[edges.starts] & few[edges.ends]
    return found


def neighbours(edges: Edges, nodes: int) -> Integers:
    """Return how many other nodes each node is related to, in either direction."""
    pairs = np.minimum(edges.starts, edges.ends).astype(np.int64)
    pairs *= nodes
    pairs += np.maximum(edges.starts, edges.ends)
    pairs = pairs[edges.starts != edges.ends]
    pairs.sort()
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    return np.bincount(pairs // nodes, minlength=nodes) + np.bincount(
        pairs % nodes, minlength=nodes
    )


def degrees(edges: Edges, nodes: int) -> Integers:
    """Return how many relationships each node has; one from a node to itself counts once."""
    loops = edges.starts[edges.starts == edges.ends]
    of_starts, of_ends, of_loops = (
        np.bincount(each, minlength=nodes) for each in (edges.starts, edges.ends, loops)
    )
    return of_starts + of_ends - of_loops


def pagerank(edges: Edges, nodes: int) -> Floats:
    """Return each node's share of all ranks, with a damping of 0.85.

    Each relationship of a node passes on the same share of its rank. What nodes without any would
    pass on goes to all nodes alike, as in networkx: it is left out here, and the division by the
    total gives each node its share of it.
    """
    out = np.bincount(edges.starts, minlength=nodes)
    matrix = _matrix(Edges(edges.ends, edges.starts), nodes, np.int64)
    ranks = np.full(nodes, _WHOLE // max(nodes, 1), dtype=np.int64)
    for _ in range(_ROUNDS):
        passed = ranks * _DAMPING // _PER_CENT
        for_all = (_WHOLE - int(passed.sum())) // max(nodes, 1)
        found = matrix @ (passed // np.maximum(out, 1)) + for_all
        change = int(np.abs(found - ranks).sum())
        ranks = found
        if change <= _settled(nodes):
            break
    total = max(int(ranks.sum()), 1)
    shares: Floats = ranks / total
    return shares


def _settled(nodes: int) -> int:
    """Return a change that is none: rounding moves each node's rank by a few parts."""
    return _WHOLE // 10**9 + 4 * nodes


def _matrix(edges: Edges, nodes: int, dtype: type[np.number]) -> csr_array:
    """Return the matrix that counts the relationships from one node to another."""
    ones = np.ones(len(edges), dtype=dtype)
    return coo_array((ones, (edges.starts, edges.ends)), shape=(nodes, nodes)).tocsr()
