"""The accounts that people have with the company, and whose they really are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kgimport.samples.columns import dates, picked, unless
from kgimport.samples.identity import words
from kgimport.samples.identity.people import ACCOUNT, World, households, owners
from kgimport.samples.identity.spelling import decimal, joined, padded, phones, social, where

if TYPE_CHECKING:
    from kgimport.samples.draws import Ints, Lots
    from kgimport.samples.sample import Columns

# What lots of this module are drawn for.
_FIRST, _LAST, _OWN_LAST, _FORM, _MAIL, _SHARED, _NO_PHONE, _STAND_IN, _OTHER = range(100, 109)
_STREET, _HOUSE, _PLACE, _POSTCODE, _AREA, _BORN, _NOT_BORN, _POINTS = range(109, 117)

_MOVED, _BOUGHT_MORE, _NEW_PHONE = range(3)  # what changes of an account
_LAST_DAY: Final = int(np.datetime64("2026-06-30", "D").astype(np.int64))
_FORMS: Final = np.array([60, 80, 95, 100])  # cumulative weights of the forms of user names
_NOBODYS_PHONE: Final = "+999000000000"
_APART: Final = 1 << 40  # numbers that are drawn for something else than those below
# Accounts that are named like a city, a country and a product.
_ODD_NAMES: Final = {3: "Paris", 11: "Singapore", 17: "Nova Watch 3"}


def user_names(lots: Lots, account: Ints) -> pa.Array:
    """Return the user name of each account; the number after a letter makes it unique."""
    first, last = _names(lots, account)
    number = decimal(account + 1)
    letter, capital = pc.utf8_slice_codeunits(first, 0, 1), pc.utf8_capitalize(first)
    digit = decimal(account % 10)
    made = pc.choose(
        pa.array(lots.weighted(_FORMS, _FORM, account)),
        joined(first, ".", last, number),
        joined(letter, "_", last, number),
        joined(capital, pc.utf8_capitalize(last), number),
        joined(digit, first, number),
    )
    for odd, name in _ODD_NAMES.items():
        made = where(account == odd, pa.scalar(name), made)
    return made


def _names(lots: Lots, account: Ints) -> tuple[pa.Array, pa.Array]:
    """Return the first and the last name of an account's person; most households share a name."""
    person = owners(lots, account)
    home = households(lots, person)
    family = np.where(lots.chance(150, _OWN_LAST, person), person + _APART, home)
    first = lots.below(len(words.FIRST), _FIRST, person)
    return picked(words.FIRST, first), picked(
        words.LAST, lots.below(len(words.LAST), _LAST, family)
    )


def emails(lots: Lots, account: Ints) -> pa.Array:
    """Return the address of each account."""
    first, last = _names(lots, account)
    host = picked(words.MAIL, lots.below(len(words.MAIL), _MAIL, account))
    return joined(first, ".", last, decimal(account + 1), "@", host)


def _phones(world: World, account: Ints) -> pa.Array:
    """Return the number of each account's person, unless the account has one of its own."""
    lots, person = world.lots, owners(world.lots, account)
    own = (person != account) & lots.chance(450, _SHARED, account)
    changed = world.changes(ACCOUNT, _NEW_PHONE, 3, account)
    number = np.where(own, 2 * account + 1, 2 * person)
    number = np.where(changed > 0, 2 * account + 1 + changed * 100_000_006, number)
    stand_in = lots.chance(15, _STAND_IN, account)
    found = where(stand_in, pa.scalar(_NOBODYS_PHONE), phones(number))
    return unless(lots.chance(30, _NO_PHONE, account), found)


def first_party(world: World, account: Ints) -> Columns:
    """Return the rows of accounts, as they are after the load."""
    lots, person = world.lots, owners(world.lots, account)
    birthday = dates(_LAST_DAY - 12 * 366 - lots.below(103 * 365, _BORN, person))
    grown = world.changes(ACCOUNT, _BOUGHT_MORE, 3, account)
    points = lots.below(9901, _POINTS, account + grown * _APART) + 100
    return {
        "user_name": user_names(lots, account),
        "email": emails(lots, account),
        "external_id": social(account),
        "phone_number": _phones(world, account),
        **_address(world, account, households(lots, person)),
        "birthday": unless(lots.chance(20, _NOT_BORN, account), birthday),
        "loyalty_points": pa.array(points, pa.int32()),
        "loyalty_level": picked(words.LEVELS, np.minimum(points // 2500, 3)),
    }


def _address(world: World, account: Ints, household: Ints) -> Columns:
    """Return where each household lives; who has moved is on their own then."""
    lots, moved = world.lots, world.changes(ACCOUNT, _MOVED, 3, account)
    elsewhere = (account != owners(lots, account)) & lots.chance(200, _OTHER, account)
    home = np.where(elsewhere, account + _APART, household)
    home = np.where(moved > 0, account + (1 + moved) * _APART, home)
    place = lots.below(len(words.PLACES), _PLACE, home)
    area = place * 1000 + lots.below(400, _AREA, home)
    street = picked(words.STREETS, lots.below(len(words.STREETS), _STREET, home))
    return {
        "street_address": joined(decimal(1 + lots.below(240, _HOUSE, home)), " ", street),
        "postcode": padded(lots.below(100_000, _POSTCODE, area), 5),
        "city": picked(words.CITIES, place),
        "country": picked(words.COUNTRIES, place),
    }


def truth(world: World, account: Ints) -> Columns:
    """Return the true person of each account, and the household."""
    person = owners(world.lots, account)
    return {
        "user_name": user_names(world.lots, account),
        "email": emails(world.lots, account),
        "external_id": social(account),
        "person_id": joined("p", padded(person, 9)),
        "household_id": joined("h", padded(households(world.lots, person), 9)),
    }
