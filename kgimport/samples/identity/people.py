"""Who there is: persons, their accounts and households, and what happens to them in each load.

Accounts, purchases and sessions are numbered from 0, and everything about one of them is drawn for
its number, so the tables and the loads agree without knowing each other. A load adds numbers at the
end, and brings some of the earlier ones once more, changed or as they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.samples.draws import Bools, Ints, Lots

_BLOCK: Final = 65_536
_FEW: Final = 100  # records, below which every visitor may have addresses and devices of their own
# What lots of this module are drawn for; `_CHANGE` and those above it are for each load another.
_SECOND, _OWNER, _HOME, _ACTIVE, _ACCOUNT = range(5)
_CHANGE: Final = 10_000

ACCOUNT, PURCHASE, SESSION = range(3)  # what is numbered
_CHANGED, _TOUCHED = 60, 100  # of a thousand earlier rows: changed; changed or repeated

_FURTHER: Final = (8, 9)  # of ten accounts, those that may be further ones of a person
# How four neighbours live together, as the place of each one's head of the household.
_HOMES: Final = np.array([[0, 1, 2, 3], [0, 0, 2, 3], [0, 0, 2, 2], [0, 0, 0, 0]])


@dataclass(frozen=True, slots=True)
class World:
    """The people of a sample, up to and with a load.

    Args:
        records: how many accounts, purchases and sessions the initial load has.
        uniqueness: of a hundred records, how many IP addresses and device ids there are.
        load: 0 is the initial load, 1 the first increment.
        lots: draws by the seed.
    """

    records: int
    uniqueness: int
    load: int
    lots: Lots

    @property
    def step(self) -> int:
        """How many new records an increment has."""
        return max(1, self.records // 10)

    @property
    def pool(self) -> int:
        """How many IP addresses there are, and how many device ids."""
        return self.records if self.records < _FEW else self.records * self.uniqueness // 100

    def until(self, load: int) -> int:
        """Return how many records there are once a load is in."""
        return self.records + load * self.step

    def since(self, numbers: Ints) -> Ints:
        """Return the load that brought each number first."""
        return np.where(numbers < self.records, 0, (numbers - self.records) // self.step + 1)

    def new(self) -> tuple[int, int]:
        """Return the first number that is new in this load, and the one after the last."""
        return (0 if self.load == 0 else self.until(self.load - 1)), self.until(self.load)

    def rows(self, kind: int, first: int, last: int) -> Iterator[Ints]:
        """Yield the numbers of a kind that this load has rows for, in blocks, within bounds."""
        known, _ = self.new()
        for start in range(first, last, _BLOCK):
            numbers = np.arange(start, min(start + _BLOCK, last))
            yield numbers[(numbers >= known) | self._lot(kind, self.load, numbers, _TOUCHED)]

    def changes(self, kind: int, what: int, of: int, numbers: Ints) -> Ints:
        """Return the latest load that changed one of `of` things of each number; 0 for none."""
        latest = np.zeros_like(numbers)
        for load in range(1, self.load + 1):
            thing = self.lots.below(of, _purpose(kind, load) + 1, numbers)
            changed = self._lot(kind, load, numbers, _CHANGED) & (thing == what)
            latest = np.where(changed & (numbers < self.until(load - 1)), load, latest)
        return latest

    def _lot(self, kind: int, load: int, numbers: Ints, permille: int) -> Bools:
        return self.lots.chance(permille, _purpose(kind, load), numbers)

    def within(self, bounds: Ints, purpose: int, numbers: Ints) -> Ints:
        """Return a number from 0 up to but without its bound (at most 2**31) for each number."""
        return self.lots.below(1 << 32, purpose, numbers) * bounds >> 32


def _purpose(kind: int, load: int) -> int:
    return _CHANGE + 10 * load + 2 * kind


def owners(lots: Lots, accounts: Ints) -> Ints:
    """Return the person of each account, who has the number of the person's first account.

    Of ten accounts in a row the last one, and often the one before, is a further account of one of
    the others, mostly of one who is active.
    """
    place, lot = accounts % 10, lots.below(100, _SECOND, accounts)
    before, last = (place == further for further in _FURTHER)
    active = 5 * lots.below(2, _OWNER, accounts)
    anybody = lots.below(8, _OWNER, accounts + (1 << 40))
    owner = accounts - place + np.where(lot < np.where(last, 70, 30), active, anybody)
    return np.where(lot < np.where(last, 100, np.where(before, 40, 0)), owner, accounts)


def households(lots: Lots, persons: Ints) -> Ints:
    """Return the household of each person, of one to four neighbours."""
    first = persons // 4 * 4
    head: Ints = _HOMES[lots.below(len(_HOMES), _HOME, first), persons % 4]
    return first + head


def active_person(world: World, numbers: Ints, since: Ints, purpose: int) -> Ints:
    """Draw an active person (every fifth one) for each number, of those that were there then."""
    count = (world.records + since * world.step + 4) // 5
    return 5 * world.within(count, _ACTIVE + 100 * purpose, numbers)


def one_account(world: World, persons: Ints, numbers: Ints, since: Ints, purpose: int) -> Ints:
    """Draw for each number one of the accounts that its person had then."""
    start, known = persons // 10 * 10, world.records + since * world.step
    lot = world.lots.below(3, _ACCOUNT + 100 * purpose, numbers)
    chosen = persons
    for at, place in enumerate(_FURTHER):
        other = start + place
        has = (owners(world.lots, other) == persons) & (other < known) & (lot == at)
        chosen = np.where(has, other, chosen)
    return chosen
