"""What customers buy; a few buy the same product once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from kgimport.samples.columns import dates, picked
from kgimport.samples.draws import zipf
from kgimport.samples.identity import words
from kgimport.samples.identity.accounts import emails
from kgimport.samples.identity.people import PURCHASE, World, active_person, one_account
from kgimport.samples.identity.spelling import purchases, social, where

if TYPE_CHECKING:
    from kgimport.samples.draws import Ints
    from kgimport.samples.sample import Columns

# What lots of this module are drawn for.
_PRODUCT, _BUYER, _REGULAR, _BY_MAIL, _BOUGHT, _CATEGORY, _REWARD = range(300, 307)

_LAST_DAY: Final = int(np.datetime64("2026-06-30", "D").astype(np.int64))
_REPEATED: Final = 20  # of so many purchases, the last is the one before once more
_APART: Final = 1 << 40  # numbers that are drawn for something else than those below
_RANKS: Final = np.arange(len(words.PRODUCTS))
_POPULAR: Final = zipf(_RANKS + 3, _RANKS >= 0)


def transactional(world: World, number: Ints) -> Columns:
    """Return the rows of purchases."""
    lots = world.lots
    again = np.where(number % _REPEATED == _REPEATED - 1, number - 1, number)
    since = world.since(again)
    regular = active_person(world, again, since, _BUYER)
    account = one_account(world, regular, again, since, _BUYER)
    anybody = world.within(world.records + since * world.step, _BUYER, again)
    account = np.where(lots.chance(500, _REGULAR, again), account, anybody)
    by_mail = lots.below(2, _BY_MAIL, again) == 0
    corrected = world.changes(PURCHASE, 0, 1, number)
    bought = np.where(
        number < world.records,
        _LAST_DAY - lots.below(3650, _BOUGHT, number),
        _LAST_DAY + world.since(number),
    )
    return {
        "purchase_id": purchases(lots, number),
        "product_name": picked(words.PRODUCTS, lots.weighted(_POPULAR, _PRODUCT, again)),
        "purchased_date": dates(bought),
        "product_category": picked(words.CATEGORIES, lots.below(3, _CATEGORY, number)),
        "customer_id": where(by_mail, emails(lots, account), social(account)),
        "reward_points": pa.array(
            10 + lots.below(91, _REWARD, number + corrected * _APART), pa.int32()
        ),
    }
