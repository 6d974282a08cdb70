"""Random whole numbers that are the same on every machine.

Only the raw words of a bit generator are used, and only integer arithmetic on them: NumPy promises
to keep those streams, but neither the streams of its distributions nor the last digit of `log`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

_HALF = np.uint64(32)


class Draws:
    """An endless stream of draws that is named by its seed and its place.

    Args:
        seed: what the user chose; not negative.
        place: where the stream belongs (tenant, purpose, block, month). Streams of different places
            are independent, so each part can be made without the others.
    """

    def __init__(self, seed: int, place: tuple[int, int, int, int]) -> None:
        self._bits = np.random.Philox(np.random.SeedSequence(seed, spawn_key=place))

    def below(self, bound: int | Ints, size: int) -> Ints:
        """Draw `size` numbers from 0 up to but without `bound` (at most 2**32)."""
        high = np.asarray(self._bits.random_raw(size), dtype=np.uint64) >> _HALF
        return ((high * np.asarray(bound, dtype=np.uint64)) >> _HALF).astype(np.int64)

    def chance(self, percent: int, size: int) -> Bools:
        """Draw `size` booleans, each true `percent` times in a hundred."""
        return self.below(100, size) < percent

    def among(self, table: Ints, size: int) -> Ints:
        """Draw `size` entries of a table; repeated entries are drawn more often."""
        return table[self.below(table.size, size)]

    def weighted(self, cumulative: Ints, size: int) -> Ints:
        """Draw `size` positions, each as often as its step in the cumulative weights."""
        return np.searchsorted(cumulative, self.below(int(cumulative[-1]), size), side="right")

    def shuffled(self, size: int) -> Ints:
        """Draw one order of the numbers 0 .. size - 1."""
        return np.argsort(self.below(1 << 32, size), kind="stable")


def zipf(ranks: Ints, allowed: Bools) -> Ints:
    """Return cumulative weights for `Draws.weighted`: the item of rank r weighs 1 / (r + 1).

    Items that are not allowed weigh nothing. The sum stays below 2**32 for any number of items.
    """
    return np.cumsum(np.where(allowed, (1 << 27) // (ranks + 1), 0))


def places(lengths: Ints) -> Ints:
    """Return the places of members within consecutive groups: lengths 2, 3 give 0 1 0 1 2."""
    ends = np.cumsum(lengths)
    return np.arange(int(lengths.sum())) - np.repeat(ends - lengths, lengths)


def running(values: Ints, first: Bools) -> Ints:
    """Return running sums within consecutive groups; `first` marks where each group begins."""
    total: Ints = np.cumsum(values)
    before: Ints = (total - values)[first]
    group: Ints = np.cumsum(first) - 1
    return total - before[group]
