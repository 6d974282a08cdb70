"""What visitors do: web sessions with a cookie, and sessions of a mobile device.

Of four visits in a row one is from a browser that keeps cookies, two are from a device, and of the
last one, whose visitor refused cookies, nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kgimport.samples.columns import picked, unless
from kgimport.samples.draws import zipf
from kgimport.samples.identity import words
from kgimport.samples.identity.accounts import user_names
from kgimport.samples.identity.people import (
    SESSION,
    World,
    active_person,
    households,
    one_account,
)
from kgimport.samples.identity.spelling import (
    addresses,
    decimal,
    hexes,
    joined,
    padded,
    uuids,
    where,
)

if TYPE_CHECKING:
    from kgimport.samples.draws import Bools, Ints, Lots
    from kgimport.samples.sample import Columns

# What lots of this module are drawn for; UUIDs take two each.
_PERSON, _UNKNOWN, _STRANGER, _LOGGED_IN, _BROWSER, _DEVICE, _TABLET = range(200, 207)
_NETWORK, _AT_HOME, _OFFICE, _ANYWHERE, _START, _LASTS, _MORE, _EVENTS = range(207, 215)
_FIRST, _LAST, _CONVERTED, _CONVERSION, _SITE, _PAGE, _SHOWN, _APP, _AGENT = range(215, 224)
_SESSION_ID, _COOKIE_ID, _DEVICE_ID = 230, 232, 234

# Cumulative weights of what is drawn, as the functions below list it.
_BROWSERS: Final = np.array([70, 93, 100])
_CONVERSIONS: Final = np.array([50, 75, 90, 100])
_DEVICES: Final = np.array([170, 975, 1000])
_NETWORKS: Final = np.array([55, 75, 100])
_PAGES: Final = np.array([20, 65, 80, 100])
_KNOWN: Final = 3  # of four visits

_LOGIN, _LONGER = range(2)  # what changes of a session
_STRANGERS: Final = 1 << 32  # visitors without an account have numbers from here on
_APART: Final = 1 << 40
_DAY, _MILLI = 86_400, 1000
# Athena reads timestamps of milliseconds as such, and finer ones not at all.
STAMP: Final = pa.timestamp("ms", tz="UTC")
_END: Final = int(np.datetime64("2026-06-30", "s").astype(np.int64))
_DAYS: Final = 900  # that the initial load covers


@dataclass(frozen=True, slots=True)
class Visits:
    """Who comes in each session: arrays of one length."""

    number: Ints
    person: Ints
    account: Ints
    since: Ints  # the load that brought the session

    @property
    def is_stranger(self) -> Bools:
        """Whether the visitor has no account."""
        found: Bools = self.person >= _STRANGERS
        return found


def _visitors(world: World, number: Ints) -> Visits:
    """Return who comes in each session."""
    since = world.since(number)
    person = active_person(world, number, since, _PERSON)
    account = one_account(world, person, number, since, _PERSON)
    some = np.full_like(number, max(1, world.records // 20))
    stranger = _STRANGERS + world.within(some, _STRANGER, number)
    unknown = world.lots.chance(100, _UNKNOWN, number)
    return Visits(number, np.where(unknown, stranger, person), account, since)


def _person_ids(visits: Visits) -> pa.Array:
    """Return the true person of each session; who has no account is one, too."""
    letter = where(visits.is_stranger, pa.scalar("u"), pa.repeat("p", visits.number.size))
    return joined(letter, padded(visits.person % _STRANGERS, 9))


def _session_ids(lots: Lots, number: Ints) -> pa.Array:
    """Return the id of each session, on the web and on devices."""
    return uuids(lots, _SESSION_ID, number)


def _user_names(world: World, visits: Visits) -> pa.Array:
    """Return who is logged in: in half of the sessions nobody, but some log in later."""
    later = world.changes(SESSION, _LOGIN, 2, visits.number) > 0
    logged_in = world.lots.chance(550, _LOGGED_IN, visits.number) | later
    return unless(visits.is_stranger | ~logged_in, user_names(world.lots, visits.account))


def _seconds(world: World, number: Ints) -> Ints:
    """Return how long each session lasts; some go on."""
    longer = world.changes(SESSION, _LONGER, 2, number)
    more = np.where(longer > 0, 60 + world.lots.below(900, _MORE, number + longer * _APART), 0)
    return 20 + world.lots.below(1781, _LASTS, number) + more


def _starts(world: World, visits: Visits) -> Ints:
    """Return when each session starts, in seconds since 1970: new ones on the day of their load."""
    lots, number = world.lots, visits.number
    early = _END - lots.below(_DAYS * _DAY, _START, number)
    late = _END + visits.since * _DAY - lots.below(_DAY, _START, number)
    return np.where(visits.since == 0, early, late)


def _ends(world: World, number: Ints) -> pa.Array:
    """Return the last thing that is done in each session."""
    longer = world.changes(SESSION, _LONGER, 2, number)
    drawn = world.lots.below(len(words.ACTIONS), _LAST, number + longer * _APART)
    return picked(words.ACTIONS, drawn)


def cookies(world: World, number: Ints) -> Columns:
    """Return the rows of web sessions with a cookie."""
    visits = _visitors(world, number[number % 4 == 0])
    lots, chosen = world.lots, visits.number
    return {
        "cookie_id": uuids(lots, _COOKIE_ID, _browsers(lots, visits)),
        "session_id": _session_ids(lots, chosen),
        "last_action": _ends(world, chosen),
        "user_name": _user_names(world, visits),
        "conversion_id": _conversions(lots, chosen),
        "session_duration_sec": pa.array(_seconds(world, chosen), pa.int32()),
    }


def _browsers(lots: Lots, visits: Visits) -> Ints:
    """Return the browser of each visit: one of two of the person, or the household's."""
    lot = lots.weighted(_BROWSERS, _BROWSER, visits.number)
    own, shared = 4 * visits.person, 4 * households(lots, visits.person) + 2
    return np.where(visits.is_stranger, own, np.choose(lot, [own, own + 1, shared]))


def _conversions(lots: Lots, number: Ints) -> pa.Array:
    """Return none to three conversions of each session, as a list in one text."""
    some = [
        joined("x", decimal(100 + lots.below(9900, _CONVERSION, number + at * _APART)))
        for at in range(3)
    ]
    count = lots.weighted(_CONVERSIONS, _CONVERTED, number)
    two = joined(some[0], ",", some[1])
    lists = pc.choose(pa.array(count), some[0], some[0], two, joined(two, ",", some[2]))
    return unless(count == 0, lists)


def clickstream(world: World, number: Ints) -> Columns:
    """Return the rows of all sessions of which anything is known."""
    visits = _visitors(world, number[number % 4 < _KNOWN])
    lots, chosen = world.lots, visits.number
    web, start = chosen % 4 == 0, _starts(world, visits)
    lasts, device = _seconds(world, chosen), _devices(world, visits)
    site = picked(words.DOMAINS, lots.below(len(words.DOMAINS), _SITE, chosen))
    events = 1 + lots.below(15, _EVENTS, chosen) + lasts // 120
    browser = np.where(web, _browsers(lots, visits), device)
    return {
        "session_id": _session_ids(lots, chosen),
        "client_ip": addresses(_networks(world, visits)),
        "client_platform": where(web, pa.scalar("web"), pa.repeat("mobile", chosen.size)),
        "canonical_url": joined("https://www.", site, _pages(lots, chosen)),
        "domain_name": site,
        "app_id": picked(words.APPS, lots.below(len(words.APPS), _APP, chosen)),
        "device_id": unless(web, hexes(lots, _DEVICE_ID, device)),
        "user_name": _user_names(world, visits),
        "events": pa.array(events, pa.int32()),
        "start_timestamp": _stamps(start),
        "end_timestamp": _stamps(start + lasts),
        "start_event": picked(words.ACTIONS, lots.below(len(words.ACTIONS), _FIRST, chosen)),
        "end_event": _ends(world, chosen),
        "session_duration_sec": pa.array(lasts, pa.int32()),
        "user-agent": where(
            web, _agents(lots, words.BROWSERS, browser), _agents(lots, words.HANDSETS, browser)
        ),
    }


def _devices(world: World, visits: Visits) -> Ints:
    """Return the device of each visit: mostly one's own, else the household's, or one in a shop.

    With fewer devices than visitors, or by chance, strangers share one.
    """
    lots, number = world.lots, visits.number
    lot = lots.weighted(_DEVICES, _DEVICE, number)
    own, in_shop = visits.person // 5 % world.pool, np.full_like(number, world.pool - 1)
    home = lots.below(world.pool, _TABLET, households(lots, visits.person))
    strange = lots.below(world.pool, _TABLET, visits.person)
    return np.where(visits.is_stranger, strange, np.choose(lot, [home, own, in_shop]))


def _networks(world: World, visits: Visits) -> Ints:
    """Return the network of each visit: at home, at one of a few large places, or anywhere."""
    lots, number = world.lots, visits.number
    lot = lots.weighted(_NETWORKS, _NETWORK, number)
    home = lots.below(world.pool, _AT_HOME, households(lots, visits.person))
    office = lots.below(world.pool // 20 + 1, _OFFICE, number)
    return np.choose(lot, [home, office, lots.below(world.pool, _ANYWHERE, number)])


_RANKS: Final = np.arange(len(words.SLUGS))
_POPULAR: Final = zipf(_RANKS + 3, _RANKS >= 0)


def _pages(lots: Lots, number: Ints) -> pa.Array:
    """Return the page of each session, often that of a product or its thanks for an order."""
    slug = picked(words.SLUGS, lots.weighted(_POPULAR, _SHOWN, number))
    page = lots.weighted(_PAGES, _PAGE, number)
    return pc.choose(pa.array(page), *(_filled(form, slug) for form in words.PAGES))


def _filled(form: str, slug: pa.Array) -> pa.Array:
    before, mark, after = form.partition("{0}")
    return joined(before, slug, after) if mark else pa.repeat(form, len(slug))


def _agents(lots: Lots, agents: pa.Array, machine: Ints) -> pa.Array:
    """Return what each browser or device says of itself."""
    return picked(agents, lots.below(len(agents), _AGENT, machine))


def _stamps(seconds: Ints) -> pa.Array:
    return pa.array(seconds * _MILLI).cast(STAMP)


def truth(world: World, number: Ints) -> Columns:
    """Return the true person of each session of which anything is known."""
    visits = _visitors(world, number[number % 4 < _KNOWN])
    return {
        "session_id": _session_ids(world.lots, visits.number),
        "person_id": _person_ids(visits),
    }
