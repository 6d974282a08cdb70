"""Random whole numbers that are the same on every machine.

Only the raw words of a bit generator are used, and only integer arithmetic on them: NumPy promises
to keep those streams, but neither the streams of its distributions nor the last digit of `log`.
"""

from __future__ import annotations

from dataclasses import dataclass
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


_STEP, _FACTORS = 0x9E3779B97F4A7C15, (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_TOP = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Lots:
    """Draws that belong to numbers instead of places: the same number draws the same lot.

    So rows of several tables, or of one, agree about a thing without a table of things. Lots of
    different purposes are independent. The mixing is that of SplitMix64.
    """

    seed: int

    def below(self, bound: int, purpose: int, numbers: Ints) -> Ints:
        """Return a number from 0 up to but without `bound` (at most 2**32) for each number."""
        start = (self.seed * _FACTORS[0] + purpose * _FACTORS[1] + _STEP) & _TOP
        mixed = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(_STEP) + np.uint64(start)
        for shift, factor in zip((30, 27), _FACTORS, strict=True):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        high = (mixed ^ (mixed >> np.uint64(31))) >> _HALF
        return ((high * np.uint64(bound)) >> _HALF).astype(np.int64)

    def chance(self, permille: int, purpose: int, numbers: Ints) -> Bools:
        """Return for each number whether it is one of `permille` in a thousand."""
        return self.below(1000, purpose, numbers) < permille

    def weighted(self, cumulative: Ints, purpose: int, numbers: Ints) -> Ints:
        """Return positions, each as often as its step in the cumulative weights."""
        lots = self.below(int(cumulative[-1]), purpose, numbers)
        return np.searchsorted(cumulative, lots, side="right")


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
